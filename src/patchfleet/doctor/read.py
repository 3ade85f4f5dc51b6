"""One entry of the list of reading calls: what it asks, and how many calls that takes at most."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from patchfleet.doctor.vocabulary import Vocabulary
from patchfleet.transport.operation import Work

T = TypeVar("T")


class EarlierResults:
    """The results of earlier reads, from which later ones take their arguments."""

    def __init__(self) -> None:
        self._results: dict[str, list[Any]] = {}

    def add(self, name: str, result: Any) -> None:
        """Keep a result."""
        self._results.setdefault(name, []).append(result)

    def records(self, *names: str) -> list[Any]:
        """Return all records of the lists that these reads returned."""
        found: list[Any] = []
        for name in names:
            for result in self._results.get(name, ()):
                found += result if isinstance(result, list) else [result]
        return found


Works: TypeAlias = Callable[[EarlierResults, int], Iterable[Work[Any]]]


@dataclass(frozen=True, slots=True)
class ReadCall:
    """Some work of one kind; `works` takes earlier results and the size of the sample.

    At most `fixed` works and `per_sample` for each one of the sample, of `calls_each` calls. An
    answer that `is_refused` is expected to be an error. `records` are the types by which the
    parsers read what is at a path of the answer.
    """

    name: str
    works: Works
    fixed: int = 0
    per_sample: int = 0
    calls_each: int = 1
    is_refused: bool = False
    records: Mapping[str, type[Struct]] = field(default_factory=dict)

    def most_works(self, sample: int) -> int:
        """Return how many works are done at most."""
        return self.fixed + self.per_sample * sample

    def most_calls(self, sample: int) -> int:
        """Return how many calls are made at most, repeats and logins aside."""
        return self.most_works(sample) * self.calls_each


@dataclass(frozen=True, slots=True)
class ReadList:
    """The reads of one vendor in order, and its vocabulary.

    `left_out` names each other operation of the vendor's client, with the reason.
    """

    vendor: str
    reads: Sequence[ReadCall]
    vocabulary: Vocabulary
    left_out: Mapping[str, str]


def spread(records: Iterable[T], kind: Callable[[T], Hashable], most: int) -> list[T]:
    """Return at most `most` of the records, one of each kind first."""
    groups: dict[Hashable, list[T]] = {}
    for record in records:
        groups.setdefault(kind(record), []).append(record)
    chosen: list[T] = []
    place = 0
    while len(chosen) < most and any(len(group) > place for group in groups.values()):
        chosen += [group[place] for group in groups.values() if len(group) > place]
        place += 1
    return chosen[:most]
