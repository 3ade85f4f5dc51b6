"""Differences between two published runs of the same source.

Two findings are the same if source, device and the source's own id agree. A difference is another
state or decision, an appearance or a disappearance.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import SEVERITY_RANK, STATES_IN_ORDER, finding_filters, where
from patchfleet.store.queries.rows import ChangeRow, FirstListed, TransitionRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()
_KEY = "source, device_id, finding_id"
_SIDE = f"{_KEY}, customer_id, customer, site_id, site, device, patch, kb, severity"


def changes(before: "Snapshot", after: "Snapshot", selection: Selection = _ALL) -> list[ChangeRow]:
    """List what differs, by customer, site, device, severity and title.

    A finding counts when either side is in the selection; names are those of the later side. Raises
    StoreError when the two do not hold the same sources.
    """
    differing, values = _differing(before, after, selection)
    sql = f"""
        SELECT {select_list(ChangeRow)}
        FROM ({differing})
        ORDER BY lower(customer), customer_id, lower(site), site_id, lower(device), device_id,
            {SEVERITY_RANK}, patch, finding_id, source"""
    return after.rows(ChangeRow, sql, values)


def count_changes(
    before: "Snapshot", after: "Snapshot", selection: Selection = _ALL
) -> list[TransitionRow]:
    """Count what differs by transition from state to state, most frequent first."""
    differing, values = _differing(before, after, selection)
    sql = f"""
        SELECT {select_list(TransitionRow, findings="count(*)")} FROM ({differing})
        GROUP BY before_state, after_state
        ORDER BY findings DESC, list_position({STATES_IN_ORDER}, before_state) NULLS FIRST,
            list_position({STATES_IN_ORDER}, after_state) NULLS FIRST"""
    return after.rows(TransitionRow, sql, values)


def count_first_listed(
    before: "Snapshot", after: "Snapshot", selection: Selection = _ALL
) -> FirstListed:
    """Count the devices that only the later side lists, and their findings, none of them news."""
    listed = after.beside(before).removesuffix("findings") + "devices"
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT {select_list(FirstListed, devices="count(DISTINCT device_key)", findings="count(*)")}
        FROM (SELECT * FROM findings {chosen.sql})
        WHERE (source, device_id) NOT IN (
            SELECT (source, device_id) FROM {listed} WHERE scanned_at IS NOT NULL)"""
    (counted,) = after.rows(FirstListed, sql, chosen.values)
    return counted


def _differing(
    before: "Snapshot", after: "Snapshot", selection: Selection
) -> tuple[str, tuple[object, ...]]:
    """Build the statement of all that differs; it runs on the connection of `after`."""
    earlier = after.beside(before)
    chosen = where(finding_filters(selection))
    fields = [f"coalesce(new.{name}, old.{name}) AS {name}" for name in _SIDE.split(", ")]
    sides = [
        f"{side}.{name} AS {when}_{name}"
        for name in ("state", "decision")
        for when, side in (("before", "old"), ("after", "new"))
    ]
    sql = f"""
        SELECT {", ".join([*fields, *sides])}
        FROM {earlier} AS old FULL JOIN findings AS new USING ({_KEY})
        WHERE (old.state IS DISTINCT FROM new.state OR old.decision IS DISTINCT FROM new.decision)
            AND (({_KEY}) IN (SELECT {_KEY} FROM {earlier} {chosen.sql})
                OR ({_KEY}) IN (SELECT {_KEY} FROM findings {chosen.sql}))"""
    return sql, chosen.values * 2
