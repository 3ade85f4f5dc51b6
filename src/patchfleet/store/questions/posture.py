"""How a fleet stands: per customer, and by severity and state."""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.questions.answers import PostureRow, SeverityStateRow
from patchfleet.store.questions.narrow import (
    IS_OPEN,
    SEVERITY_RANK,
    STATE_RANK,
    of_customers,
    of_devices,
    of_findings,
    where,
)

if TYPE_CHECKING:
    from patchfleet.store.facts import Facts

_ALL = Selection()
_SUMS = """findings, installed, ignored, open, open_critical, open_important, open_moderate,
    open_low, open_unspecified"""


def posture(facts: "Facts", selection: Selection = _ALL) -> list[PostureRow]:
    """Sum up each customer of the selection, the least share installed first.

    A customer without installed and open findings has no share and comes last.
    """
    machines, held = where(of_devices(selection)), where(of_findings(selection))
    listed = where(of_customers(selection))
    zeros = ", ".join(f"coalesce({name.strip()}, 0)" for name in _SUMS.split(","))
    opened = ", ".join(
        f"count(*) FILTER ({IS_OPEN} AND severity = '{name}') AS open_{name}"
        for name in ("critical", "important", "moderate", "low", "unspecified")
    )
    sql = f"""
        WITH machines AS (
            SELECT source, customer_id, count(*) AS devices,
                count(*) FILTER (NOT is_patched) AS unpatched_devices
            FROM devices {machines.sql} GROUP BY source, customer_id
        ), stand AS (
            SELECT source, customer_id, count(*) AS findings,
                count(*) FILTER (state = 'installed') AS installed,
                count(*) FILTER (state = 'ignored') AS ignored,
                count(*) FILTER ({IS_OPEN}) AS open, {opened},
                max(age_days) FILTER ({IS_OPEN} AND severity = 'critical') AS oldest
            FROM held {held.sql} GROUP BY source, customer_id
        )
        SELECT source, customer_id, customer, coalesce(devices, 0), coalesce(unpatched_devices, 0),
            {zeros}, installed / nullif(installed + open, 0) AS share, oldest
        FROM customers
            LEFT JOIN machines USING (source, customer_id)
            LEFT JOIN stand USING (source, customer_id)
        {listed.sql}
        ORDER BY share NULLS LAST, lower(customer), customer, source, customer_id"""
    return facts.rows(PostureRow, sql, (*machines.values, *held.values, *listed.values))


def severity_by_state(facts: "Facts", selection: Selection = _ALL) -> list[SeverityStateRow]:
    """Count findings by severity (worst first) and state (in the order of `models.STATES`)."""
    held = where(of_findings(selection))
    sql = f"""
        SELECT severity, state, count(*) FROM held {held.sql} GROUP BY severity, state
        ORDER BY {SEVERITY_RANK}, {STATE_RANK}"""
    return facts.rows(SeverityStateRow, sql, held.values)
