"""The room as one thing: what the subscription opens, moves and asks.

Law of this file: it puts the parts together and has no rule of its own.
"""

from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.jobs.ground_truth import truth_of
from patchfleet.emulator.qualys.jobs.initial_jobs import add_done_jobs, add_usual_jobs
from patchfleet.emulator.qualys.jobs.mitigation import Mitigations
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.reports import Reports
from patchfleet.emulator.qualys.jobs.routes import Routes, job_routes
from patchfleet.emulator.qualys.state import SubscriptionState


class Jobs:
    """Hold the jobs of an account over its estate.

    `stock` None gives the usual few jobs; a number gives exactly so many finished ones with
    `assets_each` results each, for measurements.  Raises ValueError when there are too few assets.
    """

    def __init__(
        self, estate: SubscriptionState, *, stock: int | None = None, assets_each: int | None = None
    ) -> None:
        self._book = JobRegistry(estate)
        self._mitigations = Mitigations(self._book)
        self._reports = Reports(self._book, self._mitigations)
        if stock is None:
            add_usual_jobs(self._book)
        else:
            add_done_jobs(self._book, stock, assets_each)

    @property
    def routes(self) -> Routes:
        """Return the calls: method and whole path as an expression -> name, function."""
        return {
            **job_routes(self._book),
            **self._mitigations.routes,
            **self._reports.routes,
        }

    def ids(self) -> list[str]:
        """Return the ids of all deployment jobs, in the order in which they were made."""
        return list(self._book.jobs)

    def run_numbers(self, job_id: str) -> list[int]:
        """Return the numbers of a job's runs, oldest first; [] for an unknown job."""
        job = self._book.jobs.get(job_id)
        return [run.number for run in job.runs] if job else []

    def advance_to(self, until: datetime) -> None:
        """Let everything happen up to `until`; this moves the estate too, step by step."""
        self._book.lifecycle.advance_to(until)

    def truth(self) -> dict[str, Any]:
        """Return all jobs with all their runs and results as JSON can hold them."""
        return truth_of(self._book, self._mitigations)
