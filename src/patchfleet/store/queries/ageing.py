"""Age of patches that devices still lack."""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import SEVERITY_RANK, literals
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import AGE_BUCKETS, AgeRow, TopPatchRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()
_BUCKET = """CASE
    WHEN age_days IS NULL THEN 'unknown' WHEN age_days <= 7 THEN '0-7'
    WHEN age_days <= 14 THEN '8-14' WHEN age_days <= 30 THEN '15-30'
    WHEN age_days <= 60 THEN '31-60' WHEN age_days <= 90 THEN '61-90' ELSE '>90' END"""


def age_of_open(snapshot: "Snapshot", selection: Selection = _ALL) -> list[AgeRow]:
    """Count open findings by whole days since release, youngest first, and severity, worst first.

    What has no release date is `unknown`; what is released after `as_of` counts as 0 days old.
    """
    sql = f"""
        SELECT {select_list(AgeRow, bucket=_BUCKET, findings="count(*)")}
        FROM {opened(snapshot, selection)}
        GROUP BY bucket, severity
        ORDER BY list_position([{literals(AGE_BUCKETS)}], bucket), {SEVERITY_RANK}"""
    return snapshot.rows(AgeRow, sql)


def top_patches(
    snapshot: "Snapshot", selection: Selection = _ALL, *, limit: int = 20
) -> list[TopPatchRow]:
    """List the patches that are open on most devices, then by severity, age and title."""
    sql = f"""
        SELECT {select_list(TopPatchRow)}
        FROM (
            SELECT patch_id, count(DISTINCT device_key) AS devices
            FROM {opened(snapshot, selection)} GROUP BY patch_id
        ) JOIN patches_with_age USING (patch_id)
        ORDER BY devices DESC, {SEVERITY_RANK}, released_at NULLS LAST, patch, patch_id LIMIT ?"""
    return snapshot.rows(TopPatchRow, sql, (limit,))
