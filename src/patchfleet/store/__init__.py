"""The local record: what complete syncs learned, how it changed, and every question asked of it.

    with Store.open(path) as store:
        run = store.begin("nsight", now=now)        # or go on with one that was broken off
        run.inventory(inventory)
        run.record(device_id, findings, now=now)    # one transaction: a checkpoint
        run.complete(now=now, as_of=as_of)          # published, and only then current
        with store.facts() as facts:
            questions.worklist(facts)

Law of this room: all SQL there is stands here. SQLite holds the truth, one small commit a device;
a complete run becomes immutable Parquet and one row that points to it; questions read only that.
Importing this package loads no database: the names below arrive when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from patchfleet._renamed import renamed
from patchfleet.store.types import (
    ChangeEntry,
    ChangeOutcome,
    Delta,
    Json,
    OpenChange,
    PublicationRow,
    ReadBack,
    RunRow,
    RunState,
)

if TYPE_CHECKING:
    from patchfleet.store.record.journal import Journal
    from patchfleet.store.run import Run
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.store import Store

__all__ = [
    "ChangeEntry",
    "ChangeOutcome",
    "Delta",
    "Journal",
    "Json",
    "OpenChange",
    "PublicationRow",
    "ReadBack",
    "Run",
    "RunRow",
    "RunState",
    "Snapshot",
    "Store",
]

_HOMES = {"Snapshot": "snapshot", "Journal": "record.journal", "Run": "run", "Store": "store"}


def __getattr__(name: str) -> object:
    """Import what needs a database when it is asked for."""
    if name not in _HOMES:
        return renamed(__name__)(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
