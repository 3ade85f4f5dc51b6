"""Customers, sites and machines of the emulated world, made from a seed.

Vendor-neutral frozen values; the same seed gives the same world in any process. What a vendor knows
about a machine over time is that vendor's state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from patchfleet.emulator import name_pools
from patchfleet.emulator.product_lines import DRIVERS, EVERY_WINDOWS, THIRD_PARTY
from patchfleet.emulator.schedule import Schedule
from patchfleet.emulator.seeded_random import SeededRandom

Kind = Literal["workstation", "server"]
Platform = Literal["windows", "macos", "linux"]
Restart = Literal["never", "when_required", "always"]


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer; `care` (0 to 1) is how well its machines have been maintained so far."""

    number: int
    name: str
    created_on: date | None
    care: float
    mobile_count: int


@dataclass(frozen=True, slots=True)
class Site:
    """One site; its machines are in the time zone `zone`."""

    number: int
    customer: Customer
    name: str
    zone: ZoneInfo
    created_on: date | None
    external_ip: str


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """One operating system; `line` is the first word of its product lines."""

    platform: Platform
    name: str
    build: str
    line: str


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """One machine as it is when the world begins.

    `lines` names the product lines it has patches of. `silent_days` is the number of days since its
    agent last reported (0: it reports). `is_managed` is whether patching is paid for. `same_as` is
    the number of an older entry of the same machine, `look_alike` the reason why it is hard to
    match.
    """

    number: int
    site: Site
    name: str
    kind: Kind
    system: OperatingSystem
    lines: tuple[str, ...]
    role: str
    description: str
    user: str
    ip: str
    macs: tuple[str, ...]
    manufacturer: str
    model: str
    chassis: int
    serial: str
    product_key: str
    guid: str
    memory_bytes: int
    processor_count: int
    installed_on: date
    restarted_at: datetime
    is_managed: bool
    silent_days: int
    has_blank_times: bool
    schedule: Schedule
    restart: Restart
    restart_time: time
    scan_time: time
    same_as: int | None = None
    look_alike: str | None = None

    @property
    def customer(self) -> Customer:
        """Return the customer that owns the machine."""
        return self.site.customer

    @property
    def itself(self) -> int:
        """Return the number of the physical machine, however many entries it has."""
        return self.number if self.same_as is None else self.same_as


@dataclass(frozen=True, slots=True)
class World:
    """Everything that does not change while the clock moves.

    `elsewhere` are machines that Qualys certainly knows, in a different form, by number: None for
    those it does not know.
    """

    customers: tuple[Customer, ...]
    sites: tuple[Site, ...]
    machines: tuple[Machine, ...]
    elsewhere: Mapping[int, Machine | None] = field(default_factory=dict)


_SYSTEMS: dict[Kind, tuple[tuple[OperatingSystem, int], ...]] = {
    "workstation": (
        (OperatingSystem("windows", "Microsoft Windows 11 Pro", "26100", "windows 11"), 60),
        (OperatingSystem("windows", "Microsoft Windows 10 Pro", "19045", "windows 10"), 30),
        (OperatingSystem("macos", "macOS 15.6", "24G84", ""), 7),
        (OperatingSystem("linux", "Ubuntu 24.04 LTS", "6.8.0", ""), 3),
    ),
    "server": (
        (OperatingSystem(
            "windows", "Microsoft Windows Server 2022 Standard", "20348", "server 2022"), 38),
        (OperatingSystem(
            "windows", "Microsoft Windows Server 2019 Standard", "17763", "server 2019"), 32),
        (OperatingSystem(
            "windows", "Microsoft Windows Server 2025 Standard", "26100", "server 2025"), 12),
        (OperatingSystem(
            "windows", "Microsoft Windows Server 2016 Standard", "14393", "server 2016"), 12),
        (OperatingSystem("linux", "Debian GNU/Linux 12", "6.1.0", ""), 6),
    ),
}  # fmt: skip


def make_world(
    seed: int, *, customers: int, devices: int, start: datetime, all_windows: bool = False
) -> World:
    """Return the world of a seed; raise ValueError for impossible counts.

    With `all_windows` every machine runs Windows and is managed, for measurements.
    """
    if customers < 1 or devices < 0:
        raise ValueError("an emulated world needs at least 1 customer and no fewer than 0 devices")
    firms = tuple(_make_customer(seed, number, start) for number in range(customers))
    sites: list[Site] = []
    for firm in firms:
        _add_sites(seed, firm, sites)
    homes = _share_out(seed, firms, sites, devices)
    machines = tuple(
        make_machine(seed, number, site, start, all_windows=all_windows)
        for number, site in enumerate(homes)
    )
    return World(firms, tuple(sites), machines)


def _make_customer(seed: int, number: int, start: datetime) -> Customer:
    random = SeededRandom(seed, "customer", number)
    turn, place = divmod(number, len(name_pools.CUSTOMERS))
    created_on = start.date() - timedelta(days=random.between(200, 2500))
    return Customer(
        number=number,
        name=name_pools.CUSTOMERS[place] + (f" {turn + 1}" if turn else ""),
        created_on=None if random.happens(0.1) else created_on,
        care=(0.94, 0.6, 0.85)[number % 3] + 0.05 * random.unit(),
        mobile_count=random.between(0, 4) if random.happens(0.5) else 0,
    )


def _add_sites(seed: int, customer: Customer, sites: list[Site]) -> None:
    random = SeededRandom(seed, "sites", customer.number)
    home = random.pick(name_pools.ZONES)
    for place in range(random.between(2, 3)):
        abroad = place > 0 and random.happens(0.3)
        sites.append(
            Site(
                number=len(sites),
                customer=customer,
                name=name_pools.SITES[0]
                if place == 0
                else name_pools.SITES[1 + (customer.number + 2 * place) % 5],
                zone=ZoneInfo(random.pick(name_pools.ZONES) if abroad else home),
                created_on=None if random.happens(0.1) else customer.created_on,
                external_ip=f"203.0.113.{1 + len(sites) % 254}",
            )
        )


def _share_out(
    seed: int, firms: tuple[Customer, ...], sites: list[Site], devices: int
) -> list[Site]:
    """Return the site of each machine: the first customers are large, the last ones small.

    If there are enough machines, each customer has at least one.
    """
    random = SeededRandom(seed, "sharing out")
    weights = [(firm, 1 + 60 // (2 + 3 * rank)) for rank, firm in enumerate(firms)]
    owners = list(firms[:devices])
    owners += [random.weighted(weights) for _ in range(devices - len(owners))]
    places: dict[int, list[Site]] = {}
    for site in sites:
        places.setdefault(site.customer.number, []).append(site)
    owners.sort(key=lambda firm: firm.number)
    homes = []
    for owner in owners:
        own = places[owner.number]
        homes.append(random.weighted([(site, 5 - 2 * rank) for rank, site in enumerate(own)]))
    return sorted(homes, key=lambda site: site.number)


def make_machine(
    seed: int, number: int, site: Site, start: datetime, *, all_windows: bool = False
) -> Machine:
    """Return the machine of this number at a site; its name ends in the number."""
    random = SeededRandom(seed, "machine", number)
    kind: Kind = "server" if random.happens(0.25) else "workstation"
    system = random.weighted(_SYSTEMS[kind][: 2 if all_windows else None])
    maker, model, chassis = random.pick(name_pools.MODELS[kind])
    person = random.pick(name_pools.PEOPLE)
    role = random.pick(name_pools.SERVER_ROLES) if kind == "server" else ""
    short = "".join(word[0] for word in site.customer.name.split() if word[0].isalnum())
    managed = system.platform == "windows" and not random.happens(0.05)
    return Machine(
        number=number,
        site=site,
        name=f"{short.upper()}-{role or ('LT' if chassis in (9, 10) else 'PC')}-{number:04}",
        kind=kind,
        system=system,
        lines=_lines(random, kind, system, role),
        role=role,
        description=f"{role} server" if role else random.pick(name_pools.DEPARTMENTS),
        user="" if role else f"{short.upper()}\\{person}" + (" " if random.happens(0.3) else ""),
        ip=f"10.{site.number % 200}.{number // 250 % 250}.{number % 250 + 2}",
        macs=tuple(_mac(random) for _ in range(random.between(1, 2))),
        manufacturer=maker,
        model=model,
        chassis=chassis,
        serial=random.digits(7, "0123456789BCDFGHJKLMNPQRSTVWXYZ"),
        product_key="-".join(random.digits(5, "BCDFGHJKMPQRTVWXY2346789") for _ in range(5)),
        guid=random.digits(32, "0123456789abcdef"),
        memory_bytes=random.pick((8, 16, 16, 32, 64 if role else 16)) << 30,
        processor_count=random.pick((2, 4) if role else (1, 1)),
        installed_on=start.date() - timedelta(days=random.between(30, 1500)),
        restarted_at=start - timedelta(minutes=random.between(90, 60 * 24 * 21)),
        is_managed=managed or all_windows,
        silent_days=random.between(4, 40) if random.happens(0.05) else 0,
        has_blank_times=random.happens(0.06),
        schedule=_schedule(random, kind),
        restart=random.weighted((("never", 30), ("when_required", 55), ("always", 15))),
        restart_time=time(random.between(4, 6), random.pick((0, 15, 30, 45))),
        scan_time=time(random.between(9, 15), random.between(0, 59)),
    )


def _lines(random: SeededRandom, kind: Kind, system: OperatingSystem, role: str) -> tuple[str, ...]:
    """Return the product lines a machine has patches of; none if it does not run Windows."""
    if system.platform != "windows":
        return ()
    lines = [f"{system.line} {part}" for part in ("cumulative", "dotnet", "servicing")]
    lines += EVERY_WINDOWS
    if kind == "server":
        lines += ["sql server 2022" if random.happens(0.5) else "sql server 2019"] * (role == "SQL")
        lines += ["exchange"] * (role == "APP")
        return tuple(lines + [line for line in THIRD_PARTY if random.happens(0.12)])
    lines += ["feature"] * (system.line == "windows 11") + list(DRIVERS)
    lines += ["office", "outlook"] if random.happens(0.75) else []
    return tuple(lines + [line for line in THIRD_PARTY if random.happens(0.4)])


def _schedule(random: SeededRandom, kind: Kind) -> Schedule:
    """Return when a machine installs: servers in nights of the week-end, others mostly daily."""
    at = time(random.between(0, 5), random.pick((0, 15, 30, 45)))
    if kind == "server":
        weekly = Schedule("weekly", at, (5, 6) if random.happens(0.5) else (6,))
        monthly = Schedule("monthly", at, (random.pick((5, 6)),), random.between(2, 4))
        return random.weighted(((weekly, 70), (monthly, 20), (Schedule("manual"), 10)))
    noon = time(12, random.pick((0, 15, 30)))
    week = Schedule("weekly", noon, random.pick(((0, 2, 4), (1, 3), (2,), (3,))))
    return random.weighted(((Schedule("daily", noon), 55), (week, 38), (Schedule("manual"), 7)))


def _mac(random: SeededRandom) -> str:
    return ":".join(["02", *(random.digits(2, "0123456789ABCDEF") for _ in range(5))])
