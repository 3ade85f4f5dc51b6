"""Coverage of a selection by a snapshot.

Everything named belongs to the selection. A gap of another customer, or of an unknown customer, is
only counted if the selection is narrowed, and named if it is not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import Gap, Selection
from patchfleet.store.queries.filters import Clause, device_filters, one_of, where
from patchfleet.store.queries.gap_scope import Whose
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.select_list import select_list
from patchfleet.store.queries.worklist import NOT_JUDGED
from patchfleet.store.report_coverage import AcceptedUnread, Coverage, CoveredSource, LaterRuns
from patchfleet.store.types import RunGaps

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

MOST_NAMED = 5
"""Devices that are named; the others are counted."""


class _Devices(Struct, frozen=True):
    devices: int
    unmanaged: int
    names: tuple[str, ...]


class _Kept(Struct, frozen=True):
    source: str
    kept: int
    oldest_at: datetime | None


_KEPT = select_list(_Kept, source="?", kept="count(*)", oldest_at="min(scanned_at)")


class _Listed(Struct, frozen=True):
    source: str
    id: str
    at: datetime | None


def coverage(snapshot: "Snapshot", selection: Selection) -> Coverage:
    """Say what is covered; sums alone are asked of findings, so that it costs little."""
    whose = Whose(snapshot, selection)
    current = {one.source: one.run_id for one in snapshot.publications}
    runs = [run for run in snapshot.gaps if run.run_id == current.get(run.source)]
    told = [(run.source, gap, whose.spelled(run.source, gap)) for run in runs for gap in run.gaps]
    unread = _unread(snapshot, told)
    # A device that was accepted unread is named with the others of its kind.
    gaps = [said for _, gap, said in told if not (said and gap.is_accepted and gap.device_id)]
    sources = tuple(_sources(snapshot, selection, unread))
    (devices,) = _devices(snapshot, selection)
    return Coverage(
        selection=selection,
        as_of=min((one.as_of for one in sources), default=snapshot.as_of),
        sources=sources,
        devices=devices.devices,
        unmanaged=devices.unmanaged,
        unmanaged_names=devices.names,
        unread=unread,
        gaps=tuple(dict.fromkeys(gap for gap in gaps if gap is not None)),
        other_gaps=sum(gap is None for gap in gaps),
        later=tuple(_later(snapshot, selection, whose, current)),
        known_to_several=_known_to_several(snapshot, selection),
        look_alikes=_look_alikes(snapshot, selection),
        not_judged=snapshot.count(
            f"SELECT count(*) FROM {opened(snapshot, selection)} WHERE {NOT_JUDGED}"
        ),
    )


def _devices(snapshot: "Snapshot", selection: Selection) -> list[_Devices]:
    chosen = where(device_filters(selection))
    columns = select_list(
        _Devices,
        devices="count(*)",
        unmanaged="count(*) FILTER (NOT is_patched)",
        names=f"list_sort(list(device) FILTER (NOT is_patched))[:{MOST_NAMED}]",
    )
    return snapshot.rows(_Devices, f"SELECT {columns} FROM devices {chosen.sql}", chosen.values)


def _unread(
    snapshot: "Snapshot", told: Sequence[tuple[str, Gap, str | None]]
) -> tuple[AcceptedUnread, ...]:
    """List the devices of the selection that were accepted unread, each once, with their age."""
    found = {
        (source, gap.device_id): said
        for source, gap, said in told
        if gap.is_accepted and gap.device_id is not None and said is not None
    }
    if not found:
        return ()
    chosen = where([one_of("device_id", sorted({device_id for _, device_id in found}))])
    columns = select_list(_Listed, id="device_id", at="scanned_at")
    sql = f"SELECT {columns} FROM devices {chosen.sql}"
    listed = {(row.source, row.id): row.at for row in snapshot.rows(_Listed, sql, chosen.values)}
    return tuple(
        AcceptedUnread(source, device_id, said, listed.get((source, device_id)))
        for (source, device_id), said in found.items()
    )


def _sources(
    snapshot: "Snapshot", selection: Selection, unread: Sequence[AcceptedUnread]
) -> list[CoveredSource]:
    """Say of each source how many devices its run did not ask."""
    began = {run.run_id: run.started_at for run in snapshot.gaps}
    found = []
    for one in snapshot.publications:
        if not selection.means_account(one.source):
            continue
        at = began.get(one.run_id)
        kept = None
        if at is not None:
            older = Clause("scanned_at < CAST(? AS TIMESTAMP)", (at.replace(tzinfo=None),))
            clauses = [*device_filters(selection), one_of("source", [one.source]),
                       Clause("is_patched"), older]  # fmt: skip
            if apart := [it.device_id for it in unread if it.source == one.source]:
                among = one_of("device_id", apart)
                clauses.append(Clause(f"NOT ({among.sql})", among.values))
            chosen = where(clauses)
            sql = f"SELECT {_KEPT} FROM devices {chosen.sql}"
            (kept,) = snapshot.rows(_Kept, sql, (one.source, *chosen.values))
        number, oldest = (kept.kept, kept.oldest_at) if kept else (0, None)
        found.append(CoveredSource(one.source, one.run_id, one.as_of, at, number, oldest))
    return found


def _later(
    snapshot: "Snapshot", selection: Selection, whose: Whose, current: dict[str, int]
) -> list[LaterRuns]:
    found = []
    unknown = dict.fromkeys((run.source for run in snapshot.gaps if run.source not in current), 0)
    for source, run_id in {**current, **unknown}.items():
        runs = [run for run in snapshot.gaps if run.source == source and run.run_id > run_id]
        if not runs or not selection.means_account(source):
            continue
        began = [run.started_at for run in snapshot.gaps if run.run_id == run_id]
        spelled = _spelled_once(runs, whose)
        missed = tuple(sentence for sentence in spelled if sentence is not None)
        last = runs[-1]
        found.append(
            LaterRuns(
                source=source,
                runs=tuple(run.run_id for run in runs),
                last_at=last.started_at,
                last_state=last.state,
                age=last.started_at - began[0] if began else None,
                missed=missed,
                others=len(spelled) - len(missed),
                is_unknown=source in unknown,
            )
        )
    return found


def _spelled_once(runs: Sequence[RunGaps], whose: Whose) -> list[str | None]:
    """Describe what several runs missed, the newest first: the same thing once."""
    once: dict[tuple[str, str | None, str], str | None] = {}
    for run in reversed(runs):
        for gap in run.gaps:
            what = (gap.subject, gap.device_id, "" if gap.device_id else gap.reason)
            if what not in once:
                once[what] = whose.spelled(run.source, gap)
    return list(once.values())


def _known_to_several(snapshot: "Snapshot", selection: Selection) -> int:
    from patchfleet.store.queries.machines import known_to_several

    return known_to_several(snapshot, selection)


def _look_alikes(snapshot: "Snapshot", selection: Selection) -> int:
    """Count the pairs whose devices both are of the selection."""
    chosen = where(device_filters(selection))
    mine = f"(SELECT source, device_id FROM devices {chosen.sql})"
    sql = f"""
        SELECT count(*) FROM match_candidates
        WHERE (left_source, left_id) IN {mine} AND (right_source, right_id) IN {mine}"""
    return snapshot.count(sql, chosen.values * 2)
