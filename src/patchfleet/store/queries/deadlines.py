"""Cases for deadline policies, and findings with their deadline status.

A case is evaluated once for all findings with the same data: the same patch on the same kind of
device and, if a rule counts from detection, the same time of first detection. Every open finding of
a selection gets a status.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import (
    OPEN_DEADLINE_STATUSES,
    Decision,
    DeviceKind,
    Selection,
    Severity,
    State,
)
from patchfleet.store.attributes import TABLE_TYPES, types_of
from patchfleet.store.queries.filters import SEVERITY_RANK, Clause, literals
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import ordered
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import OfCustomer
from patchfleet.store.queries.select_list import select_list
from patchfleet.store.views.scratch import file_of

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch


class CaseRow(Struct, frozen=True):
    """What some open findings are judged by; `seen_at` only where a rule counts from detection."""

    patch_id: int
    kind: DeviceKind
    seen_at: datetime | None
    patch: str
    product: str | None
    kb: str | None
    severity: Severity
    vendor_severity: str | None
    released_at: datetime | None
    cves: tuple[str, ...]
    findings: int


class KbRow(Struct, frozen=True):
    """Vulnerabilities that a KB number fixes, as far as any catalogue lists them."""

    kb: str
    cves: tuple[str, ...]


class JudgedVerdict(Struct, frozen=True):
    """The judgement of one case; `epss` is the highest of its vulnerabilities."""

    patch_id: int
    of_kind: str
    seen_at: datetime | None
    verdict: str
    due_at: datetime | None
    because: str
    duties: tuple[str, ...] = ()
    cves: tuple[str, ...] = ()
    epss: float | None = None
    is_ransomware_used: bool | None = None
    needs_forensic_triage: bool | None = None


class JudgedCount(OfCustomer, frozen=True):
    """How many open findings of one severity at one customer have a deadline status."""

    severity: Severity
    verdict: str
    findings: int


class JudgedRow(Struct, frozen=True):
    """One open finding with its deadline; `days_over` are whole days past it at `as_of`.

    `duties` are what a rule asks besides, `cves` the vulnerabilities it was judged by, `epss` the
    highest score among them; `is_ransomware_used` and `needs_forensic_triage` are from
    the catalogue of exploited vulnerabilities, None if it cannot be known.
    """

    verdict: str
    due_at: datetime | None
    days_over: int | None
    source: str
    customer: str
    site: str
    device_id: str
    device: str
    kind: DeviceKind
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    state: State
    decision: Decision
    released_at: datetime | None
    first_seen_at: datetime
    because: str
    duties: tuple[str, ...]
    cves: tuple[str, ...]
    epss: float | None
    is_ransomware_used: bool | None
    needs_forensic_triage: bool | None


_ALL = Selection()
STATUS = "verdict"
"""The column of a deadline status."""
_RANK = f"list_position([{literals(OPEN_DEADLINE_STATUSES)}], {STATUS})"
_DAYS_OVER = """CASE WHEN due_at < as_of THEN CAST(
    (epoch_us(as_of) - epoch_us(due_at)) // 86400000000 AS INTEGER) END"""
OF_CASE = """j.patch_id = f.patch_id AND j.of_kind = f.kind
    AND (j.seen_at IS NULL OR j.seen_at = f.first_seen_at)"""
"""Joins a judged case as `j` to the open findings `f` that it is about."""


def cases(
    snapshot: "Snapshot", selection: Selection = _ALL, *, by_detection: bool = False
) -> list[CaseRow]:
    """List what open findings have to be judged by, each once, with how many have it."""
    seen = "first_seen_at" if by_detection else "CAST(NULL AS TIMESTAMP)"
    of_patch = ("patch", "product", "kb", "severity", "vendor_severity", "released_at", "cves")
    any_of = {name: f"any_value({name})" for name in of_patch}
    sql = f"""
        SELECT {select_list(CaseRow, seen_at=seen, findings="count(*)", **any_of)}
        FROM {opened(snapshot, selection)}
        GROUP BY patch_id, kind, seen_at ORDER BY patch_id, kind, seen_at"""
    return snapshot.rows(CaseRow, sql)


def cves_by_kb(snapshot: "Snapshot") -> dict[str, tuple[str, ...]]:
    """Return the vulnerabilities that any source's catalogue names for a KB number.

    A patch of several numbers does not name the fixes of each, and a word is no number.
    """
    sql = f"""
        SELECT {select_list(KbRow, cves="list(DISTINCT cve ORDER BY cve)")}
        FROM (SELECT kb, unnest(cves) AS cve FROM patches_with_age
            WHERE regexp_full_match(kb, '[0-9]{{6,8}}'))
        GROUP BY kb"""
    return {row.kb: row.cves for row in snapshot.rows(KbRow, sql)}


def judge_by(snapshot: "Snapshot", verdicts: Iterable[JudgedVerdict]) -> "Scratch":
    """Store the status of every case for the queries below, which take the returned table.

    Each call makes a table of its own: a report keeps the reasons of its own pack.
    """
    columns = {name: TABLE_TYPES[kind] for name, kind in types_of(JudgedVerdict).items()}
    with file_of(verdicts, columns) as (sql, path):
        return snapshot.scratch("judged", sql, (path,))


def count_judged(
    snapshot: "Snapshot", judged: "Scratch", selection: Selection = _ALL
) -> list[JudgedCount]:
    """Count open findings by customer, severity and deadline status; see `judge_by`."""
    sql = f"""
        SELECT {select_list(JudgedCount, findings="count(*)")}
        FROM {opened(snapshot, selection)} AS f JOIN {judged} AS j ON {OF_CASE}
        GROUP BY source, customer_id, customer, severity, {STATUS}
        ORDER BY lower(customer), customer, source, customer_id, {SEVERITY_RANK}, {_RANK}"""
    return snapshot.rows(JudgedCount, sql)


def iter_judged(
    snapshot: "Snapshot",
    judged: "Scratch",
    selection: Selection = _ALL,
    *,
    verdicts: tuple[str, ...] = ("overdue",),
    limit: int | None = None,
) -> Iterator[JudgedRow]:
    """Go through the first `limit` of `judged_findings`, or all."""
    return judged_findings(snapshot, judged, selection, verdicts=verdicts).read(limit)


def judged_findings(
    snapshot: "Snapshot",
    judged: "Scratch",
    selection: Selection = _ALL,
    *,
    verdicts: tuple[str, ...] = ("overdue",),
) -> LazyRows[JudgedRow]:
    """Return open findings with their deadline status, longest overdue first; see `judge_by`."""
    mine = opened(snapshot, selection)
    marks = ", ".join("?" * len(verdicts))
    sql = f"""
        SELECT {select_list(JudgedRow, days_over=_DAYS_OVER, cves="j.cves")}
        FROM {mine} AS f JOIN {judged} AS j ON {OF_CASE} WHERE {STATUS} IN ({marks})"""
    order = f"""{_RANK}, due_at NULLS LAST, {SEVERITY_RANK}, lower(customer), lower(device),
        device_id, patch, finding_id"""
    return ordered(snapshot, JudgedRow, Clause(sql, verdicts), order=order)
