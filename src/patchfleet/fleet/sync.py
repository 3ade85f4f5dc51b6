"""One sync of one source: complete, or loudly incomplete.

Laws of this file: every device that was read is recorded at once, so that a broken-off sync goes on
where it stopped; a device that fails is a problem with its reason, never a shorter list; only a run
without problems becomes the current state.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.errors import Forbidden, StoreError, Unauthorized, VendorError
from patchfleet.fleet.coverage import Coverage, compare
from patchfleet.fleet.due import MOVING, Known, due
from patchfleet.fleet.recognise import recognised
from patchfleet.fleet.source import HasJobs, Listing, Source
from patchfleet.models import Device, Gap, Hosts, Inventory, RunRef

if TYPE_CHECKING:
    from patchfleet.store import Run, Store

DEVICES_AT_ONCE = 16
FAILURES_IN_A_ROW = 20
"""After so many devices in a row without an answer the vendor is taken to be gone."""
MOST_GONE = 0.2
"""A larger share of devices does not vanish from one sync to the next, unless a key lost sight."""


class Rules(Struct, frozen=True, kw_only=True):
    """How a sync is made.

    `max_age` is how old the listing of a device, or what is known of a host, may stay where nothing
    says that it changed; zero asks all. `max_calls` ends the sync, incomplete, before it makes
    more. More than `most_gone` of the devices gone at once is not believed, unless `accepts_gone`.
    """

    resume_within: timedelta = timedelta(hours=6)
    fresh: bool = False
    devices_at_once: int = DEVICES_AT_ONCE
    max_age: timedelta = timedelta(0)
    max_calls: int | None = None
    most_gone: float = MOST_GONE
    accepts_gone: bool = False


class Progress(Struct, frozen=True):
    """How far a sync is: `devices` is 0 while the inventory is read; `cost` is calls to come."""

    calls: int
    devices: int
    scanned: int
    findings: int
    problems: int
    cost: int = 0


class Outcome(Struct, frozen=True, kw_only=True):
    """What a sync did, and in `problems`, `gaps` and `vanished` what it could not learn.

    `kept` are devices that were not asked because nothing says that they changed; `unchanged` are
    those whose answer was, to the letter, the one on record; `not_asked` those beyond the budget.
    """

    source: str
    run_id: int
    is_complete: bool
    is_resumed: bool
    as_of: datetime
    customers: int
    devices: int
    scanned: int
    already_scanned: int
    not_patched: int
    findings: int
    new: int
    changed: int
    gone: int
    problems: tuple[Gap, ...]
    gaps: tuple[Gap, ...]
    calls: int = 0
    kept: int = 0
    unchanged: int = 0
    not_asked: int = 0
    vanished: tuple[Gap, ...] = ()


def _utc_now() -> datetime:
    return datetime.now(UTC)


def sync(
    source: Source,
    store: "Store",
    *,
    now: Callable[[], datetime] = _utc_now,
    rules: Rules = Rules(),  # noqa: B008 -- frozen
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Read the whole source into the record and, when nothing failed, make it the current state.

    A run that was broken off is taken up again. What cannot be read of single devices is in the
    outcome's `problems`; an error that concerns all of them (the key, the inventory, the record) is
    raised, and what was recorded stays.
    """
    run = store.begin(source.name, now=now(), resume_within=rules.resume_within, fresh=rules.fresh)
    try:
        return _Sync(source, store, run, rules, now=now, on_progress=on_progress).outcome()
    except BaseException:
        with suppress(StoreError):  # what went wrong first is what matters
            run.stop(now=now())
        raise


class _Sync:
    """The counters of one sync while it runs."""

    def __init__(
        self,
        source: Source,
        store: "Store",
        run: "Run",
        rules: Rules,
        *,
        now: Callable[[], datetime],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._source, self._store, self._run = source, store, run
        self._now, self._rules, self._on_progress = now, rules, on_progress
        self._calls = self._devices = self._scanned = self._findings = self._cost = 0
        self._new = self._changed = self._gone = self._unchanged = 0
        self._problems: list[Gap] = []
        self._odd: list[Gap] = []

    def outcome(self) -> Outcome:
        before = self._store.last_inventory(self._source.name)
        inventory = self._source.inventory(self._count_call, self._remembered())
        self._run.inventory(inventory)
        for gap in inventory.gaps:
            self._run.problem(gap)
        coverage = self._coverage(before, inventory)
        patched = {device.id: device for device in inventory.devices if device.is_patched}
        already = self._run.scanned & patched.keys()
        asked, kept, left_out = self._chosen(
            [device for device in patched.values() if device.id not in already]
        )
        self._devices, self._scanned = len(patched), len(already) + len(kept)
        self._cost = self._source.cost(len(asked))
        self._tell()
        self._run.keep(kept)
        names = {customer.id: customer.name for customer in inventory.customers}
        self._scan([patched[device_id] for device_id in asked], names)
        if left_out:
            used = f"--max-calls {self._rules.max_calls} is used up"
            self._problem(Gap("budget", f"{len(left_out):,} devices were not asked: {used}"))
        if isinstance(self._source, HasJobs):
            self._read_jobs(self._source)
        self._end(inventory)
        return Outcome(
            source=self._source.name,
            run_id=self._run.id,
            is_complete=not self._problems,
            is_resumed=self._run.is_resumed,
            as_of=inventory.as_of,
            customers=len(inventory.customers),
            devices=len(inventory.devices),
            scanned=self._scanned - len(already) - len(kept),
            already_scanned=len(already),
            not_patched=len(inventory.devices) - len(patched),
            findings=self._findings,
            new=self._new,
            changed=self._changed,
            gone=self._gone,
            problems=tuple(self._problems),
            gaps=(*inventory.gaps, *self._odd),
            calls=self._calls,
            kept=len(kept),
            unchanged=self._unchanged,
            not_asked=len(left_out),
            vanished=coverage.vanished,
        )

    def _read_jobs(self, source: HasJobs) -> None:
        """Record what the source's jobs are and did; what cannot be read of them is a problem."""
        if not self._problems:
            jobs = source.jobs(self._count_listing_call, self._over())
            self._run.jobs(jobs)
            for gap in jobs.gaps:
                self._run.problem(gap)

    def _over(self) -> frozenset[RunRef]:
        """Return the runs of jobs that need not be read again: over, and not of these days."""
        if not self._rules.max_age:
            return frozenset()
        before = self._now() - max(self._rules.max_age, timedelta(days=1))
        return self._store.runs_over(self._source.name, before)

    def _end(self, inventory: Inventory) -> None:
        self._run.count_calls(self._calls)
        if self._problems:
            self._run.stop(now=self._now())
        else:
            self._run.machines(recognised(self._store, self._source.name, inventory))
            self._run.complete(now=self._now(), as_of=inventory.as_of)

    def _coverage(self, before: Inventory | None, inventory: Inventory) -> Coverage:
        """Compare with the last complete run; what vanished is said, too much is not believed."""
        coverage = compare(before, inventory)
        for gap in coverage.vanished:
            self._run.problem(gap)
        if coverage.share > self._rules.most_gone and not self._rules.accepts_gone:
            self._problem(
                Gap(
                    "coverage",
                    f"{coverage.share:.0%} of the devices of the last complete sync are gone at "
                    f"once; {coverage.visible}: check the key's rights, or sync again with "
                    "--accept-gone",
                )
            )
        return coverage

    def _chosen(self, devices: list[Device]) -> tuple[list[str], list[str], list[str]]:
        """Return the devices to ask, those to keep as they were listed, and those left out."""
        pressing = due(devices, self._known(), now=self._now(), max_age=self._rules.max_age)
        if pressing and self._source.cost(len(devices)) <= self._source.cost(len(pressing)):
            others = (device.id for device in devices if device.id not in pressing)
            pressing |= dict.fromkeys(others, "costs nothing more")
        asked = list(pressing)
        kept = [device.id for device in devices if device.id not in pressing]
        budget = self._rules.max_calls
        if budget is None:
            return asked, kept, []
        affordable = len(asked)
        while affordable and self._calls + self._source.cost(affordable) > budget:
            affordable -= max(1, self._source.cost(affordable) + self._calls - budget)
        affordable = max(0, affordable)
        return asked[:affordable], kept, asked[affordable:]

    def _remembered(self) -> Hosts | None:
        """Return what is on record of the source's hosts, unless all have to be read again.

        All are where the last time is as long ago as the bound allows, or a clock went back since.
        """
        if not self._rules.max_age:
            return None
        known, now = self._store.hosts(self._source.name), self._now()
        if known is None or known.at > now or now - known.whole_at >= self._rules.max_age:
            return None
        return known

    def _known(self) -> dict[str, Known]:
        """Return what is on record of each device, as far as it may spare a call."""
        if not self._rules.max_age:
            return {}
        listed = self._run.last_listings()
        moving = self._store.moving_since(self._source.name, MOVING)
        changed = self._store.journal.last_changes(self._source.name)
        return {
            device_id: Known(last.at, moving.get(device_id), changed.get(device_id))
            for device_id, last in listed.items()
        }

    def _count_call(self) -> None:
        self._calls += 1
        self._tell()

    def _scan(self, devices: list[Device], customers: dict[str, str]) -> None:
        in_a_row = 0
        known = {
            device_id: last.fingerprint
            for device_id, last in self._run.last_listings().items()
            if last.fingerprint is not None
        }
        listings = self._source.listings(
            devices, known, at_once=self._rules.devices_at_once, on_call=self._count_listing_call
        )
        with closing(listings):
            for device, answer in listings:
                if isinstance(answer, VendorError):
                    in_a_row += 1
                    self._not_read(device, customers[device.customer_id], answer, in_a_row)
                else:
                    in_a_row = 0
                    self._record(device, answer)
                self._tell()

    def _count_listing_call(self) -> None:
        self._calls += 1

    def _record(self, device: Device, listing: Listing) -> None:
        for reason in listing.problems:
            gap = Gap(f"device {device.id} {device.name}", reason, device.customer_id, device.id)
            self._run.problem(gap)
            self._odd.append(gap)
        if listing.findings is None:
            delta = self._run.record_unchanged(device.id, now=self._now())
            self._unchanged += 1
        else:
            delta = self._run.record(
                device.id, listing.findings, now=self._now(), fingerprint=listing.fingerprint
            )
        self._scanned += 1
        self._findings += delta.new + delta.changed + delta.unchanged
        self._new += delta.new
        self._changed += delta.changed
        self._gone += delta.gone

    def _not_read(self, device: Device, customer: str, error: VendorError, in_a_row: int) -> None:
        """Note what a device did not tell, or raise where asking the others is of no use."""
        if isinstance(error, Unauthorized | Forbidden):
            raise error
        subject = f"device {device.id} {device.name} ({customer})"
        self._problem(Gap(subject, error.message, device.customer_id, device.id))
        if in_a_row == FAILURES_IN_A_ROW:
            error.add_note(f"{in_a_row} devices in a row could not be read: gave up")
            raise error

    def _problem(self, gap: Gap) -> None:
        self._run.problem(gap)
        self._problems.append(gap)

    def _tell(self) -> None:
        self._on_progress(
            Progress(
                self._calls,
                self._devices,
                self._scanned,
                self._findings,
                len(self._problems),
                self._cost,
            )
        )
