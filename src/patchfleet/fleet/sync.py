"""One sync of one source: complete, or loudly incomplete.

Laws of this file: every device that was scanned is recorded at once, so that a broken-off sync goes
on where it stopped; a device that fails is a problem with its reason, never a shorter list; only a
run without problems becomes the current state.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.errors import Forbidden, Unauthorized, VendorError
from patchfleet.fleet.side_by_side import side_by_side
from patchfleet.fleet.source import Source
from patchfleet.models import Device, Finding

if TYPE_CHECKING:
    from patchfleet.store import Run, Store

DEVICES_AT_ONCE = 16
FAILURES_IN_A_ROW = 20
"""After so many devices in a row without an answer the vendor is taken to be gone."""


class Progress(Struct, frozen=True):
    """How far a sync is: `devices` is 0 while the inventory is read."""

    calls: int
    devices: int
    scanned: int
    findings: int
    problems: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What a sync did. `problems` and `gaps` are sentences for people."""

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
    problems: tuple[str, ...]
    gaps: tuple[str, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def sync(
    source: Source,
    store: "Store",
    *,
    now: Callable[[], datetime] = _utc_now,
    resume_within: timedelta = timedelta(hours=6),
    fresh: bool = False,
    devices_at_once: int = DEVICES_AT_ONCE,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Read the whole source into the record and, when nothing failed, make it the current state.

    A run that was broken off within `resume_within` is taken up again unless `fresh`. What cannot
    be read of single devices is in the outcome's `problems`; an error that concerns all of them
    (the key, the inventory, the record) is raised, and what was recorded stays.
    """
    run = store.begin(source.name, now=now(), resume_within=resume_within, fresh=fresh)
    try:
        return _Sync(source, run, now, devices_at_once, on_progress).outcome()
    except BaseException:
        run.stop(now=now())
        raise


class _Sync:
    """The counters of one sync while it runs."""

    def __init__(
        self,
        source: Source,
        run: "Run",
        now: Callable[[], datetime],
        devices_at_once: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._source = source
        self._run = run
        self._now = now
        self._devices_at_once = devices_at_once
        self._on_progress = on_progress
        self._calls = self._devices = self._scanned = self._findings = 0
        self._new = self._changed = self._gone = 0
        self._problems: list[str] = []

    def outcome(self) -> Outcome:
        inventory = self._source.inventory(self._count_call)
        self._run.inventory(inventory)
        for gap in inventory.gaps:
            self._run.problem("inventory", gap)
        patched = [device for device in inventory.devices if device.is_patched]
        waiting = [device for device in patched if device.id not in self._run.scanned]
        self._devices = len(patched)
        already = self._scanned = len(patched) - len(waiting)
        self._tell()
        names = {customer.id: customer.name for customer in inventory.customers}
        self._scan(waiting, names)
        if self._problems:
            self._run.stop(now=self._now())
        else:
            self._run.complete(now=self._now(), as_of=inventory.as_of)
        return Outcome(
            source=self._source.name,
            run_id=self._run.id,
            is_complete=not self._problems,
            is_resumed=self._run.is_resumed,
            as_of=inventory.as_of,
            customers=len(inventory.customers),
            devices=len(inventory.devices),
            scanned=self._scanned - already,
            already_scanned=already,
            not_patched=len(inventory.devices) - len(patched),
            findings=self._findings,
            new=self._new,
            changed=self._changed,
            gone=self._gone,
            problems=tuple(self._problems),
            gaps=inventory.gaps,
        )

    def _count_call(self) -> None:
        self._calls += 1
        self._tell()

    def _scan(self, devices: list[Device], customers: dict[str, str]) -> None:
        in_a_row = 0
        with closing(
            side_by_side(self._source.findings, devices, self._devices_at_once)
        ) as answers:
            for place, answer in answers:
                self._calls += 1
                if isinstance(answer, VendorError):
                    in_a_row += 1
                    device = devices[place]
                    self._not_read(device, customers[device.customer_id], answer, in_a_row)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    in_a_row = 0
                    self._record(devices[place], answer)
                self._tell()

    def _record(self, device: Device, findings: list[Finding]) -> None:
        delta = self._run.record(device.id, findings, now=self._now())
        self._scanned += 1
        self._findings += len(findings)
        self._new += delta.new
        self._changed += delta.changed
        self._gone += delta.gone

    def _not_read(self, device: Device, customer: str, error: VendorError, in_a_row: int) -> None:
        """Note what a device did not tell, or raise where asking the others is of no use."""
        if isinstance(error, Unauthorized | Forbidden):
            raise error
        subject = f"device {device.id} {device.name} ({customer})"
        self._run.problem(subject, error.message)
        self._problems.append(f"{subject}: {error.message}")
        if in_a_row == FAILURES_IN_A_ROW:
            error.add_note(f"{in_a_row} devices in a row could not be read: gave up")
            raise error

    def _tell(self) -> None:
        self._on_progress(
            Progress(self._calls, self._devices, self._scanned, self._findings, len(self._problems))
        )
