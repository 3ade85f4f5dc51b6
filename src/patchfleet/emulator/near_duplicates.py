"""Machines that are hard to tell apart, added to a world on request.

A world without them is unchanged; what is added follows from the seed. N-sight knows the machines
as they are here, Qualys as in `World.elsewhere`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count

from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine, World, make_machine

PLACEHOLDERS = (
    "To be filled by O.E.M.", "Default string", "System Serial Number", "None", "0", "123456789",
    "VMware-56 4d 12 ab 34 cd 56 ef-00 11 22 33 44 55 66 77", "Not Specified",
)  # fmt: skip
_SILENT_DAYS = 30

_Made = Iterator[tuple[Machine, Machine | None]]
"""Machines as N-sight knows them, each with its Qualys form, None if Qualys does not know it."""


def add_look_alikes(seed: int, world: World, each: int, start: datetime) -> World:
    """Return the world with `each` machines of each kind that is hard to tell apart.

    The kinds: re-imaged, renamed, cloned, of one hostname, with a placeholder as serial.

    Both vendors know the machines. Entries of one machine share `machine.same_as`, and
    `machine.look_alike` is the kind.
    """
    maker = _Maker(seed, world, start)
    kinds = (
        maker.re_imaged, maker.renamed, maker.cloned, maker.shared_hostname, maker.placeholder
    )  # fmt: skip
    made = [pair for place in range(each) for kind in kinds for pair in kind(place)]
    elsewhere = {ours.number: theirs for ours, theirs in made}
    return replace(
        world, machines=(*world.machines, *(ours for ours, _ in made)), elsewhere=elsewhere
    )


class _Maker:
    """Makes machines of each kind; their peculiarities alternate."""

    def __init__(self, seed: int, world: World, start: datetime) -> None:
        self._seed, self._sites, self._start = seed, world.sites, start
        self._numbers = count(len(world.machines))
        self._chance = SeededRandom(seed, "look-alikes")

    def re_imaged(self, place: int) -> _Made:
        """Enrol a machine at N-sight twice, or give it a new name and card at one vendor.

        The older entry stopped reporting when the machine was set up again.
        """
        old = self._machine("re-imaged")
        if place % 2:
            fresh = replace(old, name=self._new_name(), macs=self._new_card())
            yield fresh, replace(old, silent_days=_SILENT_DAYS)
            return
        fresh = replace(
            self._machine("re-imaged"),
            site=old.site,
            serial=old.serial,
            macs=old.macs,
            guid=old.guid,
            same_as=old.number,
        )
        yield replace(old, silent_days=_SILENT_DAYS), None
        yield fresh, fresh

    def renamed(self, place: int) -> _Made:
        """Rename a machine at one vendor."""
        machine = self._machine("renamed")
        other = replace(machine, name=self._new_name())
        yield (machine, other) if place % 2 else (other, machine)

    def cloned(self, place: int) -> _Made:
        """Make two machines with one serial, with equal or different network cards."""
        kind = "one serial" if place % 2 else "cloned"
        first, second = self._machine(kind), self._machine(kind)
        second = replace(second, serial=first.serial, macs=second.macs if place % 2 else first.macs)
        yield first, first
        yield second, second

    def shared_hostname(self, place: int) -> _Made:
        """Give one name to machines of two customers; Qualys knows both, or only one."""
        first, second = self._machine("shared hostname"), self._machine("shared hostname")
        others = [site for site in self._sites if site.customer is not first.customer]
        second = replace(second, name=first.name, site=self._chance.pick(others or self._sites))
        yield first, None if place % 2 else first
        yield second, second

    def placeholder(self, place: int) -> _Made:
        """Make a machine with a placeholder word as its serial."""
        machine = self._machine("placeholder serial")
        machine = replace(machine, serial=PLACEHOLDERS[place % len(PLACEHOLDERS)])
        yield machine, machine

    def _machine(self, kind: str) -> Machine:
        site, number = self._chance.pick(self._sites), next(self._numbers)
        machine = make_machine(self._seed, number, site, self._start, all_windows=True)
        return replace(machine, silent_days=0, look_alike=kind)

    def _new_name(self) -> str:
        return f"DESKTOP-{self._chance.digits(7)}"

    def _new_card(self) -> tuple[str, ...]:
        digits = self._chance.digits(10, "0123456789ABCDEF")
        return (":".join(["06", *(digits[at : at + 2] for at in range(0, 10, 2))]),)
