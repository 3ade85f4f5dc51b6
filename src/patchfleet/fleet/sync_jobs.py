"""Sync of the jobs of one source, after its devices.

Invariant: jobs that cannot be read are a problem with its reason, or an accepted gap, and the
recorded jobs stay (tests/fleet/test_sync_unread.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from patchfleet.errors import Unauthorized, VendorError
from patchfleet.fleet.outcome import ALL, SyncOptions
from patchfleet.fleet.source import HasJobs
from patchfleet.fleet.sync_end import reason_of
from patchfleet.models import Gap, JobRunRef, Jobs

if TYPE_CHECKING:
    from patchfleet.store import Run, Store


class JobSync:
    """The jobs of one source: what was recorded, and what could not be."""

    def __init__(
        self,
        source: HasJobs,
        name: str,
        store: "Store",
        run: "Run",
        rules: SyncOptions,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._source, self._name, self._store, self._run = source, name, store, run
        self._rules, self._now = rules, now
        self.problems: list[Gap] = []
        self.gaps: list[Gap] = []

    def read(self, on_call: Callable[[], None]) -> None:
        """Record the jobs with their runs; jobs that cannot be read are a problem.

        `on_call` is called for each call to the vendor.
        """
        try:
            known = (
                ()
                if self._rules.accepts_missing
                else self._store.sources.job_names(self._name).keys()
            )
            jobs = self._source.jobs(on_call, self._finished(), known)
        except Unauthorized:
            raise
        except VendorError as error:
            self._jobs_not_read(reason_of(error))
            return
        if self._believes(jobs):
            self._run.jobs(jobs)
            for gap in jobs.gaps:
                self._note_of_jobs(gap)

    def _jobs_not_read(self, reason: str) -> None:
        """Record that the jobs could not be read; the recorded ones stay."""
        attempts = self._run.attempts() + 1
        if not self._rules.accept(ALL, ALL, attempts):
            gap = Gap("jobs", reason, is_general=True)
            self.problems.append(gap)
        else:
            kept = f"{reason}; kept as they were last read"
            gap = Gap("jobs", kept, is_general=True, is_accepted=True)
            self.gaps.append(gap)
        self._run.not_read(gap)

    def _believes(self, jobs: Jobs) -> bool:
        """Record which jobs are gone; return False if it is implausible that all are."""
        known = self._store.sources.job_names(self._name)
        gone = known.keys() - {job.id for job in jobs.jobs} - jobs.kept_jobs
        if gone and len(gone) == len(known) and not self._rules.accepts_missing:
            gap = Gap(
                "jobs",
                f"all {len(known):,} jobs on record are gone at once: check what the account "
                "may see, or sync again with --accept-missing",
                is_general=True,
            )
            self._run.problem(gap)
            self.problems.append(gap)
            return False
        for number in sorted(gone):
            self._note_of_jobs(Gap("jobs", f"job {number} {known[number]} is gone"))
        return True

    def _note_of_jobs(self, gap: Gap) -> None:
        self._run.problem(gap)
        self.gaps.append(gap)

    def _finished(self) -> frozenset[JobRunRef]:
        """Return the runs of jobs that need not be read again: finished for a day or longer."""
        if not self._rules.max_age:
            return frozenset()
        before = self._now() - max(self._rules.max_age, timedelta(days=1))
        return self._store.sources.finished_job_runs(self._name, before)
