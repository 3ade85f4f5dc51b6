"""Sync of one source into the record: complete, or loudly incomplete.

Invariants:
- each device is recorded as soon as it is read, and an interrupted sync continues there
  (tests/fleet/test_sync_interrupted.py);
- a device that fails is a problem with its reason, never a shorter list
  (tests/fleet/test_sync_faults.py);
- only a run without problems becomes the current state (tests/fleet/test_sync_of_a_source.py);
- an accepted device keeps its last listing and is named (tests/fleet/test_sync_unread.py).
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from patchfleet.errors import Forbidden, StoreError, Unauthorized, VendorError
from patchfleet.fleet.coverage import CoverageLoss, age_of, compare, completed
from patchfleet.fleet.customers import CustomerMap, inherit_customers, inherit_recognised
from patchfleet.fleet.matching.all_sources import match_all_sources
from patchfleet.fleet.outcome import (
    LostDevice,
    SyncOptions,
    SyncProgress,
    SyncResult,
    UnreadDevice,
    subject_of,
)
from patchfleet.fleet.refresh import TRANSIENT_STATES, LastListing, devices_to_refresh
from patchfleet.fleet.same_account import account_of, check_account
from patchfleet.fleet.source import DeviceListing, HasJobs, Source
from patchfleet.fleet.sync_end import ended_by, reason_of
from patchfleet.fleet.sync_jobs import JobSync
from patchfleet.models import Device, Gap, Inventory, SourceState
from patchfleet.models.fleet import OF_ACCOUNT

if TYPE_CHECKING:
    from patchfleet.store import Run, Store
    from patchfleet.store.types import ListedRow

FAILURES_IN_A_ROW = 20
"""Failed devices in a row after which the sync gives up: the vendor is unreachable."""
REFUSALS_IN_A_ROW = 3
"""Forbidden devices in a row after which the sync gives up: the key may read none."""
PASSES = 3
"""Passes over devices that Patchfleet changes during the sync."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def sync(
    source: Source,
    store: "Store",
    *,
    now: Callable[[], datetime] = _utc_now,
    rules: SyncOptions = SyncOptions(),  # noqa: B008 -- frozen
    customers: CustomerMap = CustomerMap(),  # noqa: B008 -- never changes
    on_progress: Callable[[SyncProgress], None] = lambda _: None,
) -> SyncResult:
    """Read the whole source into the record and, when nothing failed, make it the current state.

    An interrupted run is resumed. An account that is not the one on record under this name is
    refused before anything is recorded (`WrongAccount`). A device that cannot be read is among the
    `problems` of the result; an error that concerns all devices (the key, the inventory, the
    record) is raised, and everything recorded so far stays. `customers` maps customers to common
    ones.
    """
    calls = _Calls()
    listed: Inventory | BaseException | None
    try:
        listed = check_account(source, store, calls.count)
    except (VendorError, KeyboardInterrupt) as error:
        listed = error  # recorded below, as of any sync that could not read the inventory
    is_checked = not isinstance(listed, BaseException)
    run = store.begin(
        source.name,
        now=now(),
        resume_within=rules.resume_within,
        fresh=rules.fresh,
        account=account_of(source) if is_checked else None,
    )
    try:
        one = _Sync(source, store, run, rules, customers, now=now, on_progress=on_progress)
        return one.outcome(listed, calls.number)
    except BaseException as error:
        with suppress(StoreError):  # the first error is the one to report
            for gap in ended_by(error):
                run.problem(gap)
            run.stop(now=now())
        raise


class _Calls:
    """The calls that were made before a run began."""

    def __init__(self) -> None:
        self.number = 0

    def count(self) -> None:
        self.number += 1


class _Choice(NamedTuple):
    """Ids of devices: to read, read before the interruption, kept, and beyond the budget."""

    asked: list[str]
    already: list[str]
    kept: list[str]
    left_out: list[str]


class _Sync:
    """The counters of one sync while it runs."""

    def __init__(
        self,
        source: Source,
        store: "Store",
        run: "Run",
        rules: SyncOptions,
        customers: CustomerMap,
        *,
        now: Callable[[], datetime],
        on_progress: Callable[[SyncProgress], None],
    ) -> None:
        self._source, self._store, self._run = source, store, run
        self._now, self._rules, self._on_progress = now, rules, on_progress
        self._map = customers
        self._calls = self._devices = self._scanned = self._cost = 0
        self._new = self._changed = self._gone = self._unchanged = 0
        self._patches = 0
        self._read: dict[str, int] = {}
        self._problems: list[Gap] = []
        self._unread: dict[str, UnreadDevice] = {}
        self._job_gaps: list[Gap] = []
        self._odd: list[Gap] = []
        self._customers: dict[str, str] = {}
        self._listed: dict[str, ListedRow] = {}

    def outcome(self, listed: Inventory | BaseException | None, calls: int) -> SyncResult:
        """Read the source; `listed` is its inventory, or why it failed, if asked for before."""
        self._calls = calls
        if isinstance(listed, BaseException):
            raise listed
        before = self._store.sources.last_inventory(self._source.name)
        if listed is None:
            listed = self._source.inventory(self._count_call, self._remembered())
        mapped = self._map.apply(listed)
        return self._recorded(before, inherit_customers(self._source.name, mapped, self._store))

    def _recorded(self, before: Inventory | None, listed: Inventory) -> SyncResult:
        """Record an inventory, the listings of its devices, and the jobs."""
        coverage = compare(before, listed, accepts_missing=self._rules.accepts_missing)
        inventory = completed(before, listed, coverage.lost)
        self._run.inventory(inventory)
        self._listed = self._run.last_listings()
        self._customers = {customer.id: customer.name for customer in inventory.customers}
        for gap in inventory.gaps:
            self._run.problem(gap)
        unlisted = self._covered(coverage, {device.id: device for device in inventory.devices})
        choice = self._read_devices(
            [one for one in inventory.devices if one.is_patched and one.id not in unlisted]
        )
        if isinstance(self._source, HasJobs):
            jobs = JobSync(
                self._source, self._source.name, self._store, self._run, self._rules, now=self._now
            )
            if not self._problems:
                jobs.read(self._count_listing_call)
            self._problems += jobs.problems
            self._job_gaps = jobs.gaps
        self._end(inventory)
        return SyncResult(
            source=self._source.name,
            run_id=self._run.id,
            is_complete=not self._problems,
            is_resumed=self._run.is_resumed,
            as_of=inventory.as_of,
            customers=sum(one.id[:1] != OF_ACCOUNT for one in inventory.customers),
            devices=len(inventory.devices),
            scanned=len(self._read.keys() - choice.already),
            already_scanned=len(choice.already),
            not_patched=sum(not device.is_patched for device in inventory.devices),
            findings=self._patches,
            new=self._new,
            changed=self._changed,
            gone=self._gone,
            problems=tuple(self._problems),
            gaps=(*inventory.gaps, *self._odd),
            calls=self._calls,
            kept=len(choice.kept),
            unchanged=self._unchanged,
            not_asked=len(choice.left_out),
            vanished=coverage.vanished,
            lost=coverage.lost,
            unread=tuple(self._unread.values()),
            job_gaps=tuple(self._job_gaps),
        )

    def _read_devices(self, devices: list[Device]) -> "_Choice":
        """Record the listings of all devices that have to be read."""
        patched = {device.id: device for device in devices}
        began = self._now()
        choice = self._chosen(devices)
        self._devices, self._scanned = len(patched), len(choice.already) + len(choice.kept)
        self._cost = self._source.cost(len(choice.asked))
        self._report()
        self._run.keep(choice.kept)
        self._scan([patched[device_id] for device_id in choice.asked])
        if choice.left_out:
            self._over_budget(len(choice.left_out))
        else:
            self._scan_what_we_changed(patched, began)
        return choice

    def _covered(self, coverage: CoverageLoss, devices: dict[str, Device]) -> set[str]:
        """Record what is missing; return the devices that keep their last listing.

        A loss above `max_missing` is a problem.
        """
        for gap in coverage.vanished:
            self._run.problem(gap)
        for lost in coverage.lost:
            if lost.is_kept:
                self._not_read(devices[lost.device_id], lost.reason)
            else:
                self._run.problem(_gap_of(lost))
        if coverage.share > self._rules.max_missing and not self._rules.accepts_missing:
            self._problem(
                Gap(
                    "coverage",
                    f"{coverage.share:.0%} of the devices of the last complete sync are gone at "
                    f"once; {coverage.visible}: check the key's rights, or sync again with "
                    "--accept-missing",
                )
            )
        return {lost.device_id for lost in coverage.lost if lost.is_kept}

    def _end(self, inventory: Inventory) -> None:
        self._run.count_calls(self._calls)
        if self._problems:
            self._run.stop(now=self._now())
        else:
            name = self._source.name
            identity = match_all_sources(self._store, name, inventory)
            housed = inherit_recognised(name, inventory, identity, self._store)
            if housed is not inventory:
                self._run.inventory(housed)
            self._run.machines(identity)
            self._run.complete(now=self._now(), as_of=inventory.as_of)

    def _chosen(self, devices: list[Device]) -> "_Choice":
        """Sort devices into those to read and the others, by reason."""
        known = self._known()
        pressing = devices_to_refresh(devices, known, now=self._now(), max_age=self._rules.max_age)
        others = [device.id for device in devices if device.id not in pressing]
        already = [device_id for device_id in others if known[device_id].is_read]
        kept = [device_id for device_id in others if not known[device_id].is_read]
        may_ask = len(pressing) + len(kept)
        if pressing and self._source.cost(may_ask) <= self._source.cost(len(pressing)):
            pressing |= dict.fromkeys(kept, "costs nothing more")
            kept = []
        asked = list(pressing)
        affordable = self._affordable(len(asked))
        return _Choice(asked[:affordable], already, kept, asked[affordable:])

    def _affordable(self, devices: int) -> int:
        """Return how many of `devices` devices can be read within `max_calls`."""
        budget = self._rules.max_calls
        if budget is None:
            return devices
        while devices > 0 and self._calls + self._source.cost(devices) > budget:
            devices -= max(1, self._source.cost(devices) + self._calls - budget)
        return max(0, devices)

    def _over_budget(self, devices: int) -> None:
        reason = (
            f"{devices:,} devices were not asked: --max-calls {self._rules.max_calls} is used up"
        )
        self._problem(Gap("budget", reason))

    def _remembered(self) -> SourceState | None:
        """Return the recorded state of the source, stale if all hosts have to be read again.

        It is stale once `max_age` has passed since they were, or if a clock went back.
        """
        known, now = self._store.sources.state(self._source.name), self._now()
        if known is None:
            return None
        max_age = self._rules.max_age
        is_stale = not max_age or known.at > now or now - known.whole_at >= max_age
        return msgspec.structs.replace(known, is_stale=is_stale)

    def _known(self) -> dict[str, LastListing]:
        """Return the last listing of each device, as far as it can save a call.

        If devices share responses, listings of this run from before an interruption save none: one
        wrong response may be behind all of them.
        """
        read = self._run.scanned
        is_read = {
            device_id: device_id in read and last.at >= self._run.started_at
            for device_id, last in self._listed.items()
        }
        changed = self._changed_by_us()
        moving = (
            self._store.sources.last_changes(self._source.name, TRANSIENT_STATES)
            if self._rules.max_age
            else {}
        )
        return {
            device_id: LastListing(
                last.at,
                moving.get(device_id),
                changed.get(device_id),
                # A listing that this run kept before the interruption is of an earlier run.
                is_read=is_read[device_id],
            )
            for device_id, last in self._listed.items()
            if (self._rules.max_age or device_id in read)
            and (self._source.has_a_call_for_each_device or not is_read[device_id])
        }

    def _changed_by_us(self) -> dict[str, datetime]:
        """Return when Patchfleet last changed each device; a job may have changed all of them."""
        changed = self._store.journal.last_changes(self._source.name)
        of_all = changed.get("")
        if of_all is None or not isinstance(self._source, HasJobs):
            return changed
        ids = {*self._listed, *self._run.scanned}
        return {device_id: max(changed.get(device_id, of_all), of_all) for device_id in ids}

    def _count_call(self) -> None:
        self._calls += 1
        self._report()

    def _scan(self, devices: Sequence[Device]) -> None:
        in_a_row = 0
        known = {
            device_id: last.fingerprint
            for device_id, last in self._run.last_listings().items()
            if last.fingerprint is not None
        }
        listings = self._source.listings(
            devices, known, at_once=self._rules.concurrency, on_call=self._count_listing_call
        )
        with closing(listings):
            for device, answer in listings:
                if isinstance(answer, VendorError):
                    # A device that failed in an earlier run is no sign that the vendor fails now.
                    in_a_row += not self._run.attempts(device.id)
                    self._failed(device, answer, in_a_row)
                else:
                    in_a_row = 0
                    self._record(device, answer)
                self._report()

    def _scan_what_we_changed(self, patched: dict[str, Device], since: datetime) -> None:
        """Read again the devices that Patchfleet changed during the sync."""
        for _ in range(PASSES):
            changed = self._changed_by_us()
            again = [one for one in patched.values() if changed.get(one.id, since) > since]
            if not again:
                return
            if self._affordable(len(again)) < len(again):
                self._over_budget(len(again))
                return
            since = max(changed[one.id] for one in again)
            self._scan(again)

    def _count_listing_call(self) -> None:
        self._calls += 1

    def _record(self, device: Device, listing: DeviceListing) -> None:
        for reason in listing.problems:
            subject = subject_of(device, self._customers[device.customer_id])
            gap = Gap(subject, reason, device.customer_id, device.id)
            self._run.problem(gap)
            self._odd.append(gap)
        if listing.findings is None:
            delta = self._run.record_unchanged(device.id, now=self._now())
            self._unchanged += 1
        else:
            delta = self._run.record(
                device.id, listing.findings, now=self._now(), fingerprint=listing.fingerprint
            )
        self._scanned += device.id not in self._read
        patches = delta.new + delta.changed + delta.unchanged
        self._patches += patches - self._read.get(device.id, 0)
        self._read[device.id] = patches
        self._new += delta.new
        self._changed += delta.changed
        self._gone += delta.gone

    def _failed(self, device: Device, error: VendorError, in_a_row: int) -> None:
        """Record that a device could not be read; raise if the others cannot be read either."""
        if isinstance(error, Unauthorized):
            raise error
        self._not_read(device, reason_of(error))
        most = REFUSALS_IN_A_ROW if isinstance(error, Forbidden) else FAILURES_IN_A_ROW
        if in_a_row >= most:
            error.add_note(f"{in_a_row} devices in a row could not be read: gave up")
            raise error

    def _not_read(self, device: Device, reason: str) -> None:
        """Record that a device could not be read: a problem, unless it is accepted."""
        last = self._listed.get(device.id)
        attempts = self._run.attempts(device.id) + 1
        is_accepted = self._rules.accept(device.name, device.id, attempts)
        customer = self._customers[device.customer_id]
        if is_accepted and last is not None:
            reason += f"; kept as listed on {age_of(last.at, self._now())}"
        elif is_accepted and device.is_patched:
            reason += "; never listed, so it is not covered"
        subject = subject_of(device, customer)
        gap = Gap(subject, reason, device.customer_id, device.id, is_accepted=is_accepted)
        self._run.not_read(gap)
        self._unread[device.id] = UnreadDevice(
            device_id=device.id,
            device=device.name,
            customer_id=device.customer_id,
            customer=customer,
            reason=reason,
            attempts=attempts,
            listed_at=None if last is None else last.at,
            is_accepted=is_accepted,
        )
        if not is_accepted:
            self._problems.append(gap)
        elif last is not None:
            self._run.keep([device.id])
        else:
            self._run.leave_out([device.id])

    def _problem(self, gap: Gap) -> None:
        self._run.problem(gap)
        self._problems.append(gap)

    def _report(self) -> None:
        self._on_progress(
            SyncProgress(
                self._calls,
                self._devices,
                self._scanned,
                self._patches,
                len(self._problems),
                self._cost,
            )
        )


def _gap_of(lost: LostDevice) -> Gap:
    subject = f"device {lost.device_id} {lost.device} ({lost.customer})"
    return Gap(subject, lost.reason, lost.customer_id, lost.device_id)
