"""Tables of machines, match candidates and match decisions."""

from collections.abc import Iterable

from patchfleet._renamed import renamed
from patchfleet.models.machine import MatchDecision
from patchfleet.report.document import Column, Table, tabulate
from patchfleet.store.queries.machines import MachineRow, MatchCandidateRow

_MACHINES = (
    Column("device", "Machine"),
    Column("customer", "Customer"),
    Column("sources", "Sources", "list"),
    Column("open", "Open patches", "integer"),
    Column("score", "Confidence", "integer"),
    Column("reasons", "Matched by", "list", width=60),
    Column("devices", "Devices", "list"),
    Column("machine_id", "Machine id", is_detail=True),
)
_CANDIDATES = (
    Column("kind", "Type"),
    Column("score", "Score", "integer"),
    Column("first_device", "Device A"),
    Column("second_device", "Device B"),
    Column("evidence_for", "Evidence", "list", width=50),
    Column("evidence_against", "Against", "list", width=50),
    Column("first", "ID A"),
    Column("second", "ID B"),
    Column("first_customer", "Customer A", is_detail=True),
    Column("second_customer", "Customer B", is_detail=True),
)
_DECISIONS = (
    Column("at", "Decided", "moment"),
    Column("by", "By"),
    Column("first", "Device A"),
    Column("second", "Device B"),
    Column("is_same", "Same machine", "flag"),
    Column("reason", "Reason", width=50),
)


def machines_table(rows: Iterable[MachineRow]) -> Table:
    """Tabulate machines with their devices, and the identifiers that match."""
    return tabulate("machines", "Machines", _MACHINES, rows)


def candidates_table(rows: Iterable[MatchCandidateRow]) -> Table:
    """Tabulate pairs of devices that need a decision."""
    note = "Decide with: patchfleet machines link ID ID, or unlink ID ID."
    table = tabulate("match_candidates", "Possible duplicates", _CANDIDATES, rows)
    return Table(
        name=table.name, title=table.title, columns=table.columns, rows=table.rows, note=note
    )


def decisions_table(decisions: Iterable[MatchDecision]) -> Table:
    """Tabulate decisions in the order in which they were made."""
    rows = [
        (one.at, one.by, ":".join(one.left), ":".join(one.right), one.is_same, one.reason)
        for one in decisions
    ]
    return Table(name="verdicts", title="Match decisions", columns=_DECISIONS, rows=rows)


__getattr__ = renamed(__name__)
