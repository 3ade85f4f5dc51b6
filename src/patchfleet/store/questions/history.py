"""How findings came to be what they are: every interval in which one stood the same.

Law of this file: it asks facts opened with their history; an interval ends where the next begins or
where the finding is gone.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import Decision, Selection, Severity, State
from patchfleet.store.questions.narrow import of_findings, where

if TYPE_CHECKING:
    from patchfleet.store.facts import Facts


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


def history(facts: "Facts", selection: Selection) -> list[HistoryRow]:
    """List each interval of the findings of a selection, by device, patch and time.

    `from_at` is when the source said so first, `to_at` when it said otherwise or nothing any more,
    None while it holds.
    """
    chosen = where(of_findings(selection))
    sql = f"""
        SELECT source, customer, device_id, device, finding_id, patch, kb, severity, state,
            decision, vendor_status, vendor_decision, installed_at, from_run, from_at, to_run,
            to_at, lead(from_run) OVER (
                PARTITION BY device_key, finding_id ORDER BY from_run
            ) IS NULL AND to_run IS NOT NULL AS is_gone
        FROM intervals {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id, from_run"""
    return facts.rows(HistoryRow, sql, chosen.values)


def milestones(facts: "Facts", selection: Selection) -> list[MilestoneRow]:
    """List what became of each finding of a selection and when, by device and patch."""
    chosen = where(of_findings(selection))
    sql = f"""
        SELECT {", ".join(MilestoneRow.__struct_fields__)} FROM milestones {chosen.sql}
        ORDER BY lower(device), device_id, patch, finding_id"""
    return facts.rows(MilestoneRow, sql, chosen.values)
