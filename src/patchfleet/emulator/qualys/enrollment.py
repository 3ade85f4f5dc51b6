"""Machines that Qualys knows: part of the world's, and some unknown to N-sight.

A function of the seed and the world; the world is unchanged. Macs are never among them: no page of
the vendor's patch API that could be read names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from patchfleet.emulator.qualys.asset import Tag
from patchfleet.emulator.qualys.linux import BASE_PACKAGES, DISTRIBUTIONS, LINUX_LINES
from patchfleet.emulator.qualys.patch import guid
from patchfleet.emulator.seeded_random import SeededRandom, draw, scatter
from patchfleet.emulator.world import Machine, World, make_machine

_SHARED = 0.6
_LINUX_AMONG_OWN = 0.6
_MEMBER, _PILOT, _KEEP_OFF = 1, 2, 3
"""Names of the independent random streams."""

EVERY, WINDOWS, LINUX = "Cloud Agent", "Windows", "Linux"
SERVERS, WORKSTATIONS = "Servers", "Workstations"
PILOT, KEEP_OFF = "Pilot", "Do Not Patch"


@dataclass(frozen=True, slots=True)
class Members:
    """The machines with an agent, and those that only the network scanner found."""

    agents: list[Machine]
    agentless: list[Machine]


def members(seed: int, world: World, start: datetime, exactly: int | None) -> Members:
    """Return the machines Qualys knows; with `exactly`, that number of machines with an agent.

    Raises ValueError for a negative number.
    """
    if exactly is not None and exactly < 0:
        raise ValueError("qualys_assets cannot be negative")
    shared = [
        machine
        for machine in world.machines
        if machine.number not in world.elsewhere
        and machine.system.platform != "macos"
        and draw(seed, _MEMBER, machine.number) < _SHARED
    ]
    shared += [machine for machine in world.elsewhere.values() if machine]
    count = len(world.machines)
    own = max(12, count // 4) if exactly is None else max(0, exactly - len(shared))
    agents = shared[:exactly] + [_own(seed, world, count + place, start) for place in range(own)]
    unseen = range(count + own, count + own + 2 + count // 50)
    return Members(agents, [_own(seed, world, number, start) for number in unseen])


def _own(seed: int, world: World, number: int, start: datetime) -> Machine:
    """Return a machine that no other inventory has; most of them run Linux."""
    random = SeededRandom(seed, "qualys machine", number)
    machine = make_machine(seed, number, random.pick(world.sites), start, all_windows=True)
    if random.happens(_LINUX_AMONG_OWN):
        return replace(machine, system=random.pick(DISTRIBUTIONS).system, lines=(), user="root")
    return machine


def lines_of(seed: int, machine: Machine, at_most: int | None) -> tuple[str, ...]:
    """Return the product lines of a machine; with `at_most`, a random choice of that number."""
    random = SeededRandom(seed, "qualys lines", machine.number)
    lines = machine.lines
    if machine.system.platform == "linux":
        name = next(one.line for one in DISTRIBUTIONS if one.system.name == machine.system.name)
        own = [line for line in LINUX_LINES if line.startswith(f"{name} ")]
        lines = tuple(
            line for place, line in enumerate(own) if place < BASE_PACKAGES or random.happens(0.4)
        )
    if at_most is None:
        return lines
    return tuple({random.pick(lines): None for _ in range(at_most)})


def make_tags(seed: int, world: World) -> dict[str, Tag]:
    """Return the subscription's tags by name: kinds of machine, and one for each customer."""
    names = [EVERY, WINDOWS, LINUX, SERVERS, WORKSTATIONS, PILOT, KEEP_OFF]
    names += [customer.name for customer in world.customers]
    return {
        name: Tag(guid(seed, "tag", name), scatter(place, 10_000_000, 89_999_999), name)
        for place, name in enumerate(names)
    }


def tags_of(seed: int, machine: Machine, tags: Mapping[str, Tag]) -> set[str]:
    """Return the ids of a machine's tags."""
    names = [EVERY, machine.customer.name]
    names.append(LINUX if machine.system.platform == "linux" else WINDOWS)
    names.append(SERVERS if machine.kind == "server" else WORKSTATIONS)
    if draw(seed, _PILOT, machine.number) < 0.15:
        names.append(PILOT)
    if draw(seed, _KEEP_OFF, machine.number) < 0.03:
        names.append(KEEP_OFF)
    return {tags[name].id for name in names}
