"""Open findings of a selection, computed once for all queries about it.

Most findings of a fleet are installed, and most queries are about the rest.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import IS_OPEN, Clause, finding_filters, where

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch


def opened(snapshot: "Snapshot", selection: Selection) -> "Scratch":
    """Return a view of what is open of a selection, for as long as it is held; see `Facts.keep`."""
    chosen = where([*finding_filters(selection), Clause(IS_OPEN)])
    return snapshot.keep(f"SELECT * FROM findings {chosen.sql}", chosen.values)
