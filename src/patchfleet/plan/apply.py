"""Execution of a plan, device by device: read again, send, write to the journal, read back.

A finding that differs from the plan is skipped with its reason. `transport/change.py` sends each
call, reads it back and writes the journal; an outcome that cannot be confirmed is unknown.

Invariant: nothing is sent for a finding that differs from the plan (tests/plan/test_apply.py).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from patchfleet.errors import Forbidden, Unauthorized, Unreadable, VendorError
from patchfleet.models import Action, Finding
from patchfleet.plan.plan import DeviceChange, Plan, PlannedChange, no_op_reason
from patchfleet.store import ChangeEntry, ChangeOutcome, Json
from patchfleet.transport import change as changes
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.operation import Outcome as Made

if TYPE_CHECKING:
    from patchfleet.store import Journal


class Target(Protocol):
    """A source that can also be changed."""

    def findings_of(self, device_id: str, *, is_doubted: bool = False) -> list[Finding]:
        """Return every patch of a device as it is now, or raise a `VendorError`.

        `is_doubted` reads on a new connection, since the last response may be another device's.
        """
        ...

    @property
    def most_at_once(self) -> int:
        """Return the largest number of patches in one change."""
        ...

    def change(
        self,
        action: Action,
        device_id: str,
        finding_ids: tuple[str, ...],
        journal: ChangeJournal | None = None,
    ) -> Made[Any]:
        """Apply an action to some patches of a device, and return what was read back."""
        ...


class DeviceResult(Struct, frozen=True, kw_only=True):
    """The findings of one device by outcome, each with its reason.

    `confirmed` were read back as requested; `skipped` differed from the plan or were gone; `failed`
    were refused; `unknown` were sent and could not be confirmed.
    """

    device: DeviceChange
    confirmed: tuple[PlannedChange, ...] = ()
    skipped: tuple[tuple[PlannedChange, str], ...] = ()
    failed: tuple[tuple[PlannedChange, str], ...] = ()
    unknown: tuple[tuple[PlannedChange, str], ...] = ()

    @property
    def is_done(self) -> bool:
        """Return whether nothing failed and nothing is unknown."""
        return not self.failed and not self.unknown


def apply(
    plan: Plan, target: Target, journal: "Journal", *, now: Callable[[], datetime]
) -> Iterator[DeviceResult]:
    """Yield the result of each device; raise if the key itself is refused.

    Three calls a device, and two for each further hundred patches: the list before, the change, the
    list after [D: approve_patch.htm: the response to a change does not report its effect]. A list
    without a patch of the plan is read twice.
    """
    for device in plan.devices:
        yield _Application(plan, target, journal.under(plan.source), now, device).result()


class _Application:
    """The execution for one device."""

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
            self._note("failed", everything, reason=error.message)
            if isinstance(error, Unauthorized | Forbidden):
                raise
            failed = tuple((change, error.message) for change in everything)
            return DeviceResult(device=self._device, failed=failed)
        wanted, skipped = self._still_so(before)
        for change, reason in skipped:
            self._note("skipped", (change,), before, reason=reason)
        result = DeviceResult(device=self._device, skipped=skipped)
        most = self._target.most_at_once
        for start in range(0, len(wanted), most):
            result = self._changed(result, wanted[start : start + most])
        return result

    def _changed(self, result: DeviceResult, wanted: tuple[PlannedChange, ...]) -> DeviceResult:
        """Make one call and add its outcome; raise if the key itself is refused."""
        met: dict[str, Json] = {one.finding_id: f"{one.state}, {one.decision}" for one in wanted}
        made = self._target.change(
            self._plan.action,
            self._device.device_id,
            tuple(met),
            self._journal.of(self._plan.id, before=met, now=self._now, account=self._plan.source),
        )
        by_id = {one.finding_id: one for one in wanted}
        sorted_out: dict[str, list[tuple[PlannedChange, str]]] = {}
        for claim in changes.claims_of(made, tuple(met)):
            sent = "sent, and " if claim.outcome == "unknown" else ""
            claimed = [(by_id[one], sent + claim.reason) for one in claim.items]
            sorted_out.setdefault(claim.outcome, []).extend(claimed)
        failed = sorted_out.get("failed", [])
        if isinstance(made.error, Unauthorized | Forbidden) and len(failed) == len(wanted):
            raise made.error
        confirmed = tuple(change for change, _ in sorted_out.get("confirmed", []))
        return DeviceResult(
            device=result.device,
            skipped=result.skipped,
            confirmed=result.confirmed + confirmed,
            failed=result.failed + tuple(failed),
            unknown=result.unknown + tuple(sorted_out.get("unknown", [])),
        )

    def _read(self) -> dict[str, Finding]:
        """Return the patches of the device; raise `Unreadable` if none of the plan is among them.

        No list names its device: a list without a patch of the plan may be another device's, and is
        read again.
        """
        planned = {change.finding_id for change in self._device.changes}
        found = self._listed()
        if not planned <= found.keys():
            found = self._listed(is_doubted=True)
        if planned.isdisjoint(found):
            raise Unreadable(
                "its list names no patch of the plan, so nothing was sent: sync, and plan again"
            )
        return found

    def _listed(self, *, is_doubted: bool = False) -> dict[str, Finding]:
        device_id = self._device.device_id
        return {f.id: f for f in self._target.findings_of(device_id, is_doubted=is_doubted)}

    def _still_so(
        self, before: dict[str, Finding]
    ) -> tuple[tuple[PlannedChange, ...], tuple[tuple[PlannedChange, str], ...]]:
        """Split the changes into those whose finding is as planned, and the others."""
        wanted, skipped = [], []
        for change in self._device.changes:
            reason = _moved(change, before.get(change.finding_id), self._plan.action)
            if reason is None:
                wanted.append(change)
            else:
                skipped.append((change, reason))
        return tuple(wanted), tuple(skipped)

    def _note(
        self,
        outcome: ChangeOutcome,
        changes: tuple[PlannedChange, ...],
        seen: Mapping[str, Finding] = MappingProxyType({}),
        *,
        reason: str = "",
    ) -> None:
        """Write an entry of the journal for changes that are not sent."""
        as_seen: dict[str, Json] = {
            change.finding_id: _status_text(seen[change.finding_id])
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


def _moved(change: PlannedChange, finding: Finding | None, action: Action) -> str | None:
    """Return why a change is no longer made, or None if all is as planned."""
    if finding is None:
        return "no longer on the device"
    if finding.patch.title != change.patch:
        return "the id now means another patch"
    reason = no_op_reason(action, finding.state, finding.decision, finding.is_own_decision)
    if reason is not None:
        return reason
    if change.is_sure and (finding.state, finding.decision, finding.is_own_decision) != (
        change.state,
        change.decision,
        change.is_own_decision,
    ):
        return f"changed since the plan, now {_status_text(finding)}"
    return None


def _status_text(finding: Finding | None) -> str:
    if finding is None:
        return "nothing of it"
    return f"{finding.vendor_status}, {finding.vendor_decision}"
