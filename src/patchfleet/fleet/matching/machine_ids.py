"""Stable ids of machines: made once from the first member, and kept from sync to sync.

Invariant: no two machines share an id, whatever their order
(tests/fleet/test_match_properties.py).
"""

from collections.abc import Mapping, Sequence

from patchfleet.models.machine import DeviceRef


def machine_ids(
    machines: Sequence[Sequence[DeviceRef]], previous: Mapping[DeviceRef, str]
) -> list[str]:
    """Return an id for each machine; `previous` is the id of each device's machine before.

    Joined machines keep the smallest of their ids. Of a split machine the part with the device
    that the id was made from keeps it, or else the part with the smallest member. A new machine
    gets the id of its first member.
    """
    firsts = [min(members) for members in machines]
    claims = sorted(
        claim
        for place, members in enumerate(machines)
        for claim in {
            (made_of(ref) != previous[ref], previous[ref], firsts[place], place)
            for ref in members
            if ref in previous
        }
    )
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for _, claimed, _, place in claims:
        if place not in ids and claimed not in taken:
            ids[place] = claimed
            taken.add(claimed)
    taken.update(previous.values())  # an id in the record never means another machine
    for _, place in sorted((first, place) for place, first in enumerate(firsts)):
        if place not in ids:
            ids[place] = _unused(made_of(firsts[place]), taken)
            taken.add(ids[place])
    return [ids[place] for place in range(len(machines))]


def made_of(ref: DeviceRef) -> str:
    """Return the id of a machine with this first member."""
    return f"{ref[0]}/{ref[1]}"


def _unused(wanted: str, taken: set[str]) -> str:
    number, unused = 1, wanted
    while unused in taken:
        number += 1
        unused = f"{wanted}~{number}"
    return unused
