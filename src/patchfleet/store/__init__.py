"""The store: what complete syncs read, how it changed, and queries over it.

    with Store.open(path) as store:
        run = store.begin("nsight", now=now)        # starts a run, or resumes an interrupted one
        run.inventory(inventory)
        run.record(device_id, findings, now=now)    # one transaction: a checkpoint
        run.complete(now=now, as_of=as_of)          # publishes the run; only then is it current
        with store.snapshot() as snapshot:
            queries.worklist(snapshot)

The record is a SQLite or PostgreSQL database with one small commit per device. A complete run
becomes immutable Parquet files and one row that points to them; queries read only those files.
All SQL is in this room (import contract), and importing the package loads no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from patchfleet._renamed import renamed
from patchfleet.store.types import (
    Author,
    ChangeEntry,
    ChangeOutcome,
    Delta,
    JournalFilter,
    JournalLine,
    Json,
    OpenChange,
    PublicationRow,
    ReadBack,
    RecordedChange,
    RunRow,
    RunState,
)

if TYPE_CHECKING:
    from patchfleet.store.record.journal import Journal
    from patchfleet.store.run import Run
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.store import Store

__all__ = [
    "Author",
    "ChangeEntry",
    "ChangeOutcome",
    "Delta",
    "Journal",
    "JournalFilter",
    "JournalLine",
    "Json",
    "OpenChange",
    "PublicationRow",
    "ReadBack",
    "RecordedChange",
    "Run",
    "RunRow",
    "RunState",
    "Snapshot",
    "Store",
]

_HOMES = {"Snapshot": "snapshot", "Journal": "record.journal", "Run": "run", "Store": "store"}


def __getattr__(name: str) -> object:
    """Import the modules that need a database on first use."""
    if name not in _HOMES:
        return renamed(__name__, level=4)(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
