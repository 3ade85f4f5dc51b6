"""A machine that was enrolled several times in one source: many devices, and one line for a person.

Invariants: pure; the work grows with the devices, never with their square; nothing is joined here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from patchfleet.fleet.matching.blocking import MAX_CARRIERS, Buckets
from patchfleet.fleet.matching.identifiers import Identifiers
from patchfleet.fleet.matching.overrides import DisjointSet

MOST_NAMED = 10
"""So many ids are named; a machine may be enrolled hundreds of times."""


class Enrolled:
    """Which devices of one source are one machine by name, serial and MAC address alike.

    A name alone, or a serial alone, makes nobody one machine: a placeholder that stands on a
    thousand machines stands there under a thousand names. Where both have MAC addresses they have
    one in common; where neither has any, the serial decides.
    """

    def __init__(self, marks: Sequence[Identifiers], serials: Buckets, macs: Buckets) -> None:
        self._groups = DisjointSet(len(marks))
        self._link(marks, _by_serial_alone(marks, serials))
        self._link(marks, macs.values())
        found: defaultdict[int, list[int]] = defaultdict(list)
        for place in {
            place for buckets in (serials, macs) for of in buckets.values() for place in of
        }:
            found[self._groups.root(place)].append(place)
        self.groups = {root: sorted(of) for root, of in found.items() if len(of) > 1}
        """The devices of each machine that was enrolled more than once, by the first of them."""

    def _link(self, marks: Sequence[Identifiers], buckets: Iterable[Sequence[int]]) -> None:
        for bucket in buckets:
            alike: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
            for place in bucket:
                one = marks[place]
                if one.name:
                    alike[one.source, one.name, one.serial].append(place)
            for places in alike.values():
                for one_place, other in pairwise(places):
                    self._groups.join(one_place, other)

    def first(self, place: int) -> int:
        """Return the first device of the machine that a device is by its marks."""
        return self._groups.root(place)

    def thinned(self, buckets: Buckets) -> Buckets:
        """Return the carriers of each mark, of many with one device for each machine."""
        if not self.groups:
            return buckets
        return {
            mark: bucket if len(bucket) <= MAX_CARRIERS else sorted(set(map(self.first, bucket)))
            for mark, bucket in buckets.items()
        }


def _by_serial_alone(marks: Sequence[Identifiers], serials: Buckets) -> Iterator[list[int]]:
    """Yield the carriers without a MAC address of each serial that is no placeholder."""
    for bucket in serials.values():
        names = Counter(source for source, _ in {(marks[p].source, marks[p].name) for p in bucket})
        if max(names.values()) <= MAX_CARRIERS:
            yield [place for place in bucket if not marks[place].macs]


def enrolled_often(ids: Sequence[str]) -> str:
    """Say that devices are one machine, and which."""
    named = ", ".join(ids[:MOST_NAMED]) + (", …" if len(ids) > MOST_NAMED else "")
    return f"one machine enrolled {len(ids):,} times: {named}"
