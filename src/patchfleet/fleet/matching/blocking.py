"""Blocking: devices grouped by a shared identifier, so that only pairs within a group are compared.

The number of pairs grows with the devices, not with their square.

Invariant: a value on more than `MAX_CARRIERS` machines of a source identifies none of them
(tests/fleet/test_match.py::test_what_stands_on_a_crowd_is_no_mark).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from msgspec.structs import replace

from patchfleet.fleet.matching.identifiers import Identifiers

Pair: TypeAlias = tuple[int, int]
"""Two devices by index, the smaller one first."""
Buckets: TypeAlias = dict[str, list[int]]
"""The devices that carry each identifier, in order."""

MAX_CARRIERS = 8
"""Devices of one source above which a shared value counts as a placeholder.

More than the 2 or 3 of a cloned machine, and few enough to compare all pairs of a group.
"""


def carriers(
    identifiers: Sequence[Identifiers], identifiers_in: Callable[[Identifiers], Iterable[str]]
) -> Buckets:
    """Return the devices of each identifier that more than one of them carries."""
    found: Buckets = {}
    for place, one in enumerate(identifiers):
        for identifier in identifiers_in(one):
            if identifier:
                found.setdefault(identifier, []).append(place)
    return {identifier: bucket for identifier, bucket in found.items() if len(bucket) > 1}


def drop_crowds(
    identifiers: Sequence[Identifiers], buckets: Buckets, first: Callable[[int], int] = int
) -> set[str]:
    """Remove identifiers on more than `MAX_CARRIERS` machines of one source, and return them.

    `first` returns the first enrolment of the machine of a device; by default each device is a
    machine of its own.
    """
    crowded = set()
    for identifier, bucket in buckets.items():
        if len(bucket) > MAX_CARRIERS:
            machines = Counter(identifiers[place].source for place in set(map(first, bucket)))
            if max(machines.values()) > MAX_CARRIERS:
                crowded.add(identifier)
    for identifier in crowded:
        del buckets[identifier]
    return crowded


def without_crowds(
    identifiers: list[Identifiers], serials: set[str], macs: set[str]
) -> list[Identifiers]:
    """Return the devices without the given serials and MAC addresses."""
    if not serials and not macs:
        return identifiers
    return [
        replace(
            one,
            serial="" if one.serial in serials else one.serial,
            macs=tuple(mac for mac in one.macs if mac not in macs),
        )
        if one.serial in serials or not macs.isdisjoint(one.macs)
        else one
        for one in identifiers
    ]


def pairs_in(*all_buckets: Buckets) -> Iterator[Pair]:
    """Yield the pairs of each bucket, which has at most `MAX_CARRIERS` of each source."""
    for buckets in all_buckets:
        for bucket in buckets.values():
            yield from combinations(bucket, 2)
