"""Daily syncs of an invented fleet into a store.

Generating the listings is not counted; everything that the store does with them is, from the start
of a run to its publication.
"""

from datetime import datetime

from benchmarks.invented import BEGIN, DAY, Invented, device_id, fingerprint
from benchmarks.processes import Used
from patchfleet.models import Finding
from patchfleet.store import Run, Store

SOURCE = "invented"
AT_ONCE = 100
"""Listings generated at a time, and then recorded."""
CHANGED_SHARE = 0.02
"""The share of findings that differ from the day before."""

Listed = tuple[str, str, list[Finding] | None]
"""A device, the fingerprint of its listing, and the listing if it has changed."""


class Days:
    """A fleet on consecutive days."""

    def __init__(self, store: Store, fleet: Invented) -> None:
        self._store, self._fleet = store, fleet
        self._changes = [0] * fleet.devices
        self._day = 0

    def next(self, every: int = 1) -> Used:
        """Record and publish the fleet of the next day; return the resources used.

        After the first day, changes are on every `every`-th device.
        """
        if self._day:
            more = max(1, round(CHANGED_SHARE * self._fleet.patches * every))
            for number in range(self._day % every, self._fleet.devices, every):
                self._changes[number] += more
        inventory, now = self._fleet.inventory(self._day), BEGIN + self._day * DAY
        begin = Used.so_far()
        run = self._store.begin(SOURCE, now=now)
        run.inventory(inventory)
        known = {number: last.fingerprint for number, last in run.last_listings().items()}
        used = Used.so_far().since(begin)
        for start in range(0, self._fleet.devices, AT_ONCE):
            end = min(start + AT_ONCE, self._fleet.devices)
            listed = [self._listed(number, known) for number in range(start, end)]
            begin = Used.so_far()
            _record(run, listed, now)
            used = used.and_since(begin)
        begin = Used.so_far()
        run.complete(now=now, as_of=now)
        self._day += 1
        return used.and_since(begin)

    def _listed(self, number: int, known: dict[str, str | None]) -> Listed:
        device, changes = device_id(number), self._changes[number]
        digest = fingerprint(number, changes)
        is_known = known.get(device) == digest
        return device, digest, None if is_known else self._fleet.listing(number, changes)


def _record(run: Run, listed: list[Listed], now: datetime) -> None:
    for device, digest, findings in listed:
        if findings is None:
            run.record_unchanged(device, now=now)
        else:
            run.record(device, findings, now=now, fingerprint=digest)
