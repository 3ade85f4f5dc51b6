"""Jobs with the outcome of their runs, and the results on each device."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import Selection
from patchfleet.store.queries.filters import Clause, device_filters, where
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.rows import OfSource
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


class JobRow(OfSource, frozen=True):
    """One job with the sums of its results on the devices that were asked for."""

    job_id: str
    name: str
    status: str
    vendor_status: str
    platform: str | None
    created_by: str | None
    last_run_at: datetime | None
    next_run_at: datetime | None
    runs: int
    devices: int
    succeeded: int
    failed: int
    waiting: int


class JobResultRow(OfSource, frozen=True):
    """What one run of a job did on one device; `failed_patches` are titles."""

    job_id: str
    name: str | None
    run_id: str
    customer: str
    device_id: str
    device: str
    status: str
    vendor_status: str
    waits_for_reboot: bool
    started_at: datetime | None
    ended_at: datetime | None
    succeeded: int
    failed: int
    failed_patches: tuple[str, ...]


class JobTotals(Struct, frozen=True):
    """How many results of jobs there are on devices, and the patches of all of them together."""

    results: int
    succeeded: int
    failed: int


_ALL = Selection()
_FAILED_PATCHES = """(
    SELECT list(DISTINCT patch ORDER BY patch) FROM patches_with_age AS p
    WHERE list_contains(r.failed, p.vendor_id))"""


def jobs(snapshot: "Snapshot", selection: Selection = _ALL) -> list[JobRow]:
    """List jobs with the sums of their results on the devices of a selection, latest first.

    A selection of devices leaves out the jobs that have no result there.
    """
    chosen = where(device_filters(selection))
    counts = ("runs", "devices", "succeeded", "failed", "waiting")
    sums = {name: f"CAST(coalesce({name}, 0) AS BIGINT)" for name in counts}
    join = "JOIN" if chosen.sql else "LEFT JOIN"
    sql = f"""
        WITH counted AS (
            SELECT r.source, r.job_id, count(DISTINCT run_id) AS runs,
                count(DISTINCT r.device_id) AS devices, sum(succeeded_count) AS succeeded,
                sum(failed_count) AS failed, count(*) FILTER (waits_for_reboot) AS waiting
            FROM job_results AS r
                SEMI JOIN (SELECT source, device_id FROM devices {chosen.sql}) AS d
                ON d.source = r.source AND d.device_id = r.device_id
            GROUP BY r.source, r.job_id
        )
        SELECT {select_list(JobRow, source="j.source", job_id="j.id", **sums)}
        FROM jobs AS j {join} counted AS c ON c.source = j.source AND c.job_id = j.id
        ORDER BY last_run_at DESC NULLS LAST, lower(name), j.source, j.id"""
    return snapshot.rows(JobRow, sql, chosen.values)


@listed
def job_results(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[JobResultRow]:
    """List what each run did on each device of a selection, failures first, then the latest."""
    chosen = where(device_filters(selection))
    columns = select_list(
        JobResultRow,
        "r",
        name="j.name",
        customer="d.customer",
        device="d.device",
        succeeded="r.succeeded_count",
        failed="r.failed_count",
        failed_patches=_FAILED_PATCHES,
    )
    sql = f"""
        SELECT {columns}
        FROM job_results AS r
            JOIN (SELECT * FROM devices {chosen.sql}) AS d
            ON d.source = r.source AND d.device_id = r.device_id
            LEFT JOIN jobs AS j ON j.source = r.source AND j.id = r.job_id"""
    order = """r.failed_count > 0 DESC, r.ended_at DESC NULLS LAST, j.name, r.run_id,
        lower(d.device), r.device_id"""
    return ordered(snapshot, JobResultRow, Clause(sql, chosen.values), order=order)


def job_totals(snapshot: "Snapshot", selection: Selection = _ALL) -> JobTotals:
    """Add up all rows of `job_results`."""
    counts = ("succeeded", "failed")
    sums = {name: f"CAST(coalesce(sum({name}_count), 0) AS BIGINT)" for name in counts}
    chosen = where(device_filters(selection))
    sql = f"""
        SELECT {select_list(JobTotals, results="count(*)", **sums)}
        FROM job_results AS r
            JOIN (SELECT source, device_id FROM devices {chosen.sql}) AS d
            ON d.source = r.source AND d.device_id = r.device_id"""
    (totals,) = snapshot.rows(JobTotals, sql, chosen.values)
    return totals
