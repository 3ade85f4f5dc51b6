"""Reading a list by its layout is exact or not done: held to the tree, byte by byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sampling
from patchfleet.emulator import Emulator
from patchfleet.errors import Unreadable, VendorError
from patchfleet.nsight.envelope import opened
from patchfleet.nsight.flat_xml import rows_of
from patchfleet.nsight.operations.patches import read_patches
from patchfleet.nsight.records.patches import Patch
from patchfleet.nsight.records.record import read_all
from patchfleet.transport.messages import Response

Read = Callable[[str], Response]
LISTS = sorted((Path(__file__).parent / "replies" / "patch_list_all").glob("*.xml"))
HEAD = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
ROW = "<patch><patchid>7</patchid><policy>2</policy><status>8</status><note>{}</note></patch>"


def by_tree(body: bytes) -> Any:
    """Read a list without its layout; an error is a value too."""
    try:
        answered = opened(Response(200, {}, body), "patches")
        return read_all(answered.listed(answered.root, "patch"), Patch, answered)
    except VendorError as error:
        return type(error)


def as_read(body: bytes) -> Any:
    """Read a list as the client does."""
    try:
        return read_patches(Response(200, {}, body))
    except VendorError as error:
        return type(error)


@pytest.mark.parametrize("path", LISTS, ids=[path.stem for path in LISTS])
def test_recorded_lists_read_alike(path: Path) -> None:
    body = path.read_bytes()
    assert as_read(body) == by_tree(body)


def test_the_usual_list_is_read_by_its_layout(reply: Read, emulator: Emulator) -> None:
    assert rows_of(reply("patch_list_all/many").body, "patches", "patch") is not None
    from_emulator = emulated(emulator)
    assert rows_of(from_emulator, "patches", "patch") is not None
    assert as_read(from_emulator) == by_tree(from_emulator)
    assert len(as_read(from_emulator)) > 20


def emulated(emulator: Emulator, fault: str | None = None) -> bytes:
    """Return a list as the emulator writes it, of the device that has the longest one."""
    if fault:
        emulator.fault(fault, service="patch_list_all")
    devices = [
        device
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    ]
    longest = max(devices, key=lambda device: len(device["patches"]))["deviceid"]
    query = [
        ("apikey", emulator.api_key),
        ("service", "patch_list_all"),
        ("deviceid", str(longest)),
    ]
    return emulator.handle("GET", "/api/", query).body


@pytest.mark.parametrize(
    "fault",
    [
        "pretty",
        "escaped",
        "no_declaration",
        "open_close",
        "trailing_blanks",
        "lower_dates",
        "upper_dates",
        "case",
        "unknown_elements",
        "bad_dates",
        "unknown_ids",
        "utf8",
        "short",
    ],
)
def test_each_way_of_the_emulator_reads_alike(fault: str, emulator: Emulator) -> None:
    body = emulated(emulator, fault)
    assert as_read(body) == by_tree(body)


CHANGES = [b"", b"<", b">", b"/", b"&", b"]", b'"', b"'", b" ", b"\n", b"\r", b"\x00", b"\x85"]
CHANGES += [b"\xa0", b"\xe9", b"x", b"P", b"1", b"]]>", b"<a/>", b"<!--", b"&amp;", b"<![CDATA["]


@pytest.mark.slow
def test_a_change_anywhere_changes_both_alike() -> None:
    rows = ROW.format("<![CDATA[a b]]>") + ROW.format("<![CDATA[c]d & <e>]]>") + ROW.format("")
    body = HEAD + f"<patches>{rows}</patches>\n".encode()
    assert rows_of(body, "patches", "patch") is not None
    for place in range(len(body) + 1):
        for change in CHANGES:
            for gone in (0, 1):
                changed = body[:place] + change + body[place + gone :]
                assert as_read(changed) == by_tree(changed), changed


TEXT = st.text(st.characters(codec="latin-1"), max_size=20)
WRITTEN = st.one_of(
    TEXT.map(lambda text: text.translate({60: 40, 38: 43})),
    TEXT.map(lambda text: f"<![CDATA[{text}]]>"),
    st.sampled_from(
        ["<![CDATA[]]>", "<b/>", "<br/>", "<![CDATA[<br/>]]>", "a<![CDATA[b]]>c", "x/>"]
    ),
    st.sampled_from(["<![CDATA[a]]]]><![CDATA[>b]]>", "<![CDATA[]]]>", "<!-- c -->", "&#233;"]),
)


@pytest.mark.slow
@settings(max_examples=sampling.examples(100, 400), deadline=None)
@given(texts=st.lists(WRITTEN, max_size=5), between=st.sampled_from(["", "\n", " ", "x", "<y/>"]))
def test_any_text_reads_alike(texts: list[str], between: str) -> None:
    rows = between.join(ROW.format(text) for text in texts)
    body = HEAD + f"<patches>{rows}</patches>".encode("latin-1")
    assert as_read(body) == by_tree(body)


def test_a_shorter_list_is_never_read() -> None:
    body = HEAD + f"<patches>{ROW.format('a') * 3}</patches>".encode()
    for length in range(len(body)):
        assert as_read(body[:length]) is Unreadable
