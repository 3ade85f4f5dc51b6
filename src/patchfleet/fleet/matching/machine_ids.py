"""Ids of machines: made once, of the first member, and kept as long as anything remembers them.

Law of this file: no two machines share an id, and the order of the machines does not matter.
"""

from collections.abc import Mapping, Sequence

from patchfleet.models.machine import DeviceRef


def machine_ids(
    machines: Sequence[Sequence[DeviceRef]], previous: Mapping[DeviceRef, str]
) -> list[str]:
    """Return an id for each machine, given which one each device belonged to before.

    Where machines are joined the smallest of their ids stays; where one is parted, the part with
    the device that the id was made of keeps it, or else the one with the smallest member. What is
    new gets the id of its first member.
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
    taken.update(previous.values())  # an id that is remembered never means another machine
    for _, place in sorted((first, place) for place, first in enumerate(firsts)):
        if place not in ids:
            ids[place] = _unused(made_of(firsts[place]), taken)
            taken.add(ids[place])
    return [ids[place] for place in range(len(machines))]


def made_of(ref: DeviceRef) -> str:
    """Return the id of a machine whose first member this device is."""
    return f"{ref[0]}/{ref[1]}"


def _unused(wanted: str, taken: set[str]) -> str:
    number, unused = 1, wanted
    while unused in taken:
        number += 1
        unused = f"{wanted}~{number}"
    return unused
