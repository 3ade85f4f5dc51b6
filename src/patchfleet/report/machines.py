"""Machines, look-alikes and verdicts as tables."""

from collections.abc import Iterable

from patchfleet.models.machine import MatchDecision
from patchfleet.report.document import Column, Table, tabulate
from patchfleet.store.queries.rows import LookAlikeRow, MachineRow

_MACHINES = (
    Column("device", "Machine"),
    Column("customer", "Customer"),
    Column("sources", "Known to", "list"),
    Column("open", "Open patches", "integer"),
    Column("score", "Sure", "integer"),
    Column("reasons", "Because", "list", width=60),
    Column("devices", "Devices", "list"),
    Column("machine_id", "Machine id", is_detail=True),
)
_LOOK_ALIKES = (
    Column("kind", "Looks"),
    Column("score", "Likely", "integer"),
    Column("first_device", "Device"),
    Column("second_device", "And device"),
    Column("reasons", "For", "list", width=50),
    Column("against", "Against", "list", width=50),
    Column("first", "Id"),
    Column("second", "And id"),
    Column("first_customer", "Customer", is_detail=True),
    Column("second_customer", "And customer", is_detail=True),
)
_VERDICTS = (
    Column("at", "Decided", "moment"),
    Column("by", "By"),
    Column("first", "Device"),
    Column("second", "And device"),
    Column("is_same", "One machine", "flag"),
    Column("reason", "Reason", width=50),
)


def machines_table(rows: Iterable[MachineRow]) -> Table:
    """Tabulate machines with the devices they are made of, and why."""
    return tabulate("machines", "Machines", _MACHINES, rows)


def look_alikes_table(rows: Iterable[LookAlikeRow]) -> Table:
    """Tabulate pairs of devices for a person to decide."""
    note = "Decide with: patchfleet machines link ID ID, or unlink ID ID."
    table = tabulate("look_alikes", "Devices that may be one machine", _LOOK_ALIKES, rows)
    return Table(
        name=table.name, title=table.title, columns=table.columns, rows=table.rows, note=note
    )


def verdicts_table(verdicts: Iterable[MatchDecision]) -> Table:
    """Tabulate what people decided, in the order they did."""
    rows = [
        (one.at, one.by, ":".join(one.left), ":".join(one.right), one.is_same, one.reason)
        for one in verdicts
    ]
    return Table(name="verdicts", title="What people decided", columns=_VERDICTS, rows=rows)
