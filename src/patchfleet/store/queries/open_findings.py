"""Open findings of a selection, computed once for all queries about it.

Most findings of a fleet are installed, and most queries are about the rest.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import IS_OPEN, Clause, finding_filters, where
from patchfleet.store.views.definitions import FINDINGS

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch

STORED = "device_key, finding_id, patch_id, state, decision, first_seen_at, changed_at"
"""What is stored of an open finding: every further column costs more than a query."""


def opened(snapshot: "Snapshot", selection: Selection) -> "Scratch":
    """Return a view of the open findings of a selection, stored for all queries about them.

    Of `findings` it lacks what only a list of findings shows: the source's own words, whose
    decision it is, when it was installed and by which run.
    """
    chosen = where([*finding_filters(selection), Clause(IS_OPEN)])
    sql = f"SELECT {STORED} FROM findings {chosen.sql}"
    rows = snapshot.scratch("open_rows", sql, chosen.values)
    return snapshot.scratch("open", FINDINGS.format(prefix="", rows=rows), is_view=True)
