"""Lists of findings, devices and customers.

A list is complete unless the caller asks for `limit`, and its order is always the same.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import (
    IS_OPEN,
    SEVERITY_RANK,
    Clause,
    device_filters,
    finding_filters,
    of_customers,
    where,
)
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.rows import CustomerRow, DeviceRow, FindingRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()
_PLACES = "lower(customer), customer_id, lower(site), site_id, lower(device), device_id"

_BY_PATCH = f"{SEVERITY_RANK}, age_days DESC NULLS LAST"
"""Hangs on the patch alone."""


def findings(
    snapshot: "Snapshot", selection: Selection = _ALL, *, limit: int | None = None
) -> list[FindingRow]:
    """List findings by customer, site, device, severity (worst first) and title."""
    asked = _findings(selection, limit)
    return snapshot.rows(FindingRow, asked.sql, asked.values)


def iter_findings(
    snapshot: "Snapshot", selection: Selection = _ALL, *, batch: int = 5000
) -> Iterator[FindingRow]:
    """Go through findings in the order of `findings`, holding `batch` rows at a time."""
    asked = _findings(selection, None)
    return snapshot.iter_rows(FindingRow, asked.sql, asked.values, batch=batch)


def worst_open_findings(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[FindingRow]:
    """Return the open findings by severity, worst first, and in each the oldest release first.

    Those without a release date come last in their severity.
    """
    chosen = where([*finding_filters(selection), Clause(IS_OPEN)])
    rows = f"SELECT {select_list(FindingRow)} FROM findings {chosen.sql}"

    def first(limit: int) -> Clause:
        worst = _worst_patches(chosen.sql)
        return Clause(f"{rows} AND patch_id IN ({worst})", (*chosen.values, *chosen.values, limit))

    order = f"{_BY_PATCH}, {_PLACES}, patch, finding_id, source"
    return ordered(snapshot, FindingRow, Clause(rows, chosen.values), order=order, first=first)


def _worst_patches(chosen: str) -> str:
    """Select the patches of the first findings by severity and age; before each, fewer come.

    The last value is the number of rows. To put all rows of a large fleet in order takes a hundred
    times as long as to count them.
    """
    return f"""
        SELECT patch_id FROM (
            SELECT patch_id, n, sum(n) OVER (ORDER BY {_BY_PATCH}) AS until,
                sum(n) OVER (PARTITION BY {SEVERITY_RANK}, age_days) AS alike
            FROM (
                SELECT patch_id, severity, age_days, count(*) AS n
                FROM findings {chosen} GROUP BY patch_id, severity, age_days
            )
        ) WHERE until - alike < ?"""


def count_findings(snapshot: "Snapshot", selection: Selection = _ALL) -> int:
    """Count the findings of a selection."""
    chosen = where(finding_filters(selection))
    return snapshot.count(f"SELECT count(*) FROM findings {chosen.sql}", chosen.values)


@listed
def devices(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[DeviceRow]:
    """List devices by customer, site and name; only places and kinds of the selection count."""
    chosen = where(device_filters(selection))
    sql = f"""
        WITH counted AS (
            SELECT device_key, count(*) AS findings, count(*) FILTER ({IS_OPEN}) AS open
            FROM findings_scanned GROUP BY device_key
        )
        SELECT {select_list(DeviceRow, findings="coalesce(findings, 0)", open="coalesce(open, 0)")}
        FROM devices LEFT JOIN counted USING (device_key) {chosen.sql}"""
    order = f"{_PLACES}, source"
    return ordered(snapshot, DeviceRow, Clause(sql, chosen.values), order=order)


def customers(snapshot: "Snapshot", selection: Selection = _ALL) -> list[CustomerRow]:
    """List customers by name, also those without a device."""
    chosen = where(of_customers(selection))
    columns = select_list(
        CustomerRow, sites="coalesce(places.n, 0)", devices="coalesce(machines.n, 0)"
    )
    sql = f"""
        SELECT {columns}
        FROM customers
            LEFT JOIN (SELECT source, customer_id, count(*) AS n FROM sites GROUP BY 1, 2)
                AS places USING (source, customer_id)
            LEFT JOIN (SELECT source, customer_id, count(*) AS n FROM devices GROUP BY 1, 2)
                AS machines USING (source, customer_id)
        {chosen.sql}
        ORDER BY lower(customer), customer, source, customer_id"""
    return snapshot.rows(CustomerRow, sql, chosen.values)


def _findings(selection: Selection, limit: int | None) -> Clause:
    chosen = where(finding_filters(selection))
    cut, values = ("", ()) if limit is None else ("LIMIT ?", (limit,))
    sql = f"""
        SELECT {select_list(FindingRow)} FROM findings {chosen.sql}
        ORDER BY {_PLACES}, {SEVERITY_RANK}, patch, finding_id, source {cut}"""
    return Clause(sql, (*chosen.values, *values))
