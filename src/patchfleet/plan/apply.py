"""Carry out a plan, device by device: read again, send, write it down, read back.

Laws of this file: nothing is planned anew; what moved since the plan is left alone and said; the
journal has a line before anything is sent and after its outcome is known; an outcome nobody can
tell is called unknown, and is not sent again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from patchfleet.errors import Forbidden, Unauthorized, VendorError
from patchfleet.models import Action, Finding
from patchfleet.plan.plan import Change, DeviceChange, Plan, why_not
from patchfleet.store import ChangeEntry, Json, Outcome

if TYPE_CHECKING:
    from patchfleet.store import Journal


class Target(Protocol):
    """A source that can also be changed."""

    def findings_of(self, device_id: str) -> list[Finding]:
        """Return every patch of a device as it is now, or raise a `VendorError`."""
        ...

    def change(self, action: Action, device_id: str, finding_ids: tuple[str, ...]) -> str:
        """Do one action to some patches of a device; return the vendor's words, or raise."""
        ...


class DeviceResult(Struct, frozen=True, kw_only=True):
    """What became of the findings of one device, by outcome, with a reason where there is one.

    `confirmed` were read back as wanted; `skipped` had moved or were gone; `failed` were refused;
    `unknown` were sent and could not be confirmed.
    """

    device: DeviceChange
    confirmed: tuple[Change, ...] = ()
    skipped: tuple[tuple[Change, str], ...] = ()
    failed: tuple[tuple[Change, str], ...] = ()
    unknown: tuple[tuple[Change, str], ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nothing failed and nothing is in doubt."""
        return not self.failed and not self.unknown


def apply(
    plan: Plan, target: Target, journal: "Journal", *, now: Callable[[], datetime]
) -> Iterator[DeviceResult]:
    """Yield the result of each device as it is done; raise where the key itself is refused.

    Three calls a device: the list before, the change, the list after [D: approve_patch.htm: the
    answer to a change says nothing of its effect].
    """
    for device in plan.devices:
        yield _Application(plan, target, journal, now, device).result()


class _Application:
    """The changing of one device."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        journal: "Journal",
        now: Callable[[], datetime],
        device: DeviceChange,
    ) -> None:
        self._plan = plan
        self._target = target
        self._journal = journal
        self._now = now
        self._device = device

    def result(self) -> DeviceResult:
        everything = self._device.changes
        try:
            before = self._read()
        except VendorError as error:
            return self._refused(everything, (), error)
        wanted, skipped = self._still_so(before)
        for change, reason in skipped:
            self._note("skipped", (change,), before, reason=reason)
        if not wanted:
            return DeviceResult(device=self._device, skipped=skipped)
        self._note("sent", wanted, before)
        ids = tuple(change.finding_id for change in wanted)
        try:
            message = self._target.change(self._plan.action, self._device.device_id, ids)
        except VendorError as error:
            if error.fate != "unknown":
                return self._refused(wanted, skipped, error)
            return self._in_doubt(wanted, skipped, f"sent, and no answer came: {error.message}")
        return self._read_back(wanted, skipped, message)

    def _read(self) -> dict[str, Finding]:
        return {f.id: f for f in self._target.findings_of(self._device.device_id)}

    def _still_so(
        self, before: dict[str, Finding]
    ) -> tuple[tuple[Change, ...], tuple[tuple[Change, str], ...]]:
        """Split the changes into those whose finding is as it was planned, and those that moved."""
        wanted, skipped = [], []
        for change in self._device.changes:
            reason = _moved(change, before.get(change.finding_id), self._plan.action)
            if reason is None:
                wanted.append(change)
            else:
                skipped.append((change, reason))
        return tuple(wanted), tuple(skipped)

    def _read_back(
        self, wanted: tuple[Change, ...], skipped: tuple[tuple[Change, str], ...], message: str
    ) -> DeviceResult:
        try:
            after = self._read()
        except VendorError as error:
            reason = f"sent, and reading it back failed: {error.message}"
            return self._in_doubt(wanted, skipped, reason)
        confirmed, unknown = [], []
        for change in wanted:
            finding = after.get(change.finding_id)
            if finding is not None and _is_as_wanted(self._plan.action, finding):
                confirmed.append(change)
            else:
                unknown.append((change, f"sent, and the list says {_spoken(finding)}"))
        if confirmed:
            self._note("confirmed", tuple(confirmed), after, reason=message)
        for change, reason in unknown:
            self._note("unknown", (change,), after, reason=reason)
        return DeviceResult(
            device=self._device,
            confirmed=tuple(confirmed),
            skipped=skipped,
            unknown=tuple(unknown),
        )

    def _refused(
        self,
        changes: tuple[Change, ...],
        skipped: tuple[tuple[Change, str], ...],
        error: VendorError,
    ) -> DeviceResult:
        self._note("failed", changes, {}, reason=error.message)
        if isinstance(error, Unauthorized | Forbidden):
            raise error
        failed = tuple((change, error.message) for change in changes)
        return DeviceResult(device=self._device, skipped=skipped, failed=failed)

    def _in_doubt(
        self, changes: tuple[Change, ...], skipped: tuple[tuple[Change, str], ...], reason: str
    ) -> DeviceResult:
        self._note("unknown", changes, {}, reason=reason)
        unknown = tuple((change, reason) for change in changes)
        return DeviceResult(device=self._device, skipped=skipped, unknown=unknown)

    def _note(
        self,
        outcome: Outcome,
        changes: tuple[Change, ...],
        seen: dict[str, Finding],
        *,
        reason: str = "",
    ) -> None:
        """Write one line of the journal; it is on the disk when this returns."""
        as_seen: dict[str, Json] = {
            change.finding_id: _spoken(seen[change.finding_id])
            for change in changes
            if change.finding_id in seen
        }
        before: dict[str, Json] = {
            change.finding_id: f"{change.state}, {change.decision}" for change in changes
        }
        self._journal.append(
            ChangeEntry(
                plan_id=self._plan.id,
                at=self._now(),
                source=self._plan.source,
                device_id=self._device.device_id,
                finding_ids=tuple(change.finding_id for change in changes),
                action=self._plan.action,
                outcome=outcome,
                before=before,
                after=as_seen,
                reason=reason,
            )
        )


def _moved(change: Change, finding: Finding | None, action: Action) -> str | None:
    """Return why a change is not made any more, or None where all is as it was planned."""
    if finding is None:
        return "not on the device any more"
    if finding.patch.title != change.patch:
        return "the number now means another patch"
    reason = why_not(action, finding.state, finding.decision, finding.is_own_decision)
    if reason is not None:
        return reason
    if (finding.state, finding.decision, finding.is_own_decision) != (
        change.state,
        change.decision,
        change.is_own_decision,
    ):
        return f"moved since the plan, now {_spoken(finding)}"
    return None


def _is_as_wanted(action: Action, finding: Finding) -> bool:
    if action in {"retry", "reprocess"}:
        return finding.state != "failed"
    if action == "inherit":
        return not finding.is_own_decision
    return finding.is_own_decision and finding.decision == action


def _spoken(finding: Finding | None) -> str:
    if finding is None:
        return "nothing of it"
    return f"{finding.vendor_status}, {finding.vendor_decision}"
