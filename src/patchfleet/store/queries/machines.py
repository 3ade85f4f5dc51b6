"""Machines, their devices in each source, and possible duplicates."""

from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet._renamed.fields import FormerFields
from patchfleet.models import Selection
from patchfleet.store.queries.filters import IS_OPEN, device_filters, where
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


class MachineRow(Struct, frozen=True):
    """One machine: its devices as `source:id`, how sure it is, why, and what is open on them."""

    machine_id: str
    device: str
    customer: str
    devices: tuple[str, ...]
    sources: tuple[str, ...]
    score: int
    reasons: tuple[str, ...]
    open: int


class MatchCandidateRow(Struct, frozen=True, metaclass=FormerFields):
    """Two devices, as `source:id`, that may be one machine, for a person to say."""

    kind: str
    score: int
    first: str
    first_device: str
    first_customer: str
    second: str
    second_device: str
    second_customer: str
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]


_ALL = Selection()
_EACH_ONCE = (
    "list_filter(all_reasons, lambda reason, place: list_position(all_reasons, reason) = place)"
)


def machines(snapshot: "Snapshot", selection: Selection = _ALL) -> list[MachineRow]:
    """List machines by name, with their devices in every source and why these are the same.

    A machine is in the selection when one of its devices is.
    """
    chosen = where(device_filters(selection))
    sql = f"""
        WITH counted AS (
            SELECT device_key, count(*) FILTER ({IS_OPEN}) AS open FROM findings_scanned
            GROUP BY device_key
        ), joined AS (
            SELECT machine_id, arg_min(devices.device, source) AS name,
                arg_min(devices.customer, source) AS customer,
                list(source || ':' || device_id ORDER BY source, device_id) AS devices,
                list(DISTINCT source ORDER BY source) AS sources, min(score) AS score,
                flatten(list(reasons ORDER BY source, device_id)) AS all_reasons,
                CAST(sum(coalesce(open, 0)) AS BIGINT) AS open
            FROM machines JOIN devices USING (device_key, source, device_id)
                LEFT JOIN counted USING (device_key)
            WHERE machine_id IN (
                SELECT machine_id FROM machines JOIN devices USING (device_key, source, device_id)
                {chosen.sql}
            )
            GROUP BY machine_id
        )
        SELECT {select_list(MachineRow, device="name", reasons=_EACH_ONCE)}
        FROM joined ORDER BY lower(name), machine_id"""
    return snapshot.rows(MachineRow, sql, chosen.values)


def known_to_several(snapshot: "Snapshot", selection: Selection = _ALL) -> int:
    """Count the machines that have devices of the selection in more than one source."""
    chosen = where(device_filters(selection))
    sql = f"""
        SELECT count(*) FROM (
            SELECT machine_id FROM machines JOIN devices USING (device_key, source, device_id)
            {chosen.sql} GROUP BY machine_id HAVING count(DISTINCT source) > 1
        )"""
    return snapshot.count(sql, chosen.values)


def match_candidates(snapshot: "Snapshot") -> list[MatchCandidateRow]:
    """List the pairs that may be one machine and are left to a person, the most likely first."""
    columns = select_list(
        MatchCandidateRow,
        kind="p.kind",
        first="left_source || ':' || left_id",
        first_device="l.device",
        first_customer="l.customer",
        second="right_source || ':' || right_id",
        second_device="r.device",
        second_customer="r.customer",
    )
    sql = f"""
        SELECT {columns}
        FROM match_candidates AS p
            JOIN devices AS l ON l.source = left_source AND l.device_id = left_id
            JOIN devices AS r ON r.source = right_source AND r.device_id = right_id
        ORDER BY score DESC, p.kind, lower(l.device), first, second"""
    return snapshot.rows(MatchCandidateRow, sql)
