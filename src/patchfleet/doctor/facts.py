"""Answers of a recording to open questions: what was seen at the places that they are about."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from patchfleet.doctor.expected import kinds_of
from patchfleet.doctor.open_questions import QUESTIONS, OpenQuestion
from patchfleet.doctor.read import ReadList
from patchfleet.doctor.recording import Answers, Recording
from patchfleet.doctor.shape import ObjectValues, Shape

MOST_WORDS = 12


class Fact(NamedTuple):
    """What a recording shows about a line of docs/honest-edges.md, at one place."""

    vendor: str
    settles: str
    read: str
    path: str
    seen: str


def facts(recording: Recording, lists: Sequence[ReadList]) -> list[Fact]:
    """Return what was seen at the places of each open question of the recorded vendors."""
    return [
        fact
        for reads in lists
        for question in QUESTIONS
        if question.vendor == reads.vendor
        for fact in _of_question(question, reads, recording.vendors.get(reads.vendor, {}))
    ]


def _of_question(
    question: OpenQuestion, reads: ReadList, answers: dict[str, Answers]
) -> Iterator[Fact]:
    for read in reads.reads:
        patterns = [one.path for one in question.shown if fnmatchcase(read.name, one.read)]
        seen = answers.get(read.name)
        if not patterns or seen is None or not seen.calls:
            continue
        for path, shown in _places(seen):
            if any(fnmatchcase(path, pattern) for pattern in patterns):
                yield Fact(reads.vendor, question.line, read.name, path, shown)


def _places(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield each place of the answers to a read with what was seen there."""
    for name, counts in (
        ("status", answers.statuses),
        ("result of reading", answers.outcomes),
        ("body", answers.bodies),
    ):
        yield name, ", ".join(f"{word} ({many})" for word, many in counts.items())
    for begin, shape in (("", answers.success), ("error: ", answers.failure)):
        for path, one in _paths(shape, ""):
            yield begin + path, shown(one)


def _paths(shape: Shape, path: str) -> Iterator[tuple[str, Shape]]:
    if shape.count:
        yield path, shape
    if shape.lists is not None:
        yield from _paths(shape.lists.items, f"{path}[]")
    if shape.objects is not None:
        for name, one in shape.objects.fields.items():
            yield from _paths(one.shape, f"{path}.{name}".strip("."))


def shown(shape: Shape) -> str:
    """Return a shape in one line: words and codes, formats with lengths, sizes of lists."""
    parts = [f"{word} ({many})" for word, many in list(shape.words.items())[:MOST_WORDS]]
    if len(shape.words) > MOST_WORDS:
        parts.append(f"and {len(shape.words) - MOST_WORDS} more")
    parts += [
        f"{kind} of {one.lengths} characters ({one.count})" for kind, one in shape.texts.items()
    ]
    if shape.integers is not None:
        parts.append(f"integer of {shape.integers.digits} digits ({shape.integers.count})")
    if shape.lists is not None:
        parts.append(f"list of {shape.lists.lengths} ({shape.lists.count})")
    if shape.objects is not None:
        parts.append(f"fields {', '.join(_in_order(shape.objects))} ({shape.objects.count})")
    told = {"integer", "list", "object", "listed word", "code", *shape.texts}
    parts += sorted(kinds_of(shape) - told)
    return ", ".join(parts)


def _in_order(objects: ObjectValues) -> list[str]:
    """Return the names of fields, those of XML in the order of the elements."""
    named = [(one.places.low if one.places else 0, name) for name, one in objects.fields.items()]
    return [name for _, name in sorted(named, key=lambda one: one[0]) if " & " not in name]
