"""The door for what Qualys says: each value becomes the value, unknown, or a named problem."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from patchfleet.qualys import PMPatch
from patchfleet.qualys.records.record import RecordDecoder
from patchfleet.qualys.records.values import (
    AHEAD,
    FIRST,
    NOTHING,
    Door,
    count_of,
    entries_of,
    flag_of,
    is_nothing,
    moment_of,
    number_of,
    text_of,
    word_of,
)

NOW = datetime(2026, 11, 17, 6, 0, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inside: some.lists(inside) | some.dictionaries(some.text(), inside),
    max_leaves=5,
)


@given(some.timedeltas(timedelta(0), timedelta(days=70_000)).map(lambda after: FIRST + after))
def test_times_of_every_form(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)
    forms = (milliseconds, str(milliseconds), at.isoformat(), f"{at:%Y-%m-%dT%H:%M:%S.%f}+0000")
    for form in forms:
        assert moment_of(form) == at
    assert moment_of(float(milliseconds)) == at


@given(some.integers(-(10**30), 0) | some.floats(max_value=0, allow_infinity=False))
def test_nothing_and_below_is_never(value: float) -> None:
    assert moment_of(value) is None


@given(some.integers(1, 631_151_999_999) | some.integers(10**15, 10**40))
def test_what_is_no_time_stays_and_is_noted(value: int) -> None:
    assert moment_of(value) == value
    door = Door(NOW)
    assert door.moment(moment_of(value), "patch 1", "publishedDate") is None
    (problem,) = door.take()
    assert problem.records == ("patch 1",)
    assert problem.what == "publishedDate is not a time"
    assert door.take() == []


@pytest.mark.parametrize("word", ["1970-01-01", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z"])
def test_the_beginning_of_time_is_never(word: str) -> None:
    assert moment_of(word) is None


@given(some.timedeltas(timedelta(0), timedelta(days=900)))
def test_a_time_ahead_of_its_telling_is_none(ahead: timedelta) -> None:
    door = Door(NOW)
    at = door.moment(NOW + ahead, "asset", "lastBoot")
    assert (at is None) == (ahead > AHEAD) == bool(door.take())
    assert door.moment(NOW + ahead, "job", "nextScheduleDateTime", is_past=False) == NOW + ahead


@pytest.mark.parametrize("word", sorted(NOTHING))
@pytest.mark.parametrize("around", ["{}", " {} ", "{}\n"])
def test_a_word_for_nothing_is_none(word: str, around: str) -> None:
    for spelled in (word, word.upper(), word.title()):
        value = around.format(spelled)
        assert is_nothing(value)
        assert text_of(value) is None
        assert Door(NOW).kb(value, "p") is None
        assert Door(NOW).cves([value], "p") == ()
        door = Door(NOW)
        assert door.moment(moment_of(value), "p", "publishedDate") is None
        assert door.take() == []


@pytest.mark.parametrize(
    ("said", "kb"),
    [
        ("KB5034441", "5034441"), ("kb 5034441", "5034441"), (" 5548347", "5548347"),
        ("Q890830", "890830"), ("KB0890830", "890830"), (5034441, "5034441"),
        ("5288739, KB5000001", "5288739, 5000001"), (["KB5000001", "5288739"], "5000001, 5288739"),
        ("Gold", None), ("N/A", None), ("5761587_X", None), ("12345", None), ("123456789", None),
        ("KB", None), ({"kb": 1}, None), ([None], None), ("QGC11500", None), (True, None),
    ],
)  # fmt: skip
def test_a_kb_number_is_six_to_eight_digits(said: Any, kb: str | None) -> None:
    assert Door(NOW).kb(said, "patch") == kb


@given(
    some.lists(
        some.tuples(
            some.integers(1999, 2030),
            some.integers(1000, 10**7),
            some.sampled_from(["{}", " {}", "{} ", "{},", "x {}"]),
            some.booleans(),
        )
    ),
    some.lists(JSON),
)
def test_cves_are_normalised_and_the_rest_is_noted(ids: Any, odd: list[Any]) -> None:
    names = [f"CVE-{year}-{number:04}" for year, number, _, _ in ids]
    said = [
        around.format(name.lower() if is_small else name)
        for name, (_, _, around, is_small) in zip(names, ids, strict=True)
    ]
    door = Door(NOW)
    assert door.cves(said, "patch 1") == tuple(dict.fromkeys(names))
    assert bool(door.take()) == any(around == "x {}" for _, _, around, _ in ids)
    assert door.cves(", ".join(said) or None, "patch 1") == tuple(dict.fromkeys(names))
    door.take()
    found = door.cves([*said, *odd], "patch 1")
    assert found[: len(set(names))] == tuple(dict.fromkeys(names))
    assert all(one.startswith("CVE-") for one in found)


@given(JSON)
def test_whatever_comes_nothing_but_a_value_comes_out(value: Any) -> None:
    door = Door(NOW)
    for read, kinds in (
        (text_of, str), (word_of, str), (number_of, int), (count_of, int), (flag_of, bool),
    ):  # fmt: skip
        found = read(value)
        assert found is None or isinstance(found, kinds)
    assert isinstance(entries_of(value), list)
    assert all(isinstance(one, str) and one for one in door.ids(value, "r", "ids"))
    assert all(isinstance(one, str) and one for one in door.texts(value, "r", "texts"))
    number = door.number(value, "r", "count")
    assert number is None or 0 <= number < 1 << 63
    assert door.moment(moment_of(value), "r", "at", is_past=False) is None or moment_of(value)
    for problem in door.take():
        assert problem.records == ("r",)
        assert "\n" not in str(problem)


DAMAGED = [
    (b"\xff", "\ufffd"), (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"), (b"\\ud83d", "\ufffd"),
    (b"\\ude00x", "\ufffdx"), (b"\x0b", "\ufffd"), (b"\x00", "\ufffd"), (b"caf\xe9", "caf\ufffd"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "shown"), DAMAGED, ids=lambda one: repr(one)[:12])
def test_damaged_text_is_shown_as_such_and_named(raw: bytes, shown: str) -> None:
    body = b'[{"id": "a", "title": "T%s!"}, {"id": "b", "title": "whole"}]' % raw
    first, second = RecordDecoder[list[PMPatch]](list[PMPatch]).read(body)
    assert first.title == f"T{shown}!"
    assert first.problems == ("title: characters that cannot be read are shown as \ufffd",)
    assert (second.title, second.problems) == ("whole", ())


def test_a_byte_order_mark_changes_nothing() -> None:
    body = msgspec.json.encode([{"id": "a", "title": "T"}])
    (patch,) = RecordDecoder[list[PMPatch]](list[PMPatch]).read(b"\xef\xbb\xbf" + body)
    assert (patch.title, patch.problems) == ("T", ())
