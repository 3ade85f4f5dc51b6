"""An invented fleet generated while it is read: devices, and their patches day by day.

The same size gives the same fleet, and a listing is generated on request, so that no side of a
comparison holds the fleet in memory.
"""

from datetime import UTC, datetime, timedelta
from random import Random

from patchfleet.models import (
    SEVERITIES,
    Customer,
    Decision,
    Device,
    Finding,
    FindingStatus,
    Inventory,
    Patch,
    Severity,
    Site,
    State,
)

BEGIN = datetime(2026, 11, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
DEVICES_A_CUSTOMER = 250
_PATCHES = 4000
_NIGHTS = 400
_NIGHT_MINUTES = 120
"""Patches are installed in some night, within these minutes."""


def _condition(state: State, decision: Decision, *, is_own: bool = False) -> FindingStatus:
    """Return a status; the source's words are Patchfleet's own, in title case."""
    words = (word.replace("_", " ").title() for word in (state, decision))
    return FindingStatus(state, decision, is_own, *words)


_INSTALLED = _condition("installed", "approve")
_ON_ITS_OWN = _condition("installed", "approve", is_own=True)
_OF_A_HUNDRED = (
    (70, _INSTALLED),
    (10, _ON_ITS_OWN),
    (7, _condition("missing", "do_nothing")),
    (5, _condition("pending", "approve")),
    (3, _condition("ignored", "ignore", is_own=True)),
    (2, _condition("failed", "approve")),
    (2, _condition("reboot_required", "approve")),
    (1, _condition("installing", "approve")),
)
_CONDITIONS = [condition for count, condition in _OF_A_HUNDRED for _ in range(count)]
_SEVERITIES: list[Severity] = [
    severity
    for count, severity in zip((15, 45, 25, 10, 5), SEVERITIES, strict=True)
    for _ in range(count)
]


class Invented:
    """`devices` machines with `patches` findings each."""

    def __init__(self, devices: int, patches: int) -> None:
        self.devices, self.patches = devices, patches
        self.findings = devices * patches
        self._known = [_patch(number) for number in range(_PATCHES)]
        last = BEGIN.replace(hour=2)
        self._times = [
            last - night * DAY + timedelta(minutes=minute)
            for night in range(_NIGHTS)
            for minute in range(_NIGHT_MINUTES)
        ]

    def inventory(self, day: int) -> Inventory:
        """Return every customer, site and device, as of a day."""
        at = BEGIN + day * DAY
        customers = max(1, self.devices // DEVICES_A_CUSTOMER)
        sites = 4 * customers
        return Inventory(
            as_of=at,
            customers=tuple(
                Customer(id=str(number), name=f"Customer {number}") for number in range(customers)
            ),
            sites=tuple(
                Site(id=str(number), customer_id=str(number % customers), name=f"Site {number}")
                for number in range(sites)
            ),
            devices=tuple(
                Device(
                    id=device_id(number),
                    site_id=str(number % sites),
                    customer_id=str(number % customers),
                    name=f"PC-{number}",
                    kind="workstation" if number % 5 else "server",
                    os="Windows 11",
                    last_seen_at=at,
                )
                for number in range(self.devices)
            ),
        )

    def listing(self, number: int, changes: int = 0) -> list[Finding]:
        """Return the findings of a device; `changes` of them differ from the first day."""
        known, times, patches = self._known, self._times, self.patches
        listed = []
        # Repeatable, but without a pattern: one would make smaller files than a real fleet.
        chance = Random(number).getrandbits  # noqa: S311 -- nothing is secret here
        for place in range(patches):
            condition, at = _CONDITIONS[chance(32) % 100], times[chance(32) % len(times)]
            if 37 * place % patches < changes:
                condition = _ON_ITS_OWN if condition is _INSTALLED else _INSTALLED
            finding_id = str(100_000_000 + number * patches + place)
            patch = known[(37 * number + 7 * place) % _PATCHES]
            is_installed = condition.state == "installed"
            listed.append(Finding(finding_id, patch, condition, at if is_installed else None))
        return listed


def device_id(number: int) -> str:
    """Return the source's id of a device."""
    return str(1_000_000 + number)


def fingerprint(number: int, changes: int) -> str:
    """Return the fingerprint of a listing, as long as that of a real answer."""
    return f"{number:056x}{changes:08x}"


def _patch(number: int) -> Patch:
    """Return a patch."""
    return Patch(
        title=f"2026-{number % 12 + 1:02} Cumulative Update for Windows 11 ({number:04})",
        product="Windows 11",
        kb=str(5_000_000 + number),
        severity=_SEVERITIES[Random(number).randrange(100)],  # noqa: S311 -- nothing is secret
        vendor_severity="Critical",
        released_at=BEGIN.replace(hour=0) - (number % _NIGHTS) * DAY,
        url=f"https://example.com/{number}",
        is_installable=True,
        is_removable=False,
    )
