"""What a record holds, row for row, and how it compares with what an undisturbed sync learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from patchfleet.errors import StoreError
from patchfleet.store import Store
from patchfleet.store.views.columns import VIEWS

KEYS = {
    "findings": ("source", "device_id", "finding_id"),
    "devices": ("source", "device_id"),
    "sites": ("source", "customer_id", "site_id"),
    "customers": ("source", "customer_id"),
    "jobs": ("source", "id"),
    "job_runs": ("source", "job_id", "id"),
    "job_results": ("source", "job_id", "run_id", "device_id"),
}
"""The views that are compared, and what names a row of each."""
OURS = frozenset(
    {"device_key", "patch_id", "first_seen_at", "changed_at", "scanned_at", "from_run", "as_of",
     "age_days"}
)  # fmt: skip
"""Columns that say how and when it was learned, not what is so."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]
Rows = Mapping[str, Mapping[tuple[Any, ...], Row]]


def read(folder: Path, source: str) -> Rows:
    """Return what is current of one source in the record of a folder, by view and key."""
    try:
        with Store.open(folder / "fleet.db") as store, store.snapshot() as snapshot:
            return {view: _view(snapshot, view, source) for view in KEYS}
    except StoreError as error:
        if "no complete sync" in error.message or "there is no record" in error.message:
            return {view: {} for view in KEYS}
        raise


def _view(snapshot: Any, view: str, source: str) -> dict[tuple[Any, ...], Row]:
    columns = [name for name in VIEWS[view] if name not in OURS]
    answer = snapshot.ask(f"SELECT {', '.join(columns)} FROM {view} WHERE source = '{source}'")
    rows = [dict(zip(columns, row, strict=True)) for row in answer.rows()]
    found = {tuple(row[name] for name in KEYS[view]): row for row in rows}
    assert len(found) == len(rows), f"{view} names a row twice"
    return found


@dataclass(frozen=True)
class Difference:
    """How rows differ from those of an undisturbed sync, and where they came from instead.

    `strange` counts rows and values that neither the record before nor an undisturbed sync has.
    """

    missing: int = 0
    added: int = 0
    changed: int = 0
    strange: int = 0
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.added or self.changed)

    def __str__(self) -> str:
        counts = f"{self.missing} missing, {self.added} added, {self.changed} changed"
        return f"{counts} ({self.strange} of nobody): {'; '.join(self.examples)}"


def compare(found: Rows, truth: Rows, before: Rows, blurs: frozenset[str] = frozenset()):
    """Return how rows differ from the truth; columns that are blurred may be unknown, or odd."""
    missing = added = changed = strange = 0
    examples: list[str] = []
    for view, rows in truth.items():
        got, old = found[view], before[view]
        for key in rows.keys() - got.keys():
            missing += 1
            strange += key in old
            examples.append(f"{view} lacks {key[1:]}")
        for key in got.keys() - rows.keys():
            added += 1
            strange += got[key] != old.get(key)
            examples.append(f"{view} has {key[1:]}")
        for key in got.keys() & rows.keys():
            odd = [
                name
                for name, value in got[key].items()
                if value != rows[key][name] and not (name in blurs and _is_sane(value))
            ]
            if odd:
                changed += 1
                strange += any(got[key][name] != old.get(key, {}).get(name) for name in odd)
                told = {name: (rows[key][name], got[key][name]) for name in odd}
                examples.append(f"{view} {key[1:]} {told}")
    return Difference(missing, added, changed, strange, tuple(examples[:3]))


def _is_sane(value: Any) -> bool:
    """Say whether a blurred value is one that a person would believe."""
    if isinstance(value, datetime):
        return EARLIEST < value < LATEST
    return not (isinstance(value, str) and any(ord(letter) < 32 for letter in value))
