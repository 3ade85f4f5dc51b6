"""Which devices a sync has to ask, where each costs a call of its own.

One rule for whatever may spare a call: a listing of this very run, which was broken off, and one
that is young enough. A device is asked when it was never listed, when we changed something on it
since, when it was restarted since, when something on it is in motion and it has been heard of
since, and at the latest when its listing is as old as the bound allows. What was in motion for so
long when it was listed is left for as long again: a patch approved today is looked after daily, one
that has been pending for a week is not, or most of a quiet fleet would be asked for nothing. The
oldest come first, so that a sync that may not ask all of them still sweeps the whole fleet in turn.

Law of this file: pure; nothing is left out but for a reason, and the bound holds whatever a vendor
leaves unsaid.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet.models import Device

MARGIN = timedelta(hours=1)
"""How far the clocks of a vendor and of this machine may be apart."""


class LastListing(Struct, frozen=True):
    """What is on record of a device: when it was listed, and since when something is in motion.

    `changed_at` is when we last changed something on it. One that was read by this very run, before
    that was broken off, `is_read`: only a change of ours is a reason to ask it again.
    """

    listed_at: datetime
    moving_since: datetime | None = None
    changed_at: datetime | None = None
    is_read: bool = False


def devices_to_refresh(
    devices: Iterable[Device],
    known: Mapping[str, LastListing],
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
    device: Device, about: LastListing | None, now: datetime, max_age: timedelta
) -> tuple[int, str]:
    if about is None:
        return 0, "never listed"
    since = about.listed_at - MARGIN
    if about.changed_at is not None and about.changed_at >= since:
        return 1, "changed by us"
    if about.is_read:
        return 9, ""
    for rank, applies, reason in (
        (2, now - about.listed_at >= max_age, "as old as it may be"),
        (2, about.listed_at > now, "listed in the future: a clock went back"),
        (3, device.last_boot_at is not None and device.last_boot_at >= since, "restarted"),
        (3, _may_have_moved(device, about, now), "in motion"),
    ):
        if applies:
            return rank, reason
    return 9, ""


def _may_have_moved(device: Device, about: LastListing, now: datetime) -> bool:
    """Say whether it was heard of since, and not listed for as long as things moved before."""
    if about.moving_since is None:
        return False
    is_heard = device.last_seen_at is None or device.last_seen_at >= about.listed_at - MARGIN
    return is_heard and now - about.listed_at >= about.listed_at - about.moving_since


TRANSIENT_STATES = frozenset({"pending", "installing"})
"""States that change without a sign, at the next window; a restart is a sign of its own."""
