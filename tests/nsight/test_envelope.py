"""What surrounds every answer: failures in all shapes, hostile and broken bodies, cut-off ones."""

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sampling
from patchfleet.errors import Rejected, Unauthorized, Unreadable, VendorError
from patchfleet.nsight.document import document_of, sample
from patchfleet.nsight.envelope import answer
from patchfleet.nsight.operations import devices, inventory, patches
from patchfleet.nsight.operations.describe import describe
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Change, Operation

Read = Callable[[str], Response]
REPLIES = Path(__file__).parent / "replies"

WORKS: list[Any] = [
    inventory.list_clients(),
    inventory.list_sites(1),
    inventory.list_servers(1),
    inventory.list_workstations(1),
    inventory.list_agentless_assets(1),
    inventory.list_devices_at_client(1, "workstation"),
    devices.list_device_monitoring_details(1),
    devices.list_device_asset_details(1),
    devices.list_checks(1),
    devices.list_failing_checks(),
    devices.get_formatted_check_output(1),
    devices.list_all_software(1),
    devices.list_all_hardware(1),
    devices.task_run_now(1),
    patches.list_patches(1),
    *(
        build(1, [4, 5])
        for build in (
            patches.approve_patches,
            patches.ignore_patches,
            patches.do_nothing_patches,
            patches.inherit_patches,
            patches.retry_patches,
            patches.reprocess_patches,
        )
    ),
    describe("patch_approve"),
]
OPERATIONS: list[Operation[Any]] = [
    work.send if isinstance(work, Change) else work for work in WORKS
]
NAMES = [operation.name for operation in OPERATIONS[:-1]] + ["describe"]


@pytest.fixture(params=OPERATIONS, ids=NAMES)
def operation(request: pytest.FixtureRequest) -> Operation[Any]:
    """Each operation in turn: what surrounds an answer concerns them all."""
    chosen: Operation[Any] = request.param
    return chosen


def test_every_service_has_its_turn() -> None:
    recorded = {folder.name for folder in REPLIES.iterdir() if not folder.name.startswith("_")}
    assert recorded == set(NAMES)


@pytest.mark.parametrize(
    ("name", "code", "reason", "parameter"),
    [
        ("e1_value", 4, "Invalid value for parameter: deviceid", "deviceid"),
        ("e1_missing", 5, "Missing parameter: patchids", "patchids"),
        ("e1_service", 1, "Service unknown", None),
        ("e1_no_code", None, "Something else", None),
        ("e1_long_code", None, "x", None),
        ("e1_silent", None, "", None),
        ("e2", None, "Duplicate name - Site name already exists for Client!", None),
        ("e3", None, "There is already an update pending", None),
        ("e3_silent", None, "no reason given", None),
        ("e3_lower", None, "no", None),
    ],
)
def test_a_refusal_in_any_shape(
    operation: Operation[Any],
    name: str,
    code: int | None,
    reason: str,
    parameter: str | None,
    reply: Read,
) -> None:
    with pytest.raises(Rejected) as caught:
        operation.parse(reply(f"_failures/{name}"))
    error = caught.value
    assert (error.code, error.reason, error.parameter) == (code, reason, parameter)
    assert (reason or "no reason given") in str(error)
    assert (error.fate, error.transient) == ("answered", False)


@pytest.mark.parametrize("name", ["e1_login", "e1_login_without_code"])
def test_a_key_that_is_not_accepted(operation: Operation[Any], name: str, reply: Read) -> None:
    with pytest.raises(Unauthorized, match="does not accept the key") as caught:
        operation.parse(reply(f"_failures/{name}"))
    assert not caught.value.transient


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("maintenance", "a web page, not XML"),
        ("maintenance_html", "a web page, not XML"),
        ("empty", "the answer is empty"),
        ("blank", "the answer is empty"),
        ("json", "not complete XML"),
        ("trailing_rubbish", "not complete XML"),
        ("unknown_encoding", "encoding|decoded"),
        ("multibyte_encoding", "cannot be decoded"),
        ("another_status", "status is 'BUSY'"),
    ],
)
def test_what_is_no_answer_is_unreadable(
    operation: Operation[Any], name: str, words: str, reply: Read
) -> None:
    with pytest.raises(Unreadable, match=words) as caught:
        operation.parse(reply(f"_failures/{name}"))
    assert caught.value.transient, "a reading may be tried again"
    assert caught.value.fate == "unknown"


ENTITY = '<!ENTITY x SYSTEM "file:///etc/hostname">'
LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "doctype": b'<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE result><result/>',
    "doctype after a comment": b'<?xml version="1.0"?><!-- x --><!DOCTYPE result><result/>',
    "doctype after an instruction": b"<?x y?><!DOCTYPE result><result/>",
    "doctype alone": b"<!DOCTYPE patches><patches/>",
    "doctype after blanks": b"\n\n  <!DOCTYPE patches><patches/>",
    "external": f"<!DOCTYPE r [{ENTITY}]><result><items>&x;</items></result>".encode(),
    "external dtd": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><result/>',
    "laughs": f"<!DOCTYPE r [{LAUGHS}]><result><items>&i;</items></result>".encode(),
    "quadratic": f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]><r>{"&a;" * 5_000}</r>'.encode(),
    "utf-16": '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16"),
    "utf-16 bare": '<!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16"),
    "utf-16 little": '<?xml version="1.0" encoding="UTF-16LE"?><!DOCTYPE r><r/>'.encode("utf-16le"),
    "utf-16 big": '<?xml version="1.0" encoding="UTF-16BE"?><!DOCTYPE r><r/>'.encode("utf-16be"),
    "utf-8 mark": b"\xef\xbb\xbf<!DOCTYPE r><r/>",
    "utf-8 mark, declared": b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE r><r/>',
    "parameter entity": b'<!DOCTYPE r [<!ENTITY % p "x"> %p;]><result/>',
    "odd declaration": b"<?xml  version='1.0'  encoding='utf-8'  ?><!DOCTYPE r><r/>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_document_type_is_refused_before_it_is_read(
    operation: Operation[Any], body: bytes
) -> None:
    with pytest.raises(Unreadable, match="declares a document type") as caught:
        operation.parse(Response(200, {}, body))
    assert not caught.value.transient


def test_an_entity_nobody_declared_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="undefined entity"):
        document_of(b"<result><items>&nbsp;</items></result>")


def test_the_words_may_stand_in_a_text() -> None:
    body = b"<result><items><![CDATA[<!DOCTYPE x [<!ENTITY y 'z'>]>]]></items></result>"
    root = document_of(body).root
    assert root[0].text == "<!DOCTYPE x [<!ENTITY y 'z'>]>"
    assert document_of(b"<!-- a comment --><result><items/></result>").root.tag == "result"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><r>\xe9</r>', "é"),
        (b"<?xml version='1.0' encoding='iso-8859-1' standalone='yes'?>\n<r>\xe9</r>", "é"),
        (b'<?xml version="1.0" encoding="UTF-8"?><r>\xc3\xa9</r>', "é"),
        (b'<?xml version="1.0" encoding="windows-1252"?><r>\x80</r>', "€"),
        (b"<r>\xc3\xa9</r>", "é"),
        (b"<r>\xe9</r>", "é"),
        (b'<?xml version="1.0"?><r>\xe9</r>', "é"),
        ("\ufeff<r>é</r>".encode(), "é"),
        ("<r>é</r>".encode("utf-16"), "é"),
    ],
)
def test_encodings(body: bytes, text: str) -> None:
    assert document_of(body).root.text == text


SMALL = [
    "patch_list_all/one",
    "patch_list_all/many_pretty",
    "list_clients/one",
    "list_devices_at_client/workstations",
    "list_device_monitoring_details/workstation",
    "patch_retry/both",
    "patch_approve/accepted",
    "task_run_now/minutes",
    "_failures/e1_value",
]


@pytest.mark.parametrize("name", SMALL)
def test_a_reply_cut_anywhere_is_unreadable_never_a_shorter_list(name: str, reply: Read) -> None:
    body = reply(name).body.rstrip()
    service = name.partition("/")[0]
    parse = next((o.parse for o in OPERATIONS if o.name == service), OPERATIONS[0].parse)
    for length in range(len(body)):
        with pytest.raises(Unreadable):
            parse(Response(200, {}, body[:length]))


def test_two_replies_after_one_another_are_unreadable(operation: Operation[Any]) -> None:
    body = (REPLIES / "list_clients" / "none.xml").read_bytes()
    with pytest.raises(Unreadable):
        operation.parse(Response(200, {}, body + body))


def test_a_sample_is_short_and_printable() -> None:
    text = sample(b"\x00\x1b[31m<result>\n\n   \xe9" + b"a" * 10_000)
    assert len(text) == 160
    assert text.isprintable()
    assert text.strip().startswith("[31m<result> é")


def test_an_error_says_what_came_instead(reply: Read) -> None:
    with pytest.raises(Unreadable) as caught:
        answer(reply("_failures/another_root"))
    assert "<settings>, not <result>" in str(caught.value)
    assert "<language>EN_US</language>" in caught.value.sample


SENSIBLE = st.sampled_from(
    ["", "0", "-1", "x", "9" * 40, "²", "2025-01-09", "0000-00-00", " ", "é"]
)
RECORDED = sorted(path for path in REPLIES.rglob("*.xml") if "_failures" not in path.parts)


@settings(
    max_examples=sampling.examples(100, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(RECORDED),
    seed=st.integers(0, 2**32),
    texts=st.lists(SENSIBLE, min_size=1, max_size=4),
)
def test_whatever_a_reply_says_ends_in_a_value_or_in_our_own_error(
    path: Path, seed: int, texts: list[str]
) -> None:
    try:
        root = fromstring(path.read_bytes())
    except SyntaxError:  # two recorded manuals are not well-formed
        return
    mangle(root, random.Random(seed), texts)
    body = tostring(root, encoding="iso-8859-1")
    parse = OPERATIONS[NAMES.index(path.parent.name)].parse
    error: VendorError | None = None
    try:
        parse(Response(200, {}, body))
    except VendorError as raised:
        error = raised
    assert error is None or ("\n" not in str(error) and len(str(error)) < 300)


def mangle(root: Any, chance: random.Random, texts: list[str]) -> None:
    """Change some texts, names, attributes and places of a reply's elements."""
    elements = list(root.iter())
    for text in texts:
        element = chance.choice(elements)
        what = chance.randrange(6)
        if what == 0:
            element.text = text
        elif what == 1 and len(element):
            element.remove(element[0])
        elif what == 2 and len(element):
            element.append(copy.deepcopy(element[-1]))
        elif what == 3:
            element.tag = element.tag.upper()
        elif what == 4:
            element.set(chance.choice(["status", "created", "time", "count"]), text)
        else:
            element.append(copy.deepcopy(elements[-1]))
