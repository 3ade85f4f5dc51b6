"""Initial patch list of each device, with a history of about three years.

Most rows are installed; the rest fits the policies, the schedule and the customer's care. A row is
Failed, Reboot Required or set by a user only for a visible reason.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from patchfleet.emulator.catalogue import Catalogue, Patch
from patchfleet.emulator.nsight.device import (
    FAILED,
    IGNORED,
    INSTALLED,
    MISSING,
    PENDING,
    REBOOT_REQUIRED,
    Device,
    Row,
    Ticker,
    plan_restart,
)
from patchfleet.emulator.nsight.ids import device_id
from patchfleet.emulator.nsight.policies import (
    APPROVE,
    BY_USER,
    DO_NOTHING,
    IGNORE,
    feature_policy,
)
from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine

_YEARS = timedelta(days=3 * 365)
_MINUTE = timedelta(minutes=1)


def make_device(
    seed: int,
    machine: Machine,
    catalogue: Catalogue,
    ticker: Ticker,
    *,
    start: datetime,
    patches: int,
    exactly: bool,
) -> Device:
    """Return a device with its rows as of `start`: about `patches`, or `exactly` that number."""
    seen_at = start - timedelta(days=machine.silent_days)
    device = Device(
        machine=machine,
        deviceid=device_id(machine),
        policy=feature_policy(seed, machine),
        rows={},
        settled_at=start,
        scanned_at=seen_at,
        restarted_at=machine.restarted_at - timedelta(days=machine.silent_days),
    )
    if not machine.is_managed:
        return device
    random = SeededRandom(seed, "nsight history", machine.number)
    count = patches if exactly else round(patches * (0.8 + 0.4 * random.unit()))
    care = 1 - (1 - machine.customer.care) * (0.4 + random.unit())
    for patch in _chosen(catalogue, machine, seen_at, count, random):
        _live_through(device, ticker.add_row(device, patch), seen_at, care, random)
    if machine.restart != "never" and any(
        row.status == REBOOT_REQUIRED for row in device.rows.values()
    ):
        plan_restart(device, start)
    return device


def _chosen(
    catalogue: Catalogue, machine: Machine, until: datetime, count: int, random: SeededRandom
) -> list[Patch]:
    """Return `count` patches: the newest third, and an even sample of the older ones."""
    if count == 0:
        return []
    reach = _YEARS
    pool = catalogue.released_for(machine.lines, until - reach, until)
    while len(pool) < count:
        reach += _YEARS
        if reach > 8 * _YEARS:
            raise ValueError(f"at most {len(pool)} patches for a device; {count} were asked for")
        pool = catalogue.released_for(machine.lines, until - reach, until)
    newest = max(1, count // 3)
    older, recent = pool[: len(pool) - newest], pool[len(pool) - newest :]
    wanted = count - newest
    bounds = [place * len(older) // wanted for place in range(wanted + 1)] if wanted else [0]
    sample = [older[random.between(low, high - 1)] for low, high in pairwise(bounds)]
    return sample + recent


def _live_through(
    device: Device, row: Row, seen_at: datetime, care: float, random: SeededRandom
) -> None:
    """Give a row the status it has after the time since its patch was released."""
    age_days = (seen_at - row.patch.released_at).days
    if random.happens(0.02):
        choice = random.weighted(((APPROVE, 60), (IGNORE, 25), (DO_NOTHING, 15)))
        row.policy = choice + BY_USER
        row.status = device.settled_status(row)
    if row.status == IGNORED or (not row.patch.is_deployable and random.happens(0.6)):
        return
    if age_days < 2 or not random.happens(_installed_by_now(row, age_days, care)):
        _leave_open(device, row, age_days, random)
        return
    row.status, row.attempts = INSTALLED, 1
    if (
        row.patch.is_deployable
        and row.patch.restart > 0.5
        and age_days < 21
        and random.happens(0.3)
    ):
        row.status = REBOOT_REQUIRED
    by_us = row.patch.is_deployable and random.happens(0.85)
    if row.status == REBOOT_REQUIRED or by_us:
        waited = _MINUTE * (1440 + random.below(1440 * min(age_days - 1, 24)))
        row.installed_at = row.patch.released_at + waited


def _installed_by_now(row: Row, age_days: int, care: float) -> float:
    """Return the probability that a patch of this age is installed."""
    if row.status == PENDING:
        return 0.985 if age_days > 35 else 0.55 + 0.4 * care
    if age_days > 120:
        return 0.72 + 0.28 * care
    return care * min(1.0, 0.25 + age_days / 75)


def _leave_open(device: Device, row: Row, age_days: int, random: SeededRandom) -> None:
    """Decide between Failed and still open for a row that is not installed."""
    tried = row.status == PENDING and device.machine.schedule.kind != "manual" and age_days > 8
    if row.patch.is_deployable and (tried or (row.status == MISSING and random.happens(0.04))):
        if tried and random.happens(0.15):
            return
        row.status = FAILED
        row.attempts = row.tries = device.policy.attempts
