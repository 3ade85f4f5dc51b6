"""Who carries the same mark: sets small enough that all their pairs are few.

Law of this file: what is returned grows with the devices, never with their square.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from msgspec.structs import replace

from patchfleet.fleet.matching.identifiers import Identifiers

Pair: TypeAlias = tuple[int, int]
"""Two devices by number, the smaller one first."""
Buckets: TypeAlias = dict[str, list[int]]
"""The carriers of each mark, in order."""

MAX_CARRIERS = 8
"""What stands on more devices of one source is no mark: not 2 or 3, which a copied machine makes,
and low enough that all pairs of a bucket may be looked at."""


def carriers(
    marks: Sequence[Identifiers], marks_in: Callable[[Identifiers], Iterable[str]]
) -> Buckets:
    """Return who carries each mark, where more than one does."""
    found: Buckets = {}
    for place, one in enumerate(marks):
        for mark in marks_in(one):
            if mark:
                found.setdefault(mark, []).append(place)
    return {mark: bucket for mark, bucket in found.items() if len(bucket) > 1}


def drop_crowds(
    marks: Sequence[Identifiers], buckets: Buckets, first: Callable[[int], int] = int
) -> set[str]:
    """Take out what stands on too many machines of one source, and return it.

    `first` names the machine that a device is one enrolment of; by default each is one by itself.
    """
    crowded = set()
    for mark, bucket in buckets.items():
        if len(bucket) > MAX_CARRIERS:
            machines = Counter(marks[place].source for place in set(map(first, bucket)))
            if max(machines.values()) > MAX_CARRIERS:
                crowded.add(mark)
    for mark in crowded:
        del buckets[mark]
    return crowded


def without_crowds(
    marks: list[Identifiers], serials: set[str], macs: set[str]
) -> list[Identifiers]:
    """Return the devices without the serials and MAC addresses of crowds."""
    if not serials and not macs:
        return marks
    return [
        replace(
            one,
            serial="" if one.serial in serials else one.serial,
            macs=tuple(mac for mac in one.macs if mac not in macs),
        )
        if one.serial in serials or not macs.isdisjoint(one.macs)
        else one
        for one in marks
    ]


def pairs_in(*all_buckets: Buckets) -> Iterator[Pair]:
    """Yield the pairs of each bucket, which has at most `MAX_CARRIERS` of each source."""
    for buckets in all_buckets:
        for bucket in buckets.values():
            yield from combinations(bucket, 2)
