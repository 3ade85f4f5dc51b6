"""Carry out a plan, device by device: read again, send, write it down, read back.

Laws of this file: nothing is planned anew; what moved since the plan is skipped and said; each
call is sent, read back and journalled by itself (`transport/change.py`), and an outcome nobody can
tell is called unknown.
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

        Where the last answer `is_doubted`, nothing of how it came is used again.
        """
        ...

    @property
    def most_at_once(self) -> int:
        """How many patches one change can name."""
        ...

    def change(
        self,
        action: Action,
        device_id: str,
        finding_ids: tuple[str, ...],
        journal: ChangeJournal | None = None,
    ) -> Made[Any]:
        """Do one action to some patches of a device, and return what was read back."""
        ...


class DeviceResult(Struct, frozen=True, kw_only=True):
    """What became of the findings of one device, by outcome, with a reason where there is one.

    `confirmed` were read back as wanted; `skipped` had moved or were gone; `failed` were refused;
    `unknown` were sent and could not be confirmed.
    """

    device: DeviceChange
    confirmed: tuple[PlannedChange, ...] = ()
    skipped: tuple[tuple[PlannedChange, str], ...] = ()
    failed: tuple[tuple[PlannedChange, str], ...] = ()
    unknown: tuple[tuple[PlannedChange, str], ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nothing failed and nothing is in doubt."""
        return not self.failed and not self.unknown


def apply(
    plan: Plan, target: Target, journal: "Journal", *, now: Callable[[], datetime]
) -> Iterator[DeviceResult]:
    """Yield the result of each device as it is done; raise where the key itself is refused.

    Three calls a device, and two for each further hundred patches: the list before, the change, the
    list after [D: approve_patch.htm: the answer to a change says nothing of its effect]. A list
    that lacks a patch of the plan is asked for twice.
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
        """Make one call, and add what came of it; raise where the key itself is refused."""
        met: dict[str, Json] = {one.finding_id: f"{one.state}, {one.decision}" for one in wanted}
        made = self._target.change(
            self._plan.action,
            self._device.device_id,
            tuple(met),
            self._journal.of(self._plan.id, before=met, now=self._now),
        )
        by_id = {one.finding_id: one for one in wanted}
        sorted_out: dict[str, list[tuple[PlannedChange, str]]] = {}
        for claim in changes.claims_of(made, tuple(met)):
            sent = "sent, and " if claim.outcome == "unknown" else ""
            told = [(by_id[one], sent + claim.reason) for one in claim.items]
            sorted_out.setdefault(claim.outcome, []).extend(told)
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
        """Return the device's patches; raise `Unreadable` where none of the plan is among them.

        No list names its device: one that lacks a patch of the plan may be another device's, and is
        asked for again.
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
        """Split the changes into those whose finding is as it was planned, and those that moved."""
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
        """Write a line of the journal on what is not sent."""
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


def _moved(change: PlannedChange, finding: Finding | None, action: Action) -> str | None:
    """Return why a change is not made any more, or None where all is as it was planned."""
    if finding is None:
        return "not on the device any more"
    if finding.patch.title != change.patch:
        return "the number now means another patch"
    reason = no_op_reason(action, finding.state, finding.decision, finding.is_own_decision)
    if reason is not None:
        return reason
    if change.is_sure and (finding.state, finding.decision, finding.is_own_decision) != (
        change.state,
        change.decision,
        change.is_own_decision,
    ):
        return f"moved since the plan, now {_spoken(finding)}"
    return None


def _spoken(finding: Finding | None) -> str:
    if finding is None:
        return "nothing of it"
    return f"{finding.vendor_status}, {finding.vendor_decision}"
