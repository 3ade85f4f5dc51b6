"""A list whose content is not understood is never a shorter list: each list, each intruder.

And one rule for both ways of reading a patch list: by its layout and as a tree.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from patchfleet.errors import Unreadable, VendorError
from patchfleet.nsight.operations import devices, inventory, patches
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Operation

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'


class Listed(NamedTuple):
    """A list operation, what stands around its list, and one record of it by number."""

    operation: Operation[Any]
    around: str
    name: str
    record: str

    def answer(self, inside: str, *, beside: str = "") -> bytes:
        body = self.around.replace("{}", inside).replace("</items>", "</items>" + beside)
        if self.around.startswith("<patches>"):
            body = body.replace("</patches>", beside + "</patches>")
        return (HEAD + body).encode("latin-1")

    def records(self, *numbers: int) -> str:
        return "".join(self.record.replace("#", str(number)) for number in numbers)


def result(inside: str) -> str:
    return f'<result created="2025-01-09T12:12:51-06:00" host="h" status="OK">{inside}</result>'


ITEMS = result("<items>{}</items>")
SITE = "<client><id>1</id><name>C</name><site><id>1</id><name>S</name>{}</site></client>"
LISTS = [
    Listed(inventory.list_clients(), ITEMS, "client", "<client><clientid>#</clientid></client>"),
    Listed(inventory.list_sites(1), ITEMS, "site", "<site><siteid>#</siteid></site>"),
    Listed(inventory.list_servers(1), ITEMS, "server", "<server><serverid>#</serverid></server>"),
    Listed(
        inventory.list_workstations(1),
        ITEMS,
        "workstation",
        "<workstation><workstationid>#</workstationid></workstation>",
    ),
    Listed(
        inventory.list_agentless_assets(1),
        ITEMS,
        "workstation",
        "<workstation><workstationid>#</workstationid></workstation>",
    ),
    Listed(
        inventory.list_devices_at_client(1, "workstation"),
        result(f"<items>{SITE}</items>"),
        "workstation",
        "<workstation><id>#</id><name>W</name></workstation>",
    ),
    Listed(
        inventory.list_devices_at_client(1, "server"),
        result(
            "<items><client><id>1</id><name>C</name>{}</client></items>",
        ),
        "site",
        "<site><id>#</id><name>S</name><server><id>#</id></server></site>",
    ),
    Listed(devices.list_checks(1), ITEMS, "check", "<check><checkid>#</checkid></check>"),
    Listed(
        devices.list_all_software(1),
        ITEMS,
        "software",
        "<software><softwareid>#</softwareid></software>",
    ),
    Listed(
        devices.list_all_hardware(1),
        ITEMS,
        "hardware",
        "<hardware><hardwareid>#</hardwareid></hardware>",
    ),
    Listed(
        devices.list_failing_checks(),
        result(
            "<items><client><clientid>1</clientid><site><siteid>1</siteid><servers>{}</servers>"
            "</site></client></items>"
        ),
        "server",
        "<server><id>#</id><failed_checks><check><checkid>1</checkid></check></failed_checks>"
        "</server>",
    ),
    Listed(
        devices.list_failing_checks(),
        result("<items>{}</items>"),
        "client",
        "<client><clientid>#</clientid><site><siteid>#</siteid><servers><server><id>#</id>"
        "</server></servers></site></client>",
    ),
    Listed(
        patches.list_patches(1),
        "<patches>{}</patches>",
        "patch",
        "<patch><patchid>#</patchid><policy>2</policy><status>1</status></patch>",
    ),
]
IDS = [f"{one.operation.name}-{one.name}" for one in LISTS]
INTRUDERS: dict[str, Callable[[Listed], str]] = {
    "a sentence": lambda _: "<msg>Patch Management is not active on this device</msg>",
    "a message": lambda _: "<message>none</message>",
    "a record of another name": lambda _: "<record><id>7</id></record>",
    "a device": lambda one: f"<device>{one.records(7)}</device>",
    "a wrapping": lambda one: f"<items>{one.records(7)}</items>",
    "a wrapping nobody knows": lambda one: f"<page number='1'>{one.records(7)}</page>",
    "a plural": lambda one: f"<{one.name}list>{one.records(7)}</{one.name}list>",
    "another kind": lambda _: "<mobile_device><id>7</id></mobile_device>",
    "another namespace": lambda _: '<x:record xmlns:x="urn:x"><x:id>7</x:id></x:record>',
}


def read(one: Listed, body: bytes) -> list[Any]:
    found: list[Any] = one.operation.parse(Response(200, {}, body))
    return found


@pytest.fixture(params=LISTS, ids=IDS)
def one(request: pytest.FixtureRequest) -> Listed:
    chosen: Listed = request.param
    return chosen


def test_what_is_understood(one: Listed) -> None:
    assert len(read(one, one.answer(one.records(1, 2)))) == 2
    assert len(read(one, one.answer(one.records(1)))) == 1
    assert read(one, one.answer("")) == []


@pytest.mark.parametrize("intruder", INTRUDERS.values(), ids=INTRUDERS)
@pytest.mark.parametrize("beside", [0, 1, 2])
@pytest.mark.parametrize("is_first", [True, False])
def test_an_intruder_in_a_list(
    one: Listed, intruder: Callable[[Listed], str], beside: int, is_first: bool
) -> None:
    records, other = one.records(*range(1, beside + 1)), intruder(one)
    body = one.answer(other + records if is_first else records + other)
    with pytest.raises((Unreadable, VendorError), match="holds"):
        read(one, body)


TEXTS = ["sorry", "<![CDATA[sorry]]>", "&#115;orry", "so<!-- -->rry", "\u00e9", "0"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_where_no_record_is(one: Listed, text: str) -> None:
    with pytest.raises(Unreadable, match="holds no record but the text"):
        read(one, one.answer(text))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_text_beside_records_is_said(one: Listed, text: str, is_first: bool) -> None:
    records = one.records(1, 2)
    found: Any = read(one, one.answer(text + records if is_first else records + text))
    assert len(found) == 2
    assert "beside the records" in " ".join(found.problems)


@pytest.mark.parametrize("harmless", ["<!-- 7 -->", "<?x 7?>", "\n \t", "<![CDATA[ ]]>", "&#32;"])
def test_what_says_nothing_is_harmless(one: Listed, harmless: str) -> None:
    between = harmless.join(one.records(number) for number in (1, 2))
    found: Any = read(one, one.answer(harmless + between + harmless))
    assert (len(found), found.problems) == (2, ())
    assert read(one, one.answer(harmless)) == []


def beside(one: Listed) -> Iterator[str]:
    """Yield what may stand beside a list and makes it another answer."""
    yield f"<items>{one.records(7)}</items>"
    yield "<items/>"
    yield "<msg>only the first 2</msg>"
    yield f"<more>{one.records(7)}</more>"


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("count", [0, 2])
def test_a_second_list_or_a_word_beside_it(one: Listed, which: int, count: int) -> None:
    body = one.answer(one.records(*range(1, count + 1)), beside=list(beside(one))[which])
    with pytest.raises(Unreadable, match="holds"):
        read(one, body)


def test_names_in_any_case_and_namespace(one: Listed) -> None:
    body = one.answer(one.records(1, 2))
    name = one.name.encode()
    upper = body.replace(b"<" + name, b"<" + name.upper()).replace(
        b"</" + name, b"</" + name.upper()
    )
    assert read(one, upper) == read(one, body)
    root = b"<patches" if b"<patches" in body else b"<result"
    spaced = body.replace(root, root + b' xmlns="urn:nable"', 1)
    assert read(one, spaced) == read(one, body)


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\0\0", HEAD.encode()], ids=repr)
@pytest.mark.parametrize("status", [200, 204])
def test_nothing_at_all(one: Listed, body: bytes, status: int) -> None:
    with pytest.raises(Unreadable):
        one.operation.parse(Response(status, {}, body))


def test_another_wrapping_of_the_whole(one: Listed) -> None:
    whole = one.answer(one.records(1)).decode().removeprefix(HEAD)
    for tag in ("response", "result", "patches", "items"):
        with pytest.raises(VendorError):
            read(one, f"{HEAD}<{tag}>{whole}</{tag}>".encode())


def test_devices_of_another_kind_are_not_left_out() -> None:
    operation = inventory.list_devices_at_client(1, "server")
    inside = result(f"<items>{SITE}</items>").replace("{}", "<workstation><id>4</id></workstation>")
    with pytest.raises(Unreadable, match="<workstation>, and not only <server>"):
        operation.parse(Response(200, {}, inside.encode()))


INSIDE = {"check": "<check><checkid>1</checkid></check>", "note": "<note/>", "item": "<item/>"}
DETAILS = [
    (devices.list_device_monitoring_details(1), "<server><id>1</id>{}</server>", "checks", "check"),
    (devices.list_device_monitoring_details(1), "<server><id>1</id>{}</server>", "notes", "note"),
    (devices.list_device_asset_details(1), "<client>C</client>{}", "software", "item"),
    (devices.list_device_asset_details(1), "<client>C</client>{}", "hardware", "item"),
]


@pytest.mark.parametrize(("operation", "around", "outer", "inner"), DETAILS)
@pytest.mark.parametrize(
    "inside",
    ["<{o}><msg>x</msg></{o}>", "<{o}>x</{o}>", "<{o}/><{o}/>", "<{o}><all><{i}/></all></{o}>"],
)
def test_lists_inside_a_record(
    operation: Operation[Any], around: str, outer: str, inner: str, inside: str
) -> None:
    good = around.replace("{}", f"<{outer}>{INSIDE[inner]}</{outer}>")
    assert len(getattr(operation.parse(Response(200, {}, result(good).encode())), outer)) == 1
    bad = around.replace("{}", inside.replace("{o}", outer).replace("{i}", inner))
    with pytest.raises(Unreadable):
        operation.parse(Response(200, {}, result(bad).encode()))


def test_checks_that_are_counted_and_not_listed() -> None:
    body = result(
        '<server><id>1</id><checks count="2"><check><checkid>1</checkid></check></checks></server>'
    )
    with pytest.raises(Unreadable, match="counts 2 checks and lists 1"):
        devices.list_device_monitoring_details(1).parse(Response(200, {}, body.encode()))


@pytest.mark.parametrize(
    "inside",
    ["<server><id>1</id></server><workstation><id>2</id></workstation>",
     "<server><id>1</id></server><server><id>2</id></server>", "<device><id>1</id></device>",
     "<msg>gone</msg>", "gone"],
)  # fmt: skip
def test_one_device_is_one_device(inside: str) -> None:
    body = result(inside).encode()
    with pytest.raises(Unreadable):
        devices.list_device_monitoring_details(1).parse(Response(200, {}, body))


@pytest.mark.parametrize("inside", ["", "<msg>none</msg>", "<asset><client>C</client></asset>"])
def test_an_asset_that_says_nothing(inside: str) -> None:
    with pytest.raises(Unreadable, match="no asset"):
        devices.list_device_asset_details(1).parse(Response(200, {}, result(inside).encode()))
