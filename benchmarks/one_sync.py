"""One sync of a fleet into a fresh record, in a process of its own.

Everything that a user's sync costs is counted, from the first call to the returned result,
including imports and publication.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.processes import Used, answer, peak_mb, question
from patchfleet.fleet import NSightSource, SyncProgress, sync
from patchfleet.nsight import NAble
from patchfleet.store import Store


def main() -> None:
    """Sync the requested fleet; answer with the resources used until the last row, and in all."""
    asked = question()
    with (
        tempfile.TemporaryDirectory() as folder,
        NAble(base_url=asked["url"], key=asked["key"], rate_limit=None) as client,
        Store.open(Path(folder) / "fleet.db") as store,
    ):
        begin = recorded = Used.so_far()
        recorded_mb = 0.0

        def note(_: SyncProgress) -> None:
            nonlocal recorded, recorded_mb
            recorded, recorded_mb = Used.so_far(), peak_mb()

        outcome = sync(NSightSource(client), store, on_progress=note)
        end = Used.so_far()
    if not outcome.is_complete or outcome.findings != asked["findings"]:
        sys.exit(f"the sync read {outcome.findings} of {asked['findings']}: {outcome.problems[:3]}")
    answer(
        to_last_row=recorded.since(begin),
        in_all=end.since(begin),
        to_last_row_mb=recorded_mb,
        in_all_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
