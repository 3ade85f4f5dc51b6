"""Manual decisions: devices that are one machine, and pairs that are not.

A decision overrides every identifier. A person's later decision replaces that person's earlier one
on the same pair. Decisions that contradict each other are reported, and none of them joins devices.

Invariant: no decision overrides another one without a report (tests/fleet/test_match.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec import Struct

from patchfleet.models.machine import ConflictingDecisions, DeviceRef, MatchDecision


class DisjointSet:
    """Disjoint sets of numbers that are merged; the smallest number of a set is its root."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, number: int) -> int:
        """Return the root of the set with this number."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Merge the sets of two numbers."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low


class ResolvedOverrides(Struct, frozen=True):
    """The decisions in force; `places` is the index of each device, `count` the number of them.

    `apart` are pairs that are not one machine, and those with contradictory decisions.
    """

    places: dict[DeviceRef, int]
    count: int
    together: tuple[MatchDecision, ...]
    apart: tuple[MatchDecision, ...]
    contradictions: tuple[ConflictingDecisions, ...]


def resolve(refs: Sequence[DeviceRef], decisions: Iterable[MatchDecision]) -> ResolvedOverrides:
    """Return the decisions in force; devices that are gone still connect others."""
    last = _last_words(decisions)
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


def _last_words(decisions: Iterable[MatchDecision]) -> list[MatchDecision]:
    """Return each person's last decision on each pair, in a deterministic order."""
    last: dict[tuple[DeviceRef, DeviceRef, str], MatchDecision] = {}
    for one in sorted(decisions, key=attrgetter("at", "is_same", "reason", "left")):
        last[min(one.left, one.right), max(one.left, one.right), one.by] = one
    return [last[key] for key in sorted(last)]


def _contradiction(decisions: list[MatchDecision]) -> ConflictingDecisions:
    decided = [
        f"{one.by} decided on {one.at:%Y-%m-%d} that {device_text(one.left)} and "
        f"{device_text(one.right)} are {'one machine' if one.is_same else 'two machines'}"
        for one in decisions
    ]
    return ConflictingDecisions(tuple(decisions), "; ".join(decided))


def device_text(ref: DeviceRef) -> str:
    """Format a device with its source: `nsight 4711`."""
    return f"{ref[0]} {ref[1]}"
