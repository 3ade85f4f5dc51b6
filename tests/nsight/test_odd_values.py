"""One odd value is the value, unknown, or a named problem of its record: never another record's.

What a record cannot be without is there, or the answer is unreadable. Both ways of reading a patch
list agree.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import Unreadable
from patchfleet.nsight.codes import EARLIEST, LATEST, is_placeholder, moment, unix_moment
from patchfleet.nsight.operations import devices, inventory
from patchfleet.nsight.operations.patches import read_patches
from patchfleet.nsight.records.patches import Patch
from patchfleet.transport.messages import Response

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
FIELDS = {
    "patchid": "7", "policy": "2", "status": "8", "patchTitle": "Update (KB5049981)",
    "product": "Windows", "severity": "1", "severityLabel": "Critical", "releaseDate": "1736812800",
    "releaseDateText": "14-Jan-2025", "installdate": "", "deployable": "1", "uninstallable": "0",
}  # fmt: skip
REQUIRED = ["patchid", "policy", "status"]
NUMBERS = ["severity", "releaseDate", "installdate"]
TEXTS = ["patchTitle", "product", "severityLabel", "releaseDateText"]


def row(**changed: str) -> str:
    inside = {**FIELDS, **changed}
    return (
        "<patch>" + "".join(f"<{tag}>{text}</{tag}>" for tag, text in inside.items()) + "</patch>"
    )


def rows(*written: str, as_tree: bool) -> Any:
    """Read rows by their layout, or as a tree: a comment is enough."""
    comment = "<!-- -->" if as_tree else ""
    body = f"{HEAD}<patches>{comment}{''.join(written)}</patches>"
    return read_patches(Response(200, {}, body.encode("latin-1")))


@pytest.fixture(params=[False, True], ids=["layout", "tree"])
def as_tree(request: pytest.FixtureRequest) -> bool:
    chosen: bool = request.param
    return chosen


ODD_NUMBERS = ["1e3", "1.0", "+7", "0x10", "\u00b2", "7 8", "seven", "9" * 19, "1_000", "1,000"]


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [*ODD_NUMBERS, "-1", "", "N/A"])
def test_an_id_is_plain_digits(name: str, value: str, as_tree: bool) -> None:
    with pytest.raises(Unreadable):
        rows(row(), row(**{name: value}), as_tree=as_tree)


def test_nothing_has_the_id_0(as_tree: bool) -> None:
    with pytest.raises(Unreadable, match="<patchid> is '0'"):
        rows(row(), row(patchid="0"), as_tree=as_tree)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ODD_NUMBERS)
def test_a_number_that_is_none_is_unknown_and_said(name: str, value: str, as_tree: bool) -> None:
    found = rows(row(), row(patchid="8", **{name: value}), as_tree=as_tree)
    odd = found[1]
    attribute = Patch.ALIASES.get(name, name)
    assert getattr(odd, attribute) is None
    assert odd.extra == {name: value}
    assert found[0].problems == ()
    (problem,) = found.problems
    assert problem.startswith(f"patch 8: <{name}> is '{value[:19]}")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value", ["-1", "-99", "N/A", "Not Available", "none", "(null)", "unknown"]
)
def test_a_placeholder_is_unknown_without_a_word(name: str, value: str, as_tree: bool) -> None:
    (odd,) = found = rows(row(**{name: value}), as_tree=as_tree)
    assert getattr(odd, Patch.ALIASES.get(name, name)) is None
    assert found.problems == ()


@pytest.mark.parametrize("name", [*TEXTS, *NUMBERS])
def test_a_field_twice_with_two_values_is_unknown_and_said(name: str, as_tree: bool) -> None:
    twice = row().replace("</patch>", f"<{name}>other</{name}></patch>")
    if not FIELDS[name]:
        twice = twice.replace("</patch>", f"<{name}>1</{name}></patch>")
    (odd,) = found = rows(twice, as_tree=as_tree)
    assert getattr(odd, Patch.ALIASES.get(name, name)) in {None, ""}
    assert odd.extra[name] == f"{FIELDS[name] or 'other'}; {'other' if FIELDS[name] else '1'}"
    assert found.problems == (f"patch 7: <{name}> is there twice, with different values",)


@pytest.mark.parametrize("name", [*TEXTS, *NUMBERS, *REQUIRED])
def test_a_field_twice_with_one_value_is_that_value(name: str, as_tree: bool) -> None:
    twice = row().replace("</patch>", f"<{name}>{FIELDS[name]}</{name}></patch>")
    assert rows(twice, as_tree=as_tree) == rows(row(), as_tree=as_tree)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("spell", [str, str.upper, str.lower])
def test_two_states_of_one_patch(name: str, spell: Any, as_tree: bool) -> None:
    twice = row().replace("</patch>", f"<{spell(name)}>99</{spell(name)}></patch>")
    with pytest.raises(Unreadable, match="and there twice"):
        rows(twice, as_tree=as_tree)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "markup", ["T <br/>(KB5049981)", "<b>T (KB5049981)</b>", "T (<i/>KB5049981)"]
)
def test_markup_in_a_text_is_kept_and_said(name: str, markup: str, as_tree: bool) -> None:
    (odd,) = found = rows(row(**{name: markup}), as_tree=as_tree)
    assert getattr(odd, Patch.ALIASES.get(name, name)) == "T (KB5049981)"
    assert odd.extra[name] == f"<{name}>{markup.replace('/>', ' />')}</{name}>"
    assert found.problems == (f"patch 7: <{name}> holds markup, kept as it is in extra",)


@pytest.mark.parametrize("name", NUMBERS)
def test_markup_where_a_number_should_be(name: str, as_tree: bool) -> None:
    (odd,) = found = rows(row(**{name: "<n>1</n>"}), as_tree=as_tree)
    assert getattr(odd, Patch.ALIASES.get(name, name)) is None
    assert f"<{name}> holds markup" in found.problems[0]


@pytest.mark.parametrize("name", REQUIRED)
def test_markup_in_an_id(name: str, as_tree: bool) -> None:
    with pytest.raises(Unreadable, match="holds markup"):
        rows(row(**{name: "<n>1</n>"}), as_tree=as_tree)


def test_a_text_beside_the_fields_is_said(as_tree: bool) -> None:
    found = rows(row().replace("<policy>", "oops<policy>"), as_tree=as_tree)
    assert found.problems == ("patch 7: there is a text beside its fields: oops",)


TROUBLES = ["offline", "overdue", "unreachable"]


def failing(inside: str) -> Any:
    body = (
        f'{HEAD}<result status="OK"><items><client><clientid>1</clientid><site><siteid>2</siteid>'
        f"<servers><server><id>3</id>{inside}</server></servers></site></client></items></result>"
    )
    return devices.list_failing_checks().parse(Response(200, {}, body.encode()))


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize(
    ("inside", "said", "since"),
    [
        ("for 3 hours", "for 3 hours", None),
        ("<description>for 3 hours</description>", "for 3 hours", None),
        (
            "<description>since</description><startdate>2025-01-09</startdate><starttime>12:00</starttime>",
            "since",
            "2025-01-09 12:00",
        ),
        ("<startdate>2025-01-09</startdate>", None, "2025-01-09"),
        ("<description/><startdate/>", "", None),
        ("", "", None),
    ],
)
def test_a_device_that_is_not_well_never_looks_well(
    name: str, inside: str, said: str | None, since: str | None
) -> None:
    (device,) = failing(f"<{name}>{inside}</{name}>")
    assert device[name] == (name if said is None else said or None)
    assert device[f"{name}_since"] == since
    for other in set(TROUBLES) - {name}:
        assert device[other] is None


@pytest.mark.parametrize("name", TROUBLES)
def test_what_nobody_knows_of_a_trouble_is_said(name: str) -> None:
    found = failing(f"<{name}><why>cable</why></{name}>")
    assert found[0][name] == name
    assert found.problems == (f"<{name}> holds <why> cable, which is undocumented",)


@given(st.one_of(st.integers(-10, 631_151_999), st.integers(4_102_444_800, 10**15)))
def test_times_that_nobody_meant(seconds: int) -> None:
    assert unix_moment(seconds) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_times_that_somebody_meant(at: datetime) -> None:
    whole = at.replace(microsecond=0, tzinfo=UTC)
    assert unix_moment(int(whole.timestamp())) == whole
    assert moment(f"{whole:%Y-%m-%d %H:%M:%S}") == whole
    assert EARLIEST <= whole < LATEST


@pytest.mark.parametrize(
    "text",
    ["0001-01-01", "1899-12-30 00:00:00", "1970-01-01 00:00:00", "1989-12-31", "9999-12-31",
     "01-Jan-1970", "01-Jan-1980 00:00", "31-Dec-9999", "0000-00-00", "0000-00-00 00:00:00"],
)  # fmt: skip
def test_days_that_nobody_meant(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize("text", [None, "", " N/A ", "NONE", "Not Available", "-", "(Null)"])
def test_words_that_stand_for_none(text: str | None) -> None:
    assert is_placeholder(text)


# Damaged text.

DAMAGE = {
    "a vertical tab": b"\x0b",
    "a byte 1F": b"\x1f",
    "a byte 2": b"\x02",
    "a NUL": b"\x00",
    "a reference to 1": b"&#1;",
    "a reference to B in hex": b"&#xB;",
    "a reference to a surrogate": b"&#xD800;",
    "a reference to FFFF": b"&#65535;",
    "a reference to nothing": b"&#99999999999;",
}
LABELS = ["ISO-8859-1", "UTF-8", "windows-1252", "US-ASCII", None]
CALLS: dict[str, tuple[Any, str, str]] = {
    "list_clients": (
        inventory.list_clients(),
        "<client><clientid>5</clientid><name>{}</name></client>",
        "client 5: <name> holds characters",
    ),
    "list_sites": (
        inventory.list_sites(1),
        "<site><siteid>5</siteid><name>{}</name></site>",
        "site 5: <name> holds characters",
    ),
    "list_servers": (
        inventory.list_servers(1),
        "<server><serverid>5</serverid><name>{}</name></server>",
        "device 5: <name> holds characters",
    ),
    "list_devices_at_client": (
        inventory.list_devices_at_client(1, "server"),
        "<client><id>1</id><site><id>1</id><server><id>5</id><name>{}</name></server></site></client>",
        "device 5: <name> holds characters",
    ),
}


def body_of(label: str | None, inside: bytes, before: bytes = b"") -> bytes:
    encoding = f' encoding="{label}"' if label else ""
    head = f'<?xml version="1.0"{encoding}?>\n<result status="OK"><items>'.encode()
    return before + head + inside + b"</items></result>"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("is_cdata", [False, True])
def test_damage_to_a_text_never_ends_a_source(
    call: str, label: str | None, damage: bytes, is_cdata: bool
) -> None:
    operation, record, problem = CALLS[call]
    if is_cdata and damage.startswith(b"&"):
        return  # it is a text of its own there
    before, after = record.encode().split(b"{}")
    text = b"pasted " + damage + b" note"
    inside = b"<![CDATA[" + text + b"]]>" if is_cdata else text
    found = operation.parse(Response(200, {}, body_of(label, before + inside + after)))
    assert [one.name for one in found] == ["pasted \ufffd note"]
    assert problem in " ".join(found.problems)


@pytest.mark.parametrize("damage", [b"\xe9", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xbc", b"\xf8"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_no_utf_8(damage: bytes, before: bytes) -> None:
    record = b"<client><clientid>5</clientid><name>a" + damage + b"b</name></client>"
    (client,) = found = inventory.list_clients().parse(
        Response(200, {}, body_of("UTF-8", record, before))
    )
    assert client.name.strip("\ufffd") == client.name
    assert client.name == f"a{damage.decode('utf-8', 'replace')}b"
    assert "client 5: <name> holds characters" in found.problems[0]


@given(st.binary(min_size=1, max_size=12))
def test_any_bytes_in_a_cdata_section(text: bytes) -> None:
    if b"]" in text:
        return
    record = b"<client><clientid>5</clientid><name>x<![CDATA[" + text + b"]]>x</name></client>"
    for label in LABELS:
        (client,) = inventory.list_clients().parse(Response(200, {}, body_of(label, record)))
        assert client.client_id == 5
        assert client.name[0] == client.name[-1] == "x"


@pytest.mark.parametrize("label", ["ISO-8859-1", "windows-1252", "US-ASCII", None])
@pytest.mark.parametrize("as_tree", [False, True])
def test_typographic_characters_are_what_browsers_show(label: str | None, as_tree: bool) -> None:
    text = "\u201cM\u00fcller\u201d \u2013 5 \u20ac \u2026"
    encoding = f' encoding="{label}"' if label else ""
    comment = "<!-- -->" if as_tree else ""
    written = row(patchTitle=text).encode("cp1252")
    head = f'<?xml version="1.0"{encoding}?>\n<patches>{comment}'.encode()
    (patch,) = found = read_patches(Response(200, {}, head + written + b"</patches>"))
    assert patch.patch_title == text
    assert found.problems == ()


BEFORE = {
    "a blank line": b"\n",
    "blanks": b" \r\n\t\n",
    "a mark": b"\xef\xbb\xbf",
    "a mark and a line": b"\xef\xbb\xbf\n",
    "a warning": b"Warning: mysql_connect(): gone away in /srv/api.php on line 12\n",
    "a warning in HTML": b"<br />\n<b>Warning</b>:  foo(): x in <b>/srv/a.php</b> on line <b>1</b>"
    b"<br />\n",
    "two": b"\nNotice: Undefined index: a in x on line 3\n\nDeprecated: b in y on line 4\n",
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("label", ["ISO-8859-1", "UTF-8"])
def test_what_stands_before_the_declaration(before: bytes, label: str) -> None:
    record = b"<client><clientid>5</clientid><name>A</name></client>"
    found = inventory.list_clients().parse(Response(200, {}, body_of(label, record, before)))
    assert [client.name for client in found] == ["A"]
    if before.strip(b"\xef\xbb\xbf \r\n\t"):
        assert "the server writes before its answer: " in found.problems[0]
        assert "<" not in found.problems[0]
    else:
        assert found.problems == ()


@pytest.mark.parametrize(
    "before",
    [b"x", b"<result/>", b"<p>Service unavailable</p>", b'{"error": 1}', b"HTTP/1.1 200 OK\r\n\r\n",
     b"<result><items><msg>Warning: x</msg></items></result>", b"<!DOCTYPE a>Warning: x",
     b"<script>Warning: x</script>"],
)  # fmt: skip
def test_anything_else_before_it_stays_an_error(before: bytes) -> None:
    record = b"<client><clientid>5</clientid></client>"
    with pytest.raises(Unreadable):
        inventory.list_clients().parse(Response(200, {}, body_of("UTF-8", record, before)))


@pytest.mark.parametrize("damage", [b"\x0b", b"&#1;"])
@pytest.mark.parametrize("broken", [b"</client>", b"<", b"&", b"<name>", b"&nbsp;", b"]]>"])
def test_damage_does_not_excuse_what_is_not_well_formed(damage: bytes, broken: bytes) -> None:
    record = b"<client><clientid>5</clientid><name>" + damage + broken + b"</name></client>"
    with pytest.raises(Unreadable):
        inventory.list_clients().parse(Response(200, {}, body_of("ISO-8859-1", record)))
