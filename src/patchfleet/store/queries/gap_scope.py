"""Scope of a gap: whether a narrowed selection may name it.

A gap of an unknown customer is named only if the selection is not narrowed.
"""

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from patchfleet.models import Gap, Selection
from patchfleet.store.queries.filters import Clause, device_filters, of_customers, one_of, where
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


class _Place(Struct, frozen=True):
    source: str
    id: str


class Whose:
    """Scope of a selection: which gaps it may name."""

    def __init__(self, snapshot: "Snapshot", selection: Selection) -> None:
        self._selection = selection
        self._is_narrowed = bool(device_filters(replace(selection, accounts=())))
        self._devices: set[tuple[str, str]] = set()
        self._customers: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str]] = set()
        ids = sorted({gap.device_id for run in snapshot.gaps for gap in run.gaps if gap.device_id})
        if self._is_narrowed and any(run.gaps for run in snapshot.gaps):
            listed = where(of_customers(selection))
            self._customers = _places(snapshot, "customer_id", "customers", listed)
            meant = where([*device_filters(selection), one_of("device_id", ids)] if ids else [])
            if ids:
                self._devices = _places(snapshot, "device_id", "devices", meant)
                every = where([one_of("device_id", ids)])
                self._known = _places(snapshot, "device_id", "devices", every)

    def spelled(self, source: str, gap: Gap) -> str | None:
        """Describe a gap that may be named; None for one that may not."""
        if not self._selection.means_account(source):
            return None
        if self._is_narrowed and not gap.is_general and not self._is_meant(source, gap):
            return None
        return gap.sentence if gap.subject.startswith("device ") else gap.reason

    def _is_meant(self, source: str, gap: Gap) -> bool:
        """Look for the device itself; one that is not on record is meant with its customer."""
        if gap.device_id is not None and (source, gap.device_id) in self._known:
            return (source, gap.device_id) in self._devices
        chosen = self._selection
        is_part = bool(chosen.sites or chosen.devices or chosen.kinds)
        if gap.customer_id is None or (gap.device_id is not None and is_part):
            return False
        return (source, gap.customer_id) in self._customers


def _places(snapshot: "Snapshot", column: str, view: str, chosen: Clause) -> set[tuple[str, str]]:
    sql = f"SELECT {select_list(_Place, id=column)} FROM {view} {chosen.sql}"
    return {(row.source, row.id) for row in snapshot.rows(_Place, sql, chosen.values)}
