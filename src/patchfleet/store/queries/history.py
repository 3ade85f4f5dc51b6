"""How findings came to be what they are: every interval in which one stood the same.

Law of this file: it asks facts opened with their history; an interval ends where the next begins or
where the finding is gone.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import STATES, Decision, Selection, Severity, State
from patchfleet.store.queries.filters import IS_OPEN, finding_filters, patch_filter, where
from patchfleet.store.views.patch_history import standings

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


class HistoryRow(Struct, frozen=True):
    """One interval in which a finding stood the same; `to_at` is None while it holds.

    `is_gone` says that nothing followed it: the source does not list the finding any more.
    """

    source: str
    customer: str
    device_id: str
    device: str
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    state: State
    decision: Decision
    vendor_status: str
    vendor_decision: str
    installed_at: datetime | None
    from_run: int
    from_at: datetime | None
    to_run: int | None
    to_at: datetime | None
    is_gone: bool


class MilestoneRow(Struct, frozen=True):
    """What became of one finding, and when a run first saw it so; None where none did.

    `failures` counts how often it went into the state failed; `scanned_at` is how old all this is.
    """

    source: str
    customer: str
    device_id: str
    device: str
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    state: State
    decision: Decision
    first_seen_at: datetime | None
    missing_at: datetime | None
    missing_run: int | None
    approved_at: datetime | None
    approved_run: int | None
    failures: int
    last_failed_at: datetime | None
    last_failed_run: int | None
    installed_seen_at: datetime | None
    installed_seen_run: int | None
    installed_at: datetime | None
    ignored_at: datetime | None
    ignored_run: int | None
    gone_at: datetime | None
    gone_run: int | None
    scanned_at: datetime | None


class StandingRow(Struct, frozen=True):
    """One time in which a source described a patch so; `to_at` is None while it does.

    `known_by` is the same for all descriptions of one patch, see the view `standings`. On how many
    devices it is now, described so, is told by state, and `open` is those it does not protect yet.
    """

    source: str
    known_by: str
    patch_id: int
    patch: str
    product: str | None
    kb: str | None
    severity: Severity
    vendor_severity: str | None
    released_at: datetime | None
    url: str | None
    is_installable: bool | None
    is_removable: bool | None
    vendor_id: str | None
    cves: tuple[str, ...]
    is_superseded: bool | None
    needs_reboot: bool | None
    from_run: int
    from_at: datetime
    to_run: int | None
    to_at: datetime | None
    open: int
    missing: int
    pending: int
    installing: int
    installed: int
    failed: int
    ignored: int
    reboot_required: int
    unknown: int


def history(snapshot: "Snapshot", selection: Selection) -> list[HistoryRow]:
    """List each interval of the findings of a selection, by device, patch and time.

    `from_at` is when the source said so first, `to_at` when it said otherwise or nothing any more,
    None while it holds.
    """
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT source, customer, device_id, device, finding_id, patch, kb, severity, state,
            decision, vendor_status, vendor_decision, installed_at, from_run, from_at, to_run,
            to_at, lead(from_run) OVER (
                PARTITION BY device_key, finding_id ORDER BY from_run
            ) IS NULL AND to_run IS NOT NULL AS is_gone
        FROM intervals {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id, from_run"""
    return snapshot.rows(HistoryRow, sql, chosen.values)


def milestones(snapshot: "Snapshot", selection: Selection) -> list[MilestoneRow]:
    """List what became of each finding of a selection and when, by device and patch."""
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT {", ".join(MilestoneRow.__struct_fields__)} FROM milestones {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id"""
    return snapshot.rows(MilestoneRow, sql, chosen.values)


def patch_history(snapshot: "Snapshot", patch: str) -> list[StandingRow]:
    """List what sources said of a patch and since when, by patch and time.

    `patch` is a KB number, a part of a title (without case; with `*` or `?` a pattern for the whole
    title), or the source's number. All descriptions of a patch are listed where one is meant.
    """
    meant = patch_filter(patch)
    columns = ", ".join(
        f"coalesce(now.{name}, 0)" if name in ("open", *STATES) else f"stood.{name}"
        for name in StandingRow.__struct_fields__
    )
    sql = f"""
        WITH asked AS (
            SELECT patch_id FROM described_ever WHERE (source, known_by) IN (
                SELECT (source, known_by) FROM described_ever WHERE {meant.sql} OR vendor_id = ?)
        ),
        stood AS ({standings(_ASKED)}),
        now AS ({_NOW})
        SELECT {columns}
        FROM stood LEFT JOIN now ON now.patch_id = stood.patch_id AND stood.to_run IS NULL
        ORDER BY min(released_at) OVER (PARTITION BY source, known_by) NULLS LAST, source, known_by,
            from_run, released_at NULLS LAST, lower(patch), patch_id"""
    return snapshot.rows(StandingRow, sql, (*meant.values, patch))


_ASKED = "(SELECT * FROM held_ever WHERE patch_id IN (SELECT patch_id FROM asked))"
_NOW = f"""
    SELECT patch_id, count(*) FILTER (open) AS open,
        {", ".join(f"count(*) FILTER ({state}) AS {state}" for state in STATES)}
    FROM (
        SELECT patch_id, bool_or({IS_OPEN}) AS open,
            {", ".join(f"bool_or(state = '{state}') AS {state}" for state in STATES)}
        FROM findings WHERE patch_id IN (SELECT patch_id FROM asked)
        GROUP BY patch_id, device_key
    )
    GROUP BY patch_id
"""
