"""What people decided, as groups of devices that are one machine and pairs that are not.

Law of this file: verdicts win over every mark, and none wins over another in silence. A person's
later word replaces the same person's earlier one on the same pair. Otherwise verdicts that cannot
all be true are reported, and while they stand none of them joins anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec import Struct

from patchfleet.models.machine import ConflictingDecisions, DeviceRef, MatchDecision


class DisjointSet:
    """Sets of numbers that grow together; the smallest of a set stands for it."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, number: int) -> int:
        """Return the number that stands for the set of this one."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low


class ResolvedOverrides(Struct, frozen=True):
    """The verdicts that hold, each end of a pair a number of `places`, of `count` in all.

    `apart` are pairs that are not one machine, and those nobody may join while verdicts on them
    contradict each other.
    """

    places: dict[DeviceRef, int]
    count: int
    together: tuple[MatchDecision, ...]
    apart: tuple[MatchDecision, ...]
    contradictions: tuple[ConflictingDecisions, ...]


def settle(refs: Sequence[DeviceRef], verdicts: Iterable[MatchDecision]) -> ResolvedOverrides:
    """Return which verdicts hold; devices that are gone still connect those that are not."""
    last = _last_words(verdicts)
    together = [one for one in last if one.is_same]
    apart = [one for one in last if not one.is_same]
    named = {ref for one in last for ref in (one.left, one.right)}
    places = {ref: place for place, ref in enumerate(refs) if ref in named}
    count = len(refs)
    for ref in sorted(named - places.keys()):
        places[ref] = count
        count += 1
    groups = DisjointSet(count)
    for one in together:
        groups.join(places[one.left], places[one.right])
    disputed: dict[int, list[MatchDecision]] = defaultdict(list)
    for one in apart:
        root = groups.root(places[one.left])
        if root == groups.root(places[one.right]):
            disputed[root].append(one)
    held: list[MatchDecision] = []
    contradictions = []
    for one in together:
        disputed.get(groups.root(places[one.left]), held).append(one)
    for _, against in sorted(disputed.items()):
        contradictions.append(_contradiction(against))
        apart += [one for one in against if one.is_same]
    return ResolvedOverrides(places, count, tuple(held), tuple(apart), tuple(contradictions))


def _last_words(verdicts: Iterable[MatchDecision]) -> list[MatchDecision]:
    """Return each person's last word on each pair, in an order that is always the same."""
    last: dict[tuple[DeviceRef, DeviceRef, str], MatchDecision] = {}
    for one in sorted(verdicts, key=attrgetter("at", "is_same", "reason", "left")):
        last[min(one.left, one.right), max(one.left, one.right), one.by] = one
    return [last[key] for key in sorted(last)]


def _contradiction(verdicts: list[MatchDecision]) -> ConflictingDecisions:
    said = [
        f"{one.by} said on {one.at:%Y-%m-%d} that {spelled(one.left)} and {spelled(one.right)} "
        f"are {'one machine' if one.is_same else 'two machines'}"
        for one in verdicts
    ]
    return ConflictingDecisions(tuple(verdicts), "; ".join(said))


def spelled(ref: DeviceRef) -> str:
    """Return a device as people read it."""
    return f"{ref[0]} {ref[1]}"
