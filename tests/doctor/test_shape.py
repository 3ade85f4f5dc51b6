"""Shapes add up in any order and any grouping, and hold no text that is not listed."""

import json
from functools import reduce
from operator import or_
from xml.etree.ElementTree import Element, SubElement

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed import is_of_a_list

from patchfleet.doctor.formats import FORMATS, format_of
from patchfleet.doctor.names import UNLISTED, field_name, header_name
from patchfleet.doctor.shape import Shape, merge, texts_of
from patchfleet.doctor.shaping import DEEPEST, Shaper
from patchfleet.doctor.vocabulary import NSIGHT, QUALYS

NAMES = st.sampled_from(
    ["status", "statusLabel", "statusCode", "type", "id", "message", "errorCode", "severity"]
) | st.text(max_size=12)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["Installed", "Enabled", "8", "2026-11-13T07:00:00Z", "10.0.0.1", " x "])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)


def shape_of(value, vocabulary=QUALYS):
    return Shaper(vocabulary).of_json(value)


few = settings(max_examples=60, deadline=None)

SHAPES = VALUES.map(shape_of)


@few
@given(SHAPES, SHAPES, SHAPES)
def test_merging_is_associative_commutative_and_has_an_identity(one, two, three):
    assert (one | two) | three == one | (two | three)
    assert one | two == two | one
    assert one | Shape() == Shape() | one == one
    assert merge(three, one, two) == merge(one, two, three)


@few
@given(SHAPES, SHAPES)
def test_counts_add_up(one, two):
    assert (one | two).count == one.count + two.count


@few
@given(st.lists(VALUES, max_size=6))
def test_the_shape_of_a_list_is_the_sum_of_its_items(values):
    lists = shape_of(values).lists
    assert lists is not None
    assert lists.items == reduce(or_, map(shape_of, values), Shape())


@few
@given(SHAPES)
def test_a_shape_survives_its_file(shape):
    assert msgspec.json.decode(msgspec.json.encode(shape), type=Shape) == shape


@pytest.mark.parametrize("vocabulary", [NSIGHT, QUALYS], ids=["nsight", "qualys"])
@few
@given(value=VALUES)
def test_each_text_of_a_shape_is_a_listed_one(vocabulary, value):
    for text in texts_of(shape_of(value, vocabulary)):
        assert is_of_a_list(text, vocabulary), text


@few
@given(value=VALUES)
def test_nothing_of_xml_is_written_either(value):
    def filled(parent, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                child = SubElement(parent, name or "x", {name or "y": "Acme"})
                filled(child, inner)
        elif isinstance(value, list):
            for inner in value:
                filled(SubElement(parent, "item"), inner)
        else:
            parent.text = None if value is None else str(value)
        return parent

    shape = Shaper(NSIGHT).of_element(filled(Element("result"), value))
    for text in texts_of(shape):
        assert text == "#text" or is_of_a_list(text, NSIGHT), text


def test_an_unlisted_word_is_counted_by_its_format_and_kept_for_the_screen():
    shaper = Shaper(NSIGHT)
    shape = shaper.of_json([{"statusLabel": "Quarantined", "status": 128, "Acme Ltd": 1}])
    fields = shape.lists.items.objects.fields
    assert set(fields) == {"statusLabel", "status", UNLISTED}
    assert set(fields["statusLabel"].shape.texts) == {"word"}
    assert fields["status"].shape.words == {"128": 1}
    assert "Quarantined" not in json.dumps(msgspec.to_builtins(shape))
    assert shaper.withheld.words["statusLabel"] == {"Quarantined": 1}
    assert shaper.withheld.names == {"Acme Ltd": 1}


def test_what_a_user_allows_is_written():
    from dataclasses import replace

    shaper = Shaper(replace(NSIGHT, allowed=frozenset({"Quarantined", "Acme"})))
    shape = shaper.of_json({"statusLabel": "Quarantined", "Acme": "Acme", "name": "Acme"})
    fields = shape.objects.fields
    assert fields["statusLabel"].shape.words == {"Quarantined": 1}
    assert fields["Acme"].shape.words == {}, "a value of an open field stays a format"
    assert fields["name"].shape.words == {}


def test_a_code_and_its_label_are_kept_together():
    shape = shape_of({"severity": 3, "severityLabel": "Moderate"}, NSIGHT)
    assert shape.objects.fields["severity & severityLabel"].shape.words == {"3 Moderate": 1}


def test_repeated_elements_and_their_order_are_kept():
    device = Element("server")
    for tag in ("name", "checkcount", "checkcount", "patch"):
        SubElement(device, tag).text = "1"
    fields = Shaper(NSIGHT).of_element(device).objects.fields
    assert str(fields["checkcount"].times) == "2"
    assert str(fields["checkcount"].places) == "2 to 3"
    assert str(fields["patch"].places) == "4"
    assert fields["name"].times is None


def test_what_is_nested_too_deep_ends():
    value = []
    for _ in range(5 * DEEPEST):
        value = [value]
    assert shape_of(value).lists is not None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "empty"), ("N/A", "no value: n/a"), ("0000-00-00 00:00:00", "no time 0000-00-00"),
        ("31-Jul-2024", "date DD-Mon-YYYY"),
        ("2022-2-20 01:18:30 PM", "time YYYY-MM-DD HH:MM:SS AM"),
        ("2026-11-12T09:53:00.000Z", "time ISO 8601, Z"), ("1", "0 or 1"), ("17", "digits"),
        ("02:FD:B4:72:DC:A7", "MAC address"), ("fe80::1%eth0", "IPv6 address"),
        ("124a99b9-00d4-482d-b119-20f7272e3414", "GUID"), ("CVE-2026-34810", "CVE id"),
        ("0,1,0,0,0,0,0", "flags 0,1,…"), ("Müller", "text"), ("AL-WEB-0000", "ASCII text"),
        ("<p>x</p>", "markup"), ("Europe/Berlin", "time zone"), ("10_13_8", "version"),
    ],
)  # fmt: skip
def test_formats(text, name):
    assert format_of(text) == name
    assert name in FORMATS


def test_names_of_fields_and_headers():
    assert field_name("installDateText") == "installDateText"
    assert field_name("@customname") == "@customname"
    assert field_name("CVE-2026-1234") == "(CVE id)"
    assert field_name("acme_ltd") == UNLISTED
    assert field_name("user-of-Birchwood") == UNLISTED
    assert header_name("X-RateLimit-Limit") == "x-ratelimit-limit"
    assert header_name("X-Acme-Proxy") == UNLISTED
