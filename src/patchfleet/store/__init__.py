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

from patchfleet.store.types import (
    ChangeEntry,
    Delta,
    Json,
    OpenChange,
    Outcome,
    PublicationRow,
    ReadBack,
    RunRow,
    RunState,
)

if TYPE_CHECKING:
    from patchfleet.store.record.journal import Journal
    from patchfleet.store.run import Run
    from patchfleet.store.snapshot import Facts
    from patchfleet.store.store import Store

__all__ = [
    "ChangeEntry",
    "Delta",
    "Facts",
    "Journal",
    "Json",
    "OpenChange",
    "Outcome",
    "PublicationRow",
    "ReadBack",
    "Run",
    "RunRow",
    "RunState",
    "Store",
]

_HOMES = {"Facts": "facts", "Journal": "journal", "Run": "run", "Store": "record"}


def __getattr__(name: str) -> object:
    """Import what needs a database when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
