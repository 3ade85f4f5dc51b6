"""Choice of the devices to read again, for sources where each read costs one API call.

A device is read if it was never listed, if Patchfleet changed it since, if it was restarted since,
if a patch was in a transient state and the device was seen since, or if its listing is `max_age`
old. The wait for a transient state doubles (listed after a week of pending: again in a week), or
most of an idle fleet would be read for nothing. The oldest listings come first, so that a sync
with a budget of calls still reaches the whole fleet in turn.

Invariant: no listing gets older than `max_age`, whatever a vendor omits
(tests/fleet/test_refresh.py).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet.models import Device, State

MARGIN = timedelta(hours=1)
"""Largest accepted difference between the clocks of a vendor and of this machine."""


class LastListing(Struct, frozen=True):
    """The last listing of a device: its time, and since when a patch is in a transient state.

    `changed_at` is the time of Patchfleet's last change on the device. A device that `is_read` was
    listed by this run before it was interrupted: only a later change is a reason to read it again.
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
    """Return the devices to read, each with the reason, the most urgent first.

    `max_age` is the age a listing may have at the end of a sync begun at `now`; zero reads all.
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
    """Return whether it was seen since, and the wait for its transient state is over."""
    if about.moving_since is None:
        return False
    is_seen = device.last_seen_at is None or device.last_seen_at >= about.listed_at - MARGIN
    return is_seen and now - about.listed_at >= about.listed_at - about.moving_since


TRANSIENT_STATES: frozenset[State] = frozenset({"pending", "installing"})
"""States that end at the next installation window without a sign, unlike a restart."""
