"""Scheduler of jobs: one queue of events, processed in order of time.

Every event happens at its own time, whatever the clock's step size, and the subscription is moved
to that time first; so the scheduler also moves the subscription.

[D: end, sch, qql; 3.3] Choices: a run opens at its time in the first of the account's time zones;
what has begun continues although the job is disabled or deleted; a chained job has no time of its
own and runs when a run of its parent is over, if the share of assets on which the parent succeeded
(its post actions, if it has any) meets every rule: `{"field": ..., "operator": ">=", "value": 80,
"jobId": parent}`; without `jobId` the parent is the linked job, without `value` all must have
succeeded.
"""

import heapq
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count, groupby
from typing import Any
from zoneinfo import ZoneInfo

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.job import Job, Result, Run
from patchfleet.emulator.qualys.jobs.rules import queries, window_minutes
from patchfleet.emulator.qualys.jobs.run_simulation import Task, make_plan
from patchfleet.emulator.qualys.jobs.targeting import (
    matching,
    missing_somewhere,
    newest,
    sort_out,
    targets,
)
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.qualys.state import SubscriptionState

Act = Callable[[datetime], None]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_LOOK_BACK = timedelta(days=2)
"""The local day of some zone may be behind the day in UTC; two days are enough for all."""


class Lifecycle:
    """Runs jobs over a subscription; `jobs` is shared with the registry that changes them."""

    def __init__(self, state: SubscriptionState, jobs: dict[str, Job]) -> None:
        self._state = state
        self._jobs = jobs
        self._line: list[tuple[datetime, int, Act]] = []
        self._order = count()
        self._run_ids = count(1)
        self._is_pristine = True
        self._restart_owed: dict[str, str] = {}
        self._zones = {asset.zone for asset in state.assets.values()} or {ZoneInfo("UTC")}

    def advance_to(self, until: datetime) -> None:
        """Let everything due up to `until` happen, to jobs and to the subscription."""
        while self._line and self._line[0][0] <= until:
            at, _, act = heapq.heappop(self._line)
            self._state.advance_to(at)
            act(at)
        self._state.advance_to(until)

    def new_run(self, job: Job, scheduled_at: datetime) -> Run:
        """Add a run without results to a job and return it."""
        run = Run(job, len(job.runs) + 1, next(self._run_ids), job.body, scheduled_at)
        job.runs.append(run)
        return run

    def plan_next(self, job: Job) -> None:
        """Schedule the next run of a job; call it after any change of the job."""
        job.edition += 1
        job.next_local = None
        if not job.is_enabled or job.body["chainedJobRule"] or (job.runs_once and job.runs):
            return
        if job.timetable.starts is None:
            self._at(self._state.now, self._opener(job, None))
            return
        now = self._state.now
        begun = {run.scheduled_at.replace(tzinfo=None) for run in job.runs[-1:]}
        for local in job.timetable.local_times((now - _LOOK_BACK).date()):
            first = self.first_begin(job, local)
            if job.runs_once or (first >= now and local not in begun):
                job.next_local = local
                self._at(first, self._opener(job, local))
                return

    def first_begin(self, job: Job, local: datetime) -> datetime:
        """Return the UTC time at which the first zone reaches a local time."""
        return min(job.timetable.begins(local, zone) for zone in self._zones)

    def _at(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._line, (max(at, self._state.now), next(self._order), act))

    def _opener(self, job: Job, local: datetime | None) -> Act:
        edition = job.edition

        def open_run(at: datetime) -> None:
            if self._jobs.get(job.id) is job and job.edition == edition:
                self._open(job, local, at)

        return open_run

    def _open(self, job: Job, local: datetime | None, at: datetime) -> None:
        """Open a run: choose its assets, and schedule the beginning of each zone."""
        run = self.new_run(job, at if local is None else self.scheduled(job, local))
        window = window_minutes(job.body)
        for asset in targets(self._state, job.body):
            begins_at = at if local is None else job.timetable.begins(local, asset.zone)
            closes_at = begins_at + timedelta(minutes=window) if window else None
            run.results[asset.uuid] = Result(asset, max(begins_at, at), closes_at)
        run.awaited = len(run.results)
        by_time = sorted(run.results.values(), key=lambda result: result.begins_at)
        for begins_at, group in groupby(by_time, key=lambda result: result.begins_at):
            self._at(begins_at, self._beginner(run, list(group)))
        if not job.runs_once:
            self._plan_following(job, local)

    def _plan_following(self, job: Job, local: datetime | None) -> None:
        """Schedule the run that follows the one of a local time."""
        job.next_local = None
        if local is None or job.body["chainedJobRule"]:
            return
        for following in job.timetable.local_times(local.date()):
            if following > local:
                job.next_local = following
                self._at(self.first_begin(job, following), self._opener(job, following))
                return

    def scheduled(self, job: Job, local: datetime) -> datetime:
        """Return the time of a run in the zone that begins first."""
        if job.timetable.zone is not None:
            return local.replace(tzinfo=job.timetable.zone)
        zone = min(self._zones, key=lambda zone: (job.timetable.begins(local, zone), zone.key))
        return local.replace(tzinfo=zone)

    def _beginner(self, run: Run, group: Sequence[Result]) -> Act:
        return lambda at: self._begin(run, group, at)

    def _begin(self, run: Run, group: Sequence[Result], at: datetime) -> None:
        """Plan the assets of one zone; the first zone freezes the patches of the run."""
        if run.patches is None:
            assets = [result.asset for result in run.results.values()]
            run.patches = self._patches(run.body, assets)
        for result in group:
            due, others = sort_out(result.asset, run.patches, run.body)
            result.plan = make_plan(
                Task(
                    run_key=f"{run.job.id} {run.number}",
                    asset=result.asset,
                    body=run.body,
                    begins_at=at,
                    closes_at=result.closes_at,
                    due=due,
                    others=others,
                    waits_for=self._owed(run, result.asset),
                )
            )
            self._note(run, result)

    def _patches(self, body: Mapping[str, Any], assets: Sequence[Asset]) -> list[CataloguePatch]:
        """Return the patches of a run that begins now."""
        if body["approvedPatches"]:
            return [self._state.patches[patch_id] for patch_id in body["approvedPatches"]]
        if body["isDynamicPatchesQQL"]:
            return newest(missing_somewhere(self._matching(body), assets))
        parent = self._jobs.get(body["linkedJobId"] or "")
        if parent is None:
            return []
        begun = [run.patches for run in parent.runs if run.patches is not None]
        if parent.body["isDynamicPatchesQQL"] and begun:
            return list(begun[-1])
        return self._patches(parent.body, assets)

    def _matching(self, body: Mapping[str, Any]) -> list[CataloguePatch]:
        """Return the patches that match every query of a job."""
        (first, *more) = [
            matching(self._state, query, kind, body["platform"]) for query, kind in queries(body)
        ]
        also = [{patch.uuid for patch in found} for found in more]
        return [patch for patch in first if all(patch.uuid in ids for ids in also)]

    def _owed(self, run: Run, asset: Asset) -> str | None:
        """Return the name of another job whose restart the asset still waits for."""
        owner = self._jobs.get(self._restart_owed.get(asset.uuid, ""))
        if not asset.reboot_pending or owner is None or owner is run.job:
            return None
        return str(owner.body["name"])

    def _note(self, run: Run, result: Result) -> None:
        """Schedule the change of a result's asset and its final status."""
        plan = result.plan
        if plan is None:
            return
        if plan.patched_at and plan.buckets.success:
            self._at(plan.patched_at, lambda at: self._patched(run, result, at))
        if plan.restarts_at:
            self._at(plan.restarts_at, lambda at: self._restarted(result.asset, at))
        self._at(plan.steps[-1].at, lambda at: self._ended(run, at))

    def _remember(self) -> None:
        """Fill in the past runs, which follow from what the assets had at the start."""
        if self._is_pristine:
            self._is_pristine = False
            for job in self._jobs.values():
                for run in job.runs:
                    _ = run.results

    def _patched(self, run: Run, result: Result, at: datetime) -> None:
        """Change the asset according to the plan, except for changes made meanwhile."""
        self._remember()
        asset, plan = result.asset, result.plan
        if plan is None:
            return
        for patch_id in plan.buckets.success:
            if run.body["type"] == "Rollback":
                if patch_id in asset.installed:
                    asset.uninstall(patch_id, at)
            elif patch_id in asset.missing:
                asset.install(patch_id, at)
        if asset.reboot_pending:
            self._restart_owed.setdefault(asset.uuid, run.job.id)

    def _restarted(self, asset: Asset, at: datetime) -> None:
        asset.restart(at)
        self._restart_owed.pop(asset.uuid, None)

    def _ended(self, run: Run, at: datetime) -> None:
        """Check whether the run is over, and then whether another job follows it."""
        run.awaited -= 1
        if not run.is_over:
            return
        for child in list(self._jobs.values()):
            if (
                child.is_enabled
                and not (child.runs_once and child.runs)
                and self._follows(child, run)
            ):
                self._open(child, None, at)

    def _follows(self, child: Job, run: Run) -> bool:
        """Return whether a job is chained to the run's job and all its rules hold."""
        rules = [
            rule
            for rule in child.body["chainedJobRule"] or ()
            if (rule.get("jobId") or child.body["linkedJobId"]) == run.job.id
        ]
        percent = _success_percent(run)
        return bool(rules) and all(
            _COMPARE[rule.get("operator", ">=")](percent, rule.get("value", 100)) for rule in rules
        )


def _success_percent(run: Run) -> float:
    """Return the percentage of assets on which the post actions, or the job, succeeded."""
    by_action = bool(run.body["postDeployActions"])
    plans = [result.plan for result in run.results.values() if result.plan]
    good = sum(plan.actions_succeed if by_action else plan.is_success for plan in plans)
    return 100 * good / max(1, len(run.results))
