"""The views that a person's SQL may ask, and the columns of the published files.

Both are read from a record with nothing in it, opened as any other: what stands on the page is what
DuckDB says of the views and of the files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from docs.generator.tables import code, explained, table
from patchfleet.models import Inventory
from patchfleet.store import Snapshot, Store
from patchfleet.store.views.columns import VIEWS

_VIEWS = {
    "findings": "A row for each patch on each device, with the names and properties of both.",
    "finding_history": "A row for each period in which a patch had one state and decision on a "
    "device, over all syncs until then.",
    "patch_history": "A row for each period in which a source described a patch the same, on any "
    "number of devices: since when it is critical or superseded, and until when it was not.",
    "finding_lifecycle": "A row for each patch that was ever on a device: when a sync first saw it "
    "missing, approved, installed, ignored and removed, and how often it failed.",
    "patches": "Each description of a patch that a finding has; two sources describe the same "
    "patch in two lines.",
    "devices": "Each device, also those without patch management.",
    "sites": "Each site.",
    "customers": "Each customer of each source.",
    "machines": "Which device of which source is which machine: a line for each device.",
    "match_candidates": "Pairs of devices that may be one machine, left to a person.",
    "jobs": "Each job of a source that orders installations in jobs, as Qualys does.",
    "job_runs": "Each time that a job ran.",
    "job_results": "What each run did on each device.",
    "runs": "All syncs on record.",
    "publications": "The sync of each source that answers here.",
    "changes": "one row for each patch or job of each change in the [journal](journal.md)",
}

_FILES = {
    "customers": "the customers",
    "sites": "the sites, with their customers' names",
    "devices": "the devices, with the names of site and customer, and when each was last listed",
    "machines": "the devices of each machine, of all sources",
    "look_alikes": "pairs of devices that may be one machine, of all sources",
    "jobs": "the jobs of a source that has some",
    "job_runs": "their runs",
    "job_results": "what each run did on each device",
    "patches": "the patches that the other files of this folder refer to",
    "findings": "all findings; only in a publication that is whole",
    "begun": "findings that are new or changed since the publication before; not in the first",
    "ended": "findings of earlier publications that no longer hold, with their last state and "
    "the address of their earlier row; not in the first",
    "struck": "the deletion vector of the chain; in a publication that builds on another",
}


def views() -> str:
    """Return a section for each view: what a line is, and its columns with types and meanings."""
    explained(VIEWS, _VIEWS, "views")
    with _two_syncs() as (snapshot, _):
        columns = snapshot.views()
    sections = []
    for view, meaning in _VIEWS.items():
        rows = ((code(c.column), c.kind, c.meaning) for c in columns if c.view == view)
        listed = table(("column", "type", "meaning"), rows)
        sections.append(f"### {view}\n\n{meaning}\n\n{listed}")
    return "\n".join(sections)


def files() -> str:
    """Return a table of the files of a publication and their columns."""
    with _two_syncs() as (_, folder):
        found = {path.stem: path for path in sorted(folder.rglob("*.parquet"))}
        explained(found, _FILES, "published files")
        rows = [
            (code(f"{name}.parquet"), meaning, _columns(found[name]))
            for name, meaning in _FILES.items()
        ]
    return table(("file", "holds", "columns"), rows)


def _columns(path: Path) -> str:
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path), hive_partitioning=False)
        return ", ".join(map(code, relation.columns))


@contextmanager
def _two_syncs() -> Iterator[tuple[Snapshot, Path]]:
    """Open the facts of two complete syncs of nothing, and the folder of what they published."""
    nothing = Inventory(as_of=datetime(2026, 1, 1, tzinfo=UTC), customers=(), sites=(), devices=())
    with TemporaryDirectory() as name, Store.open(Path(name) / "empty.db") as store:
        for _ in range(2):
            run = store.begin("nsight", now=nothing.as_of)
            run.inventory(nothing)
            run.complete(now=nothing.as_of, as_of=nothing.as_of)
        with store.snapshot(with_history=True) as snapshot:
            yield snapshot, Path(name) / "empty.published"
