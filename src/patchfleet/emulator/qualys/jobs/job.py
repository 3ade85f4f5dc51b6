"""Jobs, their runs, and the plan of a run on one asset.

State and what follows from it immediately; `scheduler` moves it through time. An asset's result
stores only its plan, made when the asset begins: its status at a time is read from the plan, so
that no event is needed for it to progress.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.recurrence import RUN_ONCE, Timetable
from patchfleet.emulator.qualys.patch import CataloguePatch

Ids = Sequence[str]
ENDS_WELL = ("Completed", "No Patch Available", "Not Applicable")
"""The final statuses of a result that ended without trouble."""


@dataclass(frozen=True, slots=True)
class Step:
    """The status that a result shows from a time on.

    `code` is None if the vendor's code for the word is unknown. `has_outcome` is true once the
    patches are done, `is_final` if no step follows.
    """

    at: datetime
    status: str
    code: str | None = None
    is_executing: bool = False
    has_outcome: bool = False
    awaits_restart: bool = False
    is_verifying: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Buckets:
    """The patches of a job on one asset by outcome, as ids.

    `skipped` were due and never tried: the window closed, or an earlier one failed.
    """

    success: Ids = ()
    failed: Ids = ()
    installed: Ids = ()
    superseded: Ids = ()
    not_applicable: Ids = ()
    skipped: Ids = ()

    @property
    def count(self) -> int:
        """Return the number of patches."""
        groups = (
            self.success, self.failed, self.installed,
            self.superseded, self.not_applicable, self.skipped,
        )  # fmt: skip
        return sum(map(len, groups))


@dataclass(frozen=True, slots=True)
class Actions:
    """Counts of the actions before and after a deployment, by outcome."""

    successful: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run on one asset: its steps in order of time, and their outcome.

    `patched_at` and `restarts_at` are when the asset itself changes, None for never.
    """

    steps: Sequence[Step]
    buckets: Buckets = Buckets()
    actions: Actions = Actions()
    started_at: datetime | None = None
    patched_at: datetime | None = None
    restarts_at: datetime | None = None
    waits_for: str | None = None

    def step(self, now: datetime) -> Step:
        """Return the step at a time; the first one before any has begun."""
        return next((step for step in reversed(self.steps) if step.at <= now), self.steps[0])

    @property
    def is_success(self) -> bool:
        """Return whether it ends well: completed, without a failed patch or action."""
        return self.steps[-1].status in ENDS_WELL and not self.buckets.failed

    @property
    def actions_succeed(self) -> bool:
        """Return whether there was an action and none failed or was skipped."""
        acts = self.actions
        return bool(acts.successful) and not acts.failed and not acts.skipped


@dataclass(slots=True, eq=False)
class Result:
    """One asset of a run; `plan` is None until its own clock reaches the time of the run.

    `closes_at` is when the patch window ends there, None for never.
    """

    asset: Asset
    begins_at: datetime
    closes_at: datetime | None = None
    plan: Plan | None = None

    def step(self, now: datetime) -> Step:
        """Return its step at a time."""
        return self.plan.step(now) if self.plan else Step(self.begins_at, "Pending")


@dataclass(slots=True, eq=False)
class Run:
    """One run (instance) of a job, counted from 1 within the job.

    `body` is the job's at that time; `scheduled_at` is aware, in the zone that begins first.
    `patches` are frozen at that time and None before it [D: qql]. `awaited` counts the assets that
    are not final. `remember` fills in the results of a past run on first read.
    """

    job: "Job"
    number: int
    run_id: int
    body: Mapping[str, Any]
    scheduled_at: datetime
    patches: Sequence[CataloguePatch] | None = None
    remember: Callable[["Run"], dict[str, Result]] | None = None
    awaited: int = 0
    _results: dict[str, Result] = field(default_factory=dict)

    @property
    def results(self) -> dict[str, Result]:
        """Return the results by asset id, in a fixed order."""
        if self.remember is not None:
            remember, self.remember = self.remember, None
            self._results = remember(self)
        return self._results

    @property
    def is_over(self) -> bool:
        """Return whether all assets are final."""
        return not self.awaited

    @property
    def patch_count(self) -> int | None:
        """Return the number of patches, None before the run has begun."""
        if self.patches is None:
            _ = self.results
        return None if self.patches is None else len(self.patches)


@dataclass(slots=True, eq=False)
class Job:
    """One deployment job: `body` is its definition, with every known field in it.

    `edition` grows with each change and invalidates what was planned before. `passed_over` names
    given fields that a job does not have.
    """

    id: str
    number: int
    body: dict[str, Any]
    timetable: Timetable
    created_at: datetime
    updated_at: datetime
    author: Mapping[str, str]
    enabled_at: datetime | None = None
    next_local: datetime | None = None
    edition: int = 0
    runs: list[Run] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def is_enabled(self) -> bool:
        """Return whether its status is Enabled."""
        return bool(self.body["status"] == "Enabled")

    @property
    def runs_once(self) -> bool:
        """Return whether it is On-demand or Once."""
        return self.body["scheduleType"] in RUN_ONCE

    @property
    def is_spent(self) -> bool:
        """Return whether it runs once and has been enabled: it can no longer be changed."""
        return self.runs_once and self.enabled_at is not None

    def run(self, number: int) -> Run | None:
        """Return a run by its number, counted from 1."""
        return self.runs[number - 1] if 0 < number <= len(self.runs) else None


def made_id(customer_id: str, kind: str, number: int) -> str:
    """Return the GUID of the `number`-th object of a kind in an account."""
    return str(uuid.uuid5(uuid.UUID(customer_id), f"{kind} {number}"))
