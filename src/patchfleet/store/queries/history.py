"""History of findings and of the patches they are about.

These queries need a snapshot with history. An interval ends where the next one begins or where the
finding was removed.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from patchfleet._renamed.fields import FormerFields
from patchfleet.models import STATES, Decision, Selection, Severity, State
from patchfleet.store.queries.filters import IS_OPEN, finding_filters, patch_filter, where
from patchfleet.store.queries.rows import OfSource
from patchfleet.store.queries.select_list import select_list
from patchfleet.store.views.patch_history import patch_history as patch_history_of

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


class HistoryRow(OfSource, frozen=True, metaclass=FormerFields):
    """One period of a finding with the same status; `valid_to` is None while it lasts.

    `is_gone` means that the source no longer lists the finding after it.
    """

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
    valid_from: datetime | None
    to_run: int | None
    valid_to: datetime | None
    is_gone: bool


class LifecycleRow(OfSource, frozen=True, metaclass=FormerFields):
    """The lifecycle of one finding: when a run first saw each state; None if no run did.

    `failure_count` counts changes into the state failed; `scanned_at` is when the device was last
    read.
    """

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
    first_missing_at: datetime | None
    first_missing_run: int | None
    first_approved_at: datetime | None
    first_approved_run: int | None
    failure_count: int
    last_failed_at: datetime | None
    last_failed_run: int | None
    first_installed_at: datetime | None
    first_installed_run: int | None
    installed_at: datetime | None
    first_ignored_at: datetime | None
    first_ignored_run: int | None
    removed_at: datetime | None
    removed_run: int | None
    scanned_at: datetime | None


class PatchHistoryRow(OfSource, frozen=True, metaclass=FormerFields):
    """One period in which a source described a patch the same; `valid_to` is None while it does.

    `patch_key` is the same for all descriptions of one patch, see the view `patch_history`. The
    counts are devices that have this description now, by state; `open` is those not protected yet.
    """

    patch_key: str
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
    valid_from: datetime
    to_run: int | None
    valid_to: datetime | None
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
    """List the history of the findings of a selection, by device, patch and time.

    `valid_from` is when the source first reported the status, `valid_to` when it no longer did,
    None while it does.
    """
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT {select_list(HistoryRow, is_gone=_IS_GONE)}
        FROM finding_history {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id, from_run"""
    return snapshot.rows(HistoryRow, sql, chosen.values)


def finding_lifecycle(snapshot: "Snapshot", selection: Selection) -> list[LifecycleRow]:
    """List the lifecycle of each finding of a selection, by device and patch."""
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT {select_list(LifecycleRow)} FROM finding_lifecycle {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id"""
    return snapshot.rows(LifecycleRow, sql, chosen.values)


def patch_history(snapshot: "Snapshot", patch: str) -> list[PatchHistoryRow]:
    """List the descriptions of a patch with their periods, by patch and time.

    `patch` is a KB number, a part of a title (without case; with `*` or `?` a pattern for the whole
    title), or the source's number. If one description matches, all of its patch are listed.
    """
    meant = patch_filter(patch)
    counts = {name: f"coalesce(now.{name}, 0)" for name in ("open", *STATES)}
    sql = f"""
        WITH asked AS (
            SELECT patch_id FROM patches_by_key WHERE (source, patch_key) IN (
                SELECT (source, patch_key) FROM patches_by_key WHERE {meant.sql} OR vendor_id = ?)
        ),
        periods AS ({patch_history_of(_ASKED)}),
        now AS ({_NOW})
        SELECT {select_list(PatchHistoryRow, "periods", **counts)}
        FROM periods LEFT JOIN now ON now.patch_id = periods.patch_id AND periods.to_run IS NULL
        ORDER BY min(released_at) OVER (PARTITION BY source, patch_key) NULLS LAST, source,
            patch_key, from_run, released_at NULLS LAST, lower(patch), patch_id"""
    return snapshot.rows(PatchHistoryRow, sql, (*meant.values, patch))


_IS_GONE = """lead(from_run) OVER (PARTITION BY device_key, finding_id ORDER BY from_run) IS NULL
    AND to_run IS NOT NULL"""
_ASKED = "(SELECT * FROM findings_all WHERE patch_id IN (SELECT patch_id FROM asked))"
_NOW = f"""
    SELECT patch_id, count(*) FILTER (open) AS open,
        {", ".join(f"count(*) FILTER ({state}) AS {state}" for state in STATES)}
    FROM (
        SELECT patch_id, bool_or({IS_OPEN}) AS open,
            {", ".join(f"bool_or(state = '{state}') AS {state}" for state in STATES)}
        FROM findings_scanned WHERE patch_id IN (SELECT patch_id FROM asked)
        GROUP BY patch_id, device_key
    )
    GROUP BY patch_id
"""
