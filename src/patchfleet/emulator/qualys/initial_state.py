"""Initial patches of each asset, and what its scans find later.

A function of the seed, the asset and event times. An agent scans once a day at its machine's own
time and finds what the catalogue lists by then; a silent one finds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine

Lines = Mapping[str, Sequence[CataloguePatch]]
_DAY = timedelta(days=1)


def last_scan(machine: Machine, until: datetime) -> datetime:
    """Return the last scan of a machine by `until`, UTC; before today's scan, yesterday's."""
    zone = machine.site.zone
    today = until.astimezone(zone).date()
    at = datetime.combine(today, machine.scan_time, zone).astimezone(UTC)
    if at > until:
        at = datetime.combine(today - _DAY, machine.scan_time, zone).astimezone(UTC)
    return at


def begin(seed: int, asset: Asset, lines: Lines, start: datetime, kept: int) -> None:
    """Set an asset's patches at `start`: up to `kept` releases of each of its lines.

    A machine is some releases behind in a line, more often if its customer cares less; newer ones
    are missing, the rest is installed.
    """
    machine = asset.machine
    asset.scanned_at = last_scan(machine, start - _DAY * machine.silent_days)
    random = SeededRandom(seed, "qualys history", machine.number)
    for line in asset.lines:
        known = list(_newest(lines.get(line, ()), asset.scanned_at, kept))
        behind = 0 if random.happens(machine.customer.care) else random.between(1, 4)
        if known and asset.scanned_at - known[0].listed_at < 4 * _DAY and random.happens(0.7):
            behind = max(1, behind)
        _live_through(asset, known, behind, random)


def find(asset: Asset, lines: Lines, now: datetime) -> None:
    """Let the scans up to `now` find what was listed since the previous one."""
    assert asset.scanned_at is not None
    if not asset.is_reporting:
        return
    before, asset.scanned_at = asset.scanned_at, last_scan(asset.machine, now)
    for line in asset.lines:
        for patch in _newest(lines.get(line, ()), asset.scanned_at, None):
            if patch.listed_at <= before:
                break
            asset.missing_now[patch.uuid] = patch
            patch.missing_count += 1
            asset.revision += 1


def _newest(
    patches: Sequence[CataloguePatch], until: datetime, count: int | None
) -> Iterator[CataloguePatch]:
    """Yield the `count` newest patches of a line listed by `until`, newest first."""
    for patch in reversed(patches):
        if patch.listed_at <= until:
            if count == 0:
                return
            yield patch
            count = None if count is None else count - 1


def _live_through(
    asset: Asset, known: Sequence[CataloguePatch], behind: int, random: SeededRandom
) -> None:
    """Sort a line's releases, newest first, into missing, waiting for a restart and installed."""
    for place, patch in enumerate(known):
        if place < behind:
            asset.missing_now[patch.uuid] = patch
            patch.missing_count += 1
        elif place == behind and patch.reboot_required and random.happens(0.1):
            asset.reboot_pending_now[patch.uuid] = patch
            patch.missing_count += 1
        else:
            asset.installed_now[patch.uuid] = patch
            patch.installed_count += 1
