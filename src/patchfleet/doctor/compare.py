"""Differences between a recording and what Patchfleet assumes: its parsers, and its emulator.

The emulator is recorded by the same code, so a difference is one of the answers. What an account
happens to hold is no difference: lengths, counts, free texts, and fields that may be left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from patchfleet.doctor.expected import (
    ANYTHING,
    OBJECT,
    Expected,
    fields_of,
    kinds_of,
    unexpected,
)
from patchfleet.doctor.formats import EMPTY, family
from patchfleet.doctor.open_questions import NEW_FIELD, NEW_KIND, settled_by
from patchfleet.doctor.read import ReadCall, ReadList
from patchfleet.doctor.recorder import LOGIN
from patchfleet.doctor.recording import Answers, Recording
from patchfleet.doctor.shape import Field, ObjectValues, Shape
from patchfleet.doctor.vocabulary import Vocabulary
from patchfleet.nsight.envelope import plain

Assumer = Literal["parser", "emulator", "both"]
WHOLE = "the answer"


class Difference(NamedTuple):
    """One difference: where, what was seen, what was assumed and by which part, what it settles.

    `settles` is a line of docs/honest-edges.md, or "" if none asks about it.
    """

    vendor: str
    read: str
    path: str
    seen: str
    assumed: str
    assumed_by: Assumer
    settles: str = ""


class ShapeComparison(NamedTuple):
    """The differences, and the reads about which a recording proves nothing, with the reason."""

    differences: list[Difference]
    not_seen: list[tuple[str, str, str]]


def compare(seen: Recording, emulated: Recording, lists: Sequence[ReadList]) -> ShapeComparison:
    """Compare a recording with the parsers and with a recording of the emulator."""
    comparison = ShapeComparison([], [])
    for reads in lists:
        answers = seen.vendors.get(reads.vendor)
        if answers is None:
            comparison.not_seen.append(
                (reads.vendor, "every read", "the file has no account of it")
            )
            continue
        assumed = emulated.vendors.get(reads.vendor, {})
        comparison.differences.extend(_headers(reads.vendor, answers.values(), assumed.values()))
        for read in (ReadCall(LOGIN, lambda *_: ()), *reads.reads):
            one = answers.get(read.name, Answers())
            if not one.calls:
                if read.name != LOGIN:
                    reason = "the account had nothing to ask about"
                    comparison.not_seen.append((reads.vendor, read.name, reason))
                continue
            walk = _Walk(reads, read)
            found = walk.answers(one, assumed.get(read.name, Answers()))
            comparison.differences.extend(found)
    return comparison


def _headers(
    vendor: str, seen: Iterable[Answers], assumed: Iterable[Answers]
) -> Iterator[Difference]:
    """Yield the names of headers that only one side has, once for all reads."""
    ours = {name for one in seen for name in one.headers}
    theirs = {name for one in assumed for name in one.headers}
    for name in sorted(ours ^ theirs):
        words = ("sent", "never sent") if name in ours else ("never sent", "sent")
        settles = settled_by(vendor, "every read", f"header {name}")
        yield Difference(vendor, "every read", f"header {name}", *words, "emulator", settles)


class _Walk:
    """The comparison of the answers to one read."""

    def __init__(self, reads: ReadList, read: ReadCall) -> None:
        self._vendor = reads.vendor
        self._vocabulary: Vocabulary = reads.vocabulary
        self._read = read

    def answers(self, seen: Answers, emulated: Answers) -> Iterator[Difference]:
        """Yield the differences of all answers to the read."""
        for what, ours, theirs in (
            ("status", seen.statuses, emulated.statuses),
            ("result of reading", seen.outcomes, emulated.outcomes),
            ("body", seen.bodies, emulated.bodies),
        ):
            for word in sorted(ours.keys() - theirs.keys()):
                shown = ", ".join(sorted(theirs)) or "nothing"
                yield self._row(f"{what} of {WHOLE}", f"{word} ({ours[word]} times)", shown)
        yield from self._shapes(seen.success, emulated.success, "", "")
        yield from self._shapes(seen.failure, emulated.failure, "error: ", "")
        for path, record in self._read.records.items():
            yield from self._record(
                _at(seen.success, path), _at(emulated.success, path), path, record
            )

    def _row(
        self, path: str, seen: str, assumed: str, by: Assumer = "emulator", about: str = ""
    ) -> Difference:
        settles = settled_by(self._vendor, self._read.name, path, about)
        return Difference(self._vendor, self._read.name, path or WHOLE, seen, assumed, by, settles)

    def _shapes(self, seen: Shape, emulated: Shape, path: str, name: str) -> Iterator[Difference]:
        """Yield what a shape has beyond the emulator's, and beyond the listed words."""
        if not seen.count:
            return
        if not emulated.count:
            kinds = ", ".join(sorted(kinds_of(seen)))
            yield self._row(path, kinds, "nothing: the emulator never fills it")
            return
        new = sorted(_new_kinds(kinds_of(seen), kinds_of(emulated)))
        if new:
            theirs = ", ".join(sorted(kinds_of(emulated)))
            yield self._row(path, ", ".join(new), theirs, about=NEW_KIND)
        yield from self._words(seen, emulated, path, name)
        if seen.lists and emulated.lists:
            yield from self._shapes(seen.lists.items, emulated.lists.items, f"{path}[]", name)
        if seen.objects and emulated.objects:
            yield from self._fields(seen.objects, emulated.objects, path)

    def _words(self, seen: Shape, emulated: Shape, path: str, name: str) -> Iterator[Difference]:
        """Yield the codes and words of a closed list that are not in it."""
        if " & " in name:
            yield from self._pairs(seen, emulated, path)
            return
        news = seen.words.keys() - emulated.words.keys()
        codes = self._vocabulary.unknown_codes(name, news)
        if codes:
            known = self._vocabulary.codes[plain(name)] or ()
            listed = ", ".join(sorted(known, key=int))
            yield self._row(path, f"code {', '.join(codes)}", f"one of {listed}", "both")
        unlisted = sum(
            texts.count for kind, texts in seen.texts.items() if family(kind) != "no value"
        )
        if (
            unlisted
            and self._vocabulary.is_closed(name)
            and not any(family(kind) == "text" or kind not in seen.texts for kind in emulated.texts)
        ):
            listed = ", ".join(sorted(self._vocabulary.words[plain(name)]))
            yield self._row(path, f"{unlisted} words that are not listed", listed, "both")

    def _pairs(self, seen: Shape, emulated: Shape, path: str) -> Iterator[Difference]:
        """Yield a code with another label than the emulator gives it."""
        labels: dict[str, set[str]] = {}
        for pair in emulated.words:
            code, _, label = pair.partition(" ")
            labels.setdefault(code, set()).add(label)
        for pair in seen.words:
            code, _, label = pair.partition(" ")
            if label not in labels.get(code, {label}):
                yield self._row(path, pair, " or ".join(sorted(labels[code])))

    def _fields(
        self, seen: ObjectValues, emulated: ObjectValues, path: str
    ) -> Iterator[Difference]:
        for name in sorted(seen.fields.keys() | emulated.fields.keys()):
            place = f"{path}.{name}" if path and not path.endswith(": ") else path + name
            ours, theirs = seen.fields.get(name), emulated.fields.get(name)
            if ours is None:
                assert theirs is not None
                if theirs.present == emulated.count and " & " not in name:
                    yield self._row(place, f"never sent in {seen.count}", "always sent")
            elif theirs is None:
                if " & " not in name:
                    yield self._new_field(ours, seen, place)
            else:
                if ours.times and not theirs.times and place not in self._read.records:
                    yield self._row(place, f"{ours.times} times in one record", "once")
                yield from self._shapes(ours.shape, theirs.shape, place, name)

    def _new_field(self, field: Field, holder: ObjectValues, path: str) -> Difference:
        """Return the row of a field that the emulator never sends."""
        kinds = ", ".join(sorted(kinds_of(field.shape)))
        seen = f"sent in {field.present} of {holder.count}: {kinds}"
        outer, _, name = path.rpartition(".")
        record = self._read.records.get(outer)
        is_known = record is not None and plain(name) in fields_of(record)
        by: Assumer = "emulator" if is_known else "both"
        return self._row(path, seen, "no such field", by, NEW_FIELD)

    def _record(
        self, seen: Shape, emulated: Shape, path: str, record: type[Struct]
    ) -> Iterator[Difference]:
        """Yield the values that the parser of a record does not read as they are."""
        if seen.objects is None:
            return
        expected = fields_of(record)
        for name, field in seen.objects.fields.items():
            wanted = expected.get(plain(name))
            if wanted is not None and not name.startswith(("@", "#")):
                yield from self._value(field.shape, wanted, f"{path}.{name}".strip("."))
        needed = {
            name
            for name, field in (emulated.objects.fields if emulated.objects else {}).items()
            if emulated.objects
            and field.present == emulated.objects.count
            and (wanted := expected.get(plain(name)))
            and wanted.is_required
        }
        for name in sorted(needed):
            one = seen.objects.fields.get(name)
            present = one.present if one else 0
            if present < seen.objects.count:
                row = f"missing in {seen.objects.count - present} of {seen.objects.count}"
                yield self._row(f"{path}.{name}".strip("."), row, "in every record", "parser")

    def _value(self, seen: Shape, wanted: Expected, path: str) -> Iterator[Difference]:
        odd = unexpected(kinds_of(seen), wanted.kinds)
        if odd:
            assumed = ", ".join(sorted(wanted.kinds)) or "nothing"
            yield self._row(path, ", ".join(odd), assumed, "parser", NEW_KIND)


def _new_kinds(seen: set[str], emulated: set[str]) -> set[str]:
    """Return the kinds that are news: among free texts, a format is none."""
    theirs = {family(kind) for kind in emulated}
    news = set()
    for kind in seen:
        if family(kind) in theirs or (kind == "0 or 1" and "digits" in theirs):
            continue
        if kind == EMPTY and OBJECT in theirs:  # an element without its usual content
            continue
        is_format = kind not in ANYTHING
        if "text" in theirs and is_format and family(kind) != "no value":
            continue
        if kind in {"listed word", "code"} and theirs & {"listed word", "code", "text"}:
            continue
        news.add(kind)
    return news


def _at(shape: Shape, path: str) -> Shape:
    """Return the shape at a path: names joined by dots, `[]` for the items of a list.

    An object where a list may be is taken as its one item.
    """
    for step in _steps(path):
        if step == "[]":
            items = shape.lists.items if shape.lists else Shape()
            shape = items | Shape(objects=shape.objects)
        else:
            fields: Mapping[str, Field] = shape.objects.fields if shape.objects else {}
            one = fields.get(step)
            if one is None:
                return Shape()
            shape = one.shape
    return shape


def _steps(path: str) -> Iterator[str]:
    for part in path.split("."):
        name = part.removesuffix("[]")
        if name:
            yield name
        if part.endswith("[]"):
            yield "[]"
