"""How findings came to be what they are: every interval in which one stood the same.

Law of this file: it asks facts opened with their history; an interval ends where the next begins or
where the finding is gone.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.questions.answers import HistoryRow, MilestoneRow
from patchfleet.store.questions.narrow import of_findings, where

if TYPE_CHECKING:
    from patchfleet.store.facts import Facts


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
