"""Plan of an action: the changes of selected findings in order, and skipped ones with reasons."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from patchfleet._renamed import renamed
from patchfleet.models import Action, Decision, State
from patchfleet.store import Json, ReadBack
from patchfleet.store.queries import FindingRow
from patchfleet.store.types import change_id


class PlannedChange(Struct, frozen=True, kw_only=True):
    """One finding that will change, with its present state, so that `apply` notices a difference.

    Unless `is_sure`, it was not read since Patchfleet's last change: `apply` decides when it reads.
    """

    finding_id: str
    patch: str
    state: State
    decision: Decision
    is_own_decision: bool
    is_sure: bool = True


class DeviceChange(Struct, frozen=True, kw_only=True):
    """All changes of one device: one call, or a few for many patches."""

    device_id: str
    device: str
    customer: str
    changes: tuple[PlannedChange, ...]


class Skipped(Struct, frozen=True, kw_only=True):
    """One finding that was selected and will not change."""

    device: str
    customer: str
    patch: str
    reason: str


class Plan(Struct, frozen=True, kw_only=True):
    """The effect of one action on one source; `as_of` is the time of the findings."""

    id: str
    source: str
    action: Action
    made_at: datetime
    as_of: datetime
    devices: tuple[DeviceChange, ...]
    skipped: tuple[Skipped, ...]

    @property
    def findings(self) -> int:
        """Return the number of findings that will change."""
        return sum(len(device.changes) for device in self.devices)


def plan(
    action: Action,
    source: str,
    findings: Sequence[FindingRow],
    *,
    as_of: datetime,
    now: datetime,
    tried: Mapping[tuple[str, str], int] = MappingProxyType({}),
    unsure: AbstractSet[tuple[str, str]] = frozenset(),
    at_most: int | None = None,
) -> Plan:
    """Make a plan of the findings of one source, in their order, one entry a device.

    `tried` is the number of times that an action was sent for a device and finding, limited by
    `at_most`. `unsure` are devices and findings that Patchfleet changed since they were read, with
    an unknown state: none of them is skipped as "already" so.
    """
    changes: dict[str, list[FindingRow]] = {}
    skipped = []
    for row in findings:
        is_sure = (row.device_id, row.finding_id) not in unsure
        reason = (
            no_op_reason(action, row.state, row.decision, row.is_own_decision) if is_sure else None
        )
        if reason is None and action == "approve" and row.is_installable is False:
            reason = "cannot be installed automatically"
        before = tried.get((row.device_id, row.finding_id), 0)
        if reason is None and at_most is not None and before >= at_most:
            reason = f"tried {before} times already, and {at_most} is the most"
        if reason is None:
            changes.setdefault(row.device_id, []).append(row)
        else:
            skipped.append(
                Skipped(device=row.device, customer=row.customer, patch=row.patch, reason=reason)
            )
    return Plan(
        id=change_id(now),
        source=source,
        action=action,
        made_at=now,
        as_of=as_of,
        devices=tuple(_device_change(rows, unsure) for rows in changes.values()),
        skipped=tuple(skipped),
    )


_REPEATING: tuple[Action, ...] = ("retry", "reprocess")
_INSTALLED: tuple[State, ...] = ("installed", "reboot_required")


def no_op_reason(action: Action, state: State, decision: Decision, is_own: bool) -> str | None:
    """Return why an action would change nothing, or None if it would change something.

    By the vendor's work flow [D: pm_action_workflow.htm] and, for retry, by an observation of the
    existing wrapper's author [O: peer]: only a failed patch is tried again.
    """
    if action in _REPEATING:
        return None if state == "failed" else f"not failed ({_words(state)})"
    if action == "inherit":
        return None if is_own else "inherited already"
    if state in _INSTALLED:
        return "installed already"
    if decision != action:
        return None
    if action == "approve":
        return "failed: use retry" if state == "failed" else "approved already"
    return None if not is_own else f"set to {_words(action)} already"


def _words(name: str) -> str:
    return name.replace("_", " ")


def since_changed(
    findings: Sequence[FindingRow],
    read_backs: Mapping[tuple[str, str], ReadBack],
    state_of: Callable[[Json], tuple[State, Decision, bool] | None],
) -> tuple[list[FindingRow], set[tuple[str, str]]]:
    """Return the findings, updated by what was read back after changes since they were recorded.

    `state_of` decodes an entry of the journal. Also returns the device and finding of those that
    were changed and not read since.
    """
    rows, unsure = [], set()
    for row in findings:
        key = (row.device_id, row.finding_id)
        read_back = read_backs.get(key)
        if read_back is None or read_back.at < row.scanned_at:
            rows.append(row)
            continue
        now = state_of(read_back.now)
        if now is None:
            unsure.add(key)
            rows.append(row)
            continue
        state, decision, is_own = now
        rows.append(replace(row, state=state, decision=decision, is_own_decision=is_own))
    return rows, unsure


def _device_change(rows: list[FindingRow], unsure: AbstractSet[tuple[str, str]]) -> DeviceChange:
    first = rows[0]
    return DeviceChange(
        device_id=first.device_id,
        device=first.device,
        customer=first.customer,
        changes=tuple(
            PlannedChange(
                finding_id=row.finding_id,
                patch=row.patch,
                state=row.state,
                decision=row.decision,
                is_own_decision=row.is_own_decision,
                is_sure=(row.device_id, row.finding_id) not in unsure,
            )
            for row in rows
        ),
    )


__getattr__ = renamed(__name__)
