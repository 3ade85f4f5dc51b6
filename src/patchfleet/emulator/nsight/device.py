"""Patch rows of one device and how calls and time change them.

The transitions are those of the vendor's pages and, where the pages are silent, the choices named
below. The result is a function of (seed, device, patch, attempt) and of event times, never of the
number or order of reads or of the clock's step size (tests/emulator/test_state.py).

Facts: approve, ignore and do nothing are set on the device and override what is inherited; Do
Nothing leaves the patch to the feature policy [D: pm_action_workflow.htm]; approved patches install
at the schedule, in device-local time [D: pm_installation_schedule.htm]; failed ones wait for a
retry unless the policy reprocesses them, at most five times, and are not shown as failed until the
last attempt [D: pm_failed_patch.htm]; patches that are not deployable need a person [D:
pm_manage_indi.htm].

Choices: approve leaves Failed, Installed and Reboot Required unchanged; Ignored becomes Pending;
ignore leaves Installing, Installed and Reboot Required; an install that fails is Pending again
while attempts remain; inherit does what the inherited action would do, and Do Nothing takes back
every Pending that no feature policy requests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from patchfleet.emulator.catalogue import Catalogue, Patch
from patchfleet.emulator.nsight.ids import row_id
from patchfleet.emulator.nsight.policies import APPROVE, BY_USER, DO_NOTHING, IGNORE, FeaturePolicy
from patchfleet.emulator.schedule import Schedule
from patchfleet.emulator.seeded_random import draw
from patchfleet.emulator.world import Machine

MISSING, PENDING, INSTALLING, INSTALLED = 1, 2, 4, 8
FAILED, IGNORED, REBOOT_REQUIRED = 16, 32, 64
"""Statuses on the wire [O: peer, acmeo; Installed D: list_all_patches_for_device.htm]."""

Happening = Literal["finish", "finish_manual", "restart"]
Verb = Literal["approve", "ignore", "do_nothing", "inherit"]
CHOICES: dict[Verb, int] = {"approve": APPROVE, "ignore": IGNORE, "do_nothing": DO_NOTHING}

_STUBBORN = 0.03
_FAILS = 0.09
_FAILS_AFTER_RESTART = 0.04


@dataclass(slots=True, eq=False)
class Row:
    """One patch on one device, elsewhere called a finding.

    `attempts` counts all installs, `tries` those since it last became Pending by approval or retry.
    """

    patchid: int
    patch: Patch
    policy: int
    status: int
    attempts: int = 0
    tries: int = 0
    installed_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Device:
    """The vendor's state of one machine's patches.

    It is as of `settled_at`; `due` are events already begun, in order of time.
    """

    machine: Machine
    deviceid: int
    policy: FeaturePolicy
    rows: dict[int, Row]
    settled_at: datetime
    scanned_at: datetime
    restarted_at: datetime
    due: list[tuple[datetime, Happening]] = field(default_factory=list)

    def settled_status(self, row: Row) -> int:
        """Return the status of a row not yet installed, from its policy alone."""
        choice = row.policy & ~BY_USER
        if choice == IGNORE:
            return IGNORED
        if choice == APPROVE or row.patch.severity in self.policy.auto_approved:
            return PENDING
        return MISSING

    def set_policy(self, patchids: Iterable[int], verb: Verb) -> None:
        """Set the policy of rows, as the four approval actions do; unknown ids are skipped."""
        for patchid in patchids:
            row = self.rows.get(patchid)
            if row is None:
                continue
            choice = CHOICES.get(verb) or self.policy.inherited(row.patch)
            row.policy = choice if verb == "inherit" else choice + BY_USER
            if row.status in (MISSING, PENDING, IGNORED) or (
                row.status == FAILED and choice == IGNORE
            ):
                row.status = self.settled_status(row)
                if row.status != PENDING:
                    row.tries = 0

    def retry(self, patchids: Iterable[int]) -> tuple[list[int], list[int]]:
        """Put failed rows back to Pending; return those ids and the known ones that had not failed.

        The policy is unchanged [O: peer]. Ids unknown to the device are in neither list.
        """
        again, applied = [], []
        for patchid in patchids:
            row = self.rows.get(patchid)
            if row is None:
                continue
            if row.status == FAILED:
                row.status, row.tries = PENDING, 0
                again.append(patchid)
            else:
                applied.append(patchid)
        return again, applied


class Ticker:
    """Moves devices through time: scans, install windows, ends of installs, restarts."""

    def __init__(self, seed: int, catalogue: Catalogue, device_count: int) -> None:
        self._seed = seed
        self._catalogue = catalogue
        self._device_count = device_count

    def advance(self, device: Device, until: datetime) -> None:
        """Let everything due up to `until` happen; a silent machine does nothing."""
        machine = device.machine
        after, device.settled_at = device.settled_at, until
        if machine.silent_days or not machine.is_managed:
            return
        zone = machine.site.zone
        scans = Schedule("daily", machine.scan_time).occurrences(zone, after, until)
        windows = machine.schedule.occurrences(zone, after, until)
        planned = sorted([*((at, "scan") for at in scans), *((at, "window") for at in windows)])
        released = self._catalogue.released_for(machine.lines, device.scanned_at, until)
        for at, happening in planned:
            self._run_due(device, at)
            if happening == "window":
                self.install(device, at)
            else:
                released = self._scan(device, released, at)
        self._run_due(device, until)

    def _scan(self, device: Device, released: list[Patch], at: datetime) -> list[Patch]:
        """Find the patches released before the scan; return those it could not find yet."""
        device.scanned_at = at
        known = [patch for patch in released if patch.released_at <= at]
        for patch in known:
            self.add_row(device, patch)
        return released[len(known) :]

    def add_row(self, device: Device, patch: Patch) -> Row:
        """Add a patch to a device with its inherited policy."""
        patchid = row_id(device.machine, self._device_count, len(device.rows))
        row = Row(patchid, patch, device.policy.inherited(patch), MISSING)
        row.status = device.settled_status(row)
        device.rows[patchid] = row
        return row

    def install(self, device: Device, at: datetime, *, manual_action: bool = False) -> None:
        """Start to install every row that is Pending and deployable, as the schedule does.

        A manual action is the dashboard's "Install Patches"; it does not count as an attempt of the
        automatic reprocessing of a device that has a schedule [D: pm_failed_patch.htm].
        """
        begun = False
        for row in device.rows.values():
            if row.status == PENDING and row.patch.is_deployable:
                row.status = INSTALLING
                begun = True
        if begun:
            minutes = 20 + int(70 * draw(self._seed, device.machine.number, at.toordinal()))
            is_extra = manual_action and device.machine.schedule.kind != "manual"
            ends_at = at + timedelta(minutes=minutes)
            _note(device, ends_at, "finish_manual" if is_extra else "finish")

    def restart(self, device: Device, at: datetime) -> None:
        """Restart the machine: rows that waited for it become Installed or fail."""
        device.restarted_at = at
        for row in device.rows.values():
            if row.status == REBOOT_REQUIRED:
                if self._chance(device, row, 1) < _FAILS_AFTER_RESTART:
                    self._fail(device, row)
                else:
                    row.status = INSTALLED

    def _run_due(self, device: Device, until: datetime) -> None:
        while device.due and device.due[0][0] <= until:
            at, happening = device.due.pop(0)
            if happening == "restart":
                self.restart(device, at)
            else:
                self._finish(device, at, counts=happening == "finish")

    def _finish(self, device: Device, at: datetime, *, counts: bool) -> None:
        """End the installs in progress and plan the restart that the machine's policy requests."""
        for row in device.rows.values():
            if row.status == INSTALLING:
                row.attempts += 1
                row.tries += counts
                self._end_attempt(device, row, at)
        machine = device.machine
        waits = any(row.status == REBOOT_REQUIRED for row in device.rows.values())
        if machine.restart == "always" or (machine.restart == "when_required" and waits):
            plan_restart(device, at)

    def _end_attempt(self, device: Device, row: Row, at: datetime) -> None:
        stubborn = draw(self._seed, device.machine.number, row.patch.number) < _STUBBORN
        if stubborn or self._chance(device, row, 0) < _FAILS:
            self._fail(device, row)
            return
        needs_restart = self._chance(device, row, 2) < row.patch.restart
        row.status = REBOOT_REQUIRED if needs_restart else INSTALLED
        row.installed_at = at

    def _fail(self, device: Device, row: Row) -> None:
        """End a failed try: Failed after the last one, else Pending, unless ignored meanwhile."""
        row.installed_at = None
        if row.policy & ~BY_USER == IGNORE:
            row.status = IGNORED
        else:
            row.status = FAILED if row.tries >= device.policy.attempts else PENDING

    def _chance(self, device: Device, row: Row, question: int) -> float:
        return draw(self._seed, device.machine.number, row.patch.number, row.attempts, question)


def plan_restart(device: Device, after: datetime) -> None:
    """Plan the next restart of a machine, at the local time of its policy."""
    nightly = Schedule("daily", device.machine.restart_time)
    at = nightly.next_after(device.machine.site.zone, after)
    if at is not None:
        _note(device, at, "restart")


def _note(device: Device, at: datetime, happening: Happening) -> None:
    if (at, happening) not in device.due:
        device.due.append((at, happening))
        device.due.sort()
