"""Which devices a sync has to ask, where each costs a call of its own.

A device is asked when it was never listed, when we changed something on it since, when it was
restarted since, when something on it is in motion and it has been heard of since, and at the latest
when its listing is as old as the bound allows. The oldest come first, so that a sync that may not
ask all of them still sweeps the whole fleet in turn.

Law of this file: pure; nothing is left out but for a reason, and the bound holds whatever a vendor
leaves unsaid.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet.models import Device

MARGIN = timedelta(hours=1)
"""How far the clocks of a vendor and of this machine may be apart."""


class Known(Struct, frozen=True):
    """What is on record of a device: when it was listed, and whether something is in motion."""

    listed_at: datetime
    is_in_motion: bool = False
    changed_at: datetime | None = None


def due(
    devices: Iterable[Device],
    known: Mapping[str, Known],
    *,
    now: datetime,
    max_age: timedelta,
) -> dict[str, str]:
    """Return which devices have to be asked and why, the most pressing first.

    `max_age` is how old a listing may be at the end of a sync begun at `now`; zero asks everybody.
    """
    reasons: list[tuple[int, datetime, str, str]] = []
    for device in devices:
        rank, reason = _reason(device, known.get(device.id), now, max_age)
        if reason:
            about = known.get(device.id)
            listed_at = about.listed_at if about else datetime.min.replace(tzinfo=now.tzinfo)
            reasons.append((rank, listed_at, device.id, reason))
    reasons.sort()
    return {device_id: reason for *_, device_id, reason in reasons}


def _reason(
    device: Device, about: Known | None, now: datetime, max_age: timedelta
) -> tuple[int, str]:
    if about is None:
        return 0, "never listed"
    since = about.listed_at - MARGIN
    seen_since = device.last_seen_at is None or device.last_seen_at >= since
    for rank, applies, reason in (
        (1, about.changed_at is not None and about.changed_at >= since, "changed by us"),
        (2, now - about.listed_at >= max_age, "as old as it may be"),
        (2, about.listed_at > now, "listed in the future: a clock went back"),
        (3, device.last_boot_at is not None and device.last_boot_at >= since, "restarted"),
        (3, about.is_in_motion and seen_since, "in motion"),
    ):
        if applies:
            return rank, reason
    return 9, ""


MOVING = frozenset({"pending", "installing", "reboot_required"})
"""States that change by themselves: at the next window, or the next restart."""
