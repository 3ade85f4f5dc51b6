"""Repeated enrolment: machines that one source lists as several devices.

They make one match candidate for a person, and are not joined here. The work grows with the
devices, not with their square.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from patchfleet.fleet.matching.blocking import MAX_CARRIERS, Buckets
from patchfleet.fleet.matching.identifiers import Identifiers
from patchfleet.fleet.matching.overrides import DisjointSet

MOST_NAMED = 10
"""Ids named in a reason; a machine may be enrolled hundreds of times."""


class Enrolled:
    """Devices of one source that are one machine by name, serial and MAC address together.

    Neither a name nor a serial alone is enough: a placeholder may be on a thousand machines with a
    thousand names. Devices with MAC addresses need one in common; without any, the serial decides.
    """

    def __init__(self, identifiers: Sequence[Identifiers], serials: Buckets, macs: Buckets) -> None:
        self._groups = DisjointSet(len(identifiers))
        self._link(identifiers, _by_serial_alone(identifiers, serials))
        self._link(identifiers, macs.values())
        found: defaultdict[int, list[int]] = defaultdict(list)
        for place in {
            place for buckets in (serials, macs) for of in buckets.values() for place in of
        }:
            found[self._groups.root(place)].append(place)
        self.groups = {root: sorted(of) for root, of in found.items() if len(of) > 1}
        """Devices of each machine enrolled more than once, by the first of them."""

    def _link(self, identifiers: Sequence[Identifiers], buckets: Iterable[Sequence[int]]) -> None:
        for bucket in buckets:
            alike: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
            for place in bucket:
                one = identifiers[place]
                if one.name:
                    alike[one.source, one.name, one.serial].append(place)
            for places in alike.values():
                for one_place, other in pairwise(places):
                    self._groups.join(one_place, other)

    def first(self, place: int) -> int:
        """Return the first enrolment of the machine of a device."""
        return self._groups.root(place)

    def thinned(self, buckets: Buckets) -> Buckets:
        """Return the devices of each identifier; of large groups, one device a machine."""
        if not self.groups:
            return buckets
        return {
            identifier: bucket
            if len(bucket) <= MAX_CARRIERS
            else sorted(set(map(self.first, bucket)))
            for identifier, bucket in buckets.items()
        }


def _by_serial_alone(identifiers: Sequence[Identifiers], serials: Buckets) -> Iterator[list[int]]:
    """Yield the devices without a MAC address of each serial that is not a placeholder."""
    for bucket in serials.values():
        names = Counter(
            source for source, _ in {(identifiers[p].source, identifiers[p].name) for p in bucket}
        )
        if max(names.values()) <= MAX_CARRIERS:
            yield [place for place in bucket if not identifiers[place].macs]


def enrolled_often(ids: Sequence[str]) -> str:
    """Format the reason that devices are enrolments of one machine."""
    named = ", ".join(ids[:MOST_NAMED]) + (", …" if len(ids) > MOST_NAMED else "")
    return f"one machine enrolled {len(ids):,} times: {named}"
