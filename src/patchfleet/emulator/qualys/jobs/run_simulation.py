"""Simulation of a run on one asset, planned minute by minute when the asset begins.

A plan is a function of the asset, the patches and the job's settings, drawn by chance from their
ids alone. Statuses and codes are those of the vendor's list [D: sts]; where the list is cut, the
words are the emulator's and have no code: Pending, Pending Reboot, Timed Out.

Path [A]: Pending, Job Received, Downloaded (Windows), Job Started, then Completed, with Pending
Reboot and Job Resumed between them if a restart is needed. A machine that does not report stays
Pending until its window closes. Without a logged-in user nothing is deferred [D: faq]. Messages and
the restart's settings count only inside `postDeployment`, where the vendor's pages place them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.body_schema import DEFERRAL_LIMIT_MINUTES, UNIT_MINUTES
from patchfleet.emulator.qualys.jobs.job import Actions, Buckets, Plan, Step
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.seeded_random import SeededRandom

Body = Mapping[str, Any]

_DOWNLOAD_FAILS = 0.012
_STUBBORN = 0.02
_FAILS = 0.05
_ACTION_FAILS = 0.03
_SLOWEST_PATCH_MINUTES = 6


@dataclass(frozen=True, slots=True)
class Task:
    """Inputs of a plan; `closes_at` is when the patch window ends, None for never.

    `known_failures` are the patches that fail in a past run instead of by chance.
    """

    run_key: str
    asset: Asset
    body: Body
    begins_at: datetime
    closes_at: datetime | None
    due: Sequence[CataloguePatch]
    others: Buckets
    known_failures: frozenset[str] | None = None
    waits_for: str | None = None

    @property
    def is_interactive(self) -> bool:
        """Return whether a user is logged in."""
        return bool(self.asset.machine.user)


@dataclass(slots=True)
class _Course:
    """The steps of a plan while it is made."""

    task: Task
    random: SeededRandom
    at: datetime
    steps: list[Step] = field(default_factory=list)

    def wait(self, low: int, high: int) -> None:
        self.at += timedelta(minutes=self.random.between(low, high))

    def wait_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=int(seconds))

    def show(self, status: str, code: str | None = None, **state: bool) -> None:
        self.steps.append(Step(self.at, status, code, **state))

    @property
    def is_over(self) -> bool:
        """Return whether the window has closed."""
        return self.task.closes_at is not None and self.at >= self.task.closes_at


def make_plan(task: Task) -> Plan:
    """Return the plan of a run on an asset."""
    course = _Course(task, SeededRandom(0, task.run_key, task.asset.uuid), task.begins_at)
    course.show("Pending")
    if not task.asset.is_reporting or course.is_over:
        return _never(course)
    _receive(course)
    others = task.others
    if not (task.due or others.installed or others.superseded or _actions(task.body)):
        return _nothing_to_do(course)
    if task.asset.platform == "Windows" and task.due and task.body["type"] == "Install":
        course.wait(2, 15)
        if task.known_failures is None and course.random.happens(_DOWNLOAD_FAILS):
            course.show("Downloading - Failed", "2031", has_outcome=True, is_final=True)
            failed = [patch.uuid for patch in task.due]
            return Plan(course.steps, replace(task.others, failed=failed))
        course.show("Downloaded", "2031")
    if task.is_interactive:
        _put_off(course, task.body["preDeployment"])
    if course.is_over:
        return _never(course)
    return _deploy(course)


def _receive(course: _Course) -> None:
    """Send the job to the agent; downloads are spread over the job's random time."""
    course.wait(1, 12)
    course.show("Job Received", "2055")
    body = course.task.body
    spread = int(body["downloadRandomizeTime"] or 0)
    if spread:
        minutes = spread * UNIT_MINUTES[body["downloadRandomizeTimeUnit"]]
        course.wait_seconds(course.random.unit() * minutes * 60)


def _never(course: _Course) -> Plan:
    """End a plan that never reaches its patches: it times out, or stays Pending."""
    task = course.task
    if task.closes_at is None:
        return Plan(course.steps)
    course.at = max(task.closes_at, course.steps[-1].at)
    course.show("Timed Out", has_outcome=True, is_final=True)
    skipped = [patch.uuid for patch in task.due]
    return Plan(course.steps, replace(task.others, skipped=skipped))


def _nothing_to_do(course: _Course) -> Plan:
    """End a plan without a patch for the asset; No Patch Available is Windows-only [D: sts]."""
    course.wait(1, 2)
    others = course.task.others
    if course.task.asset.platform == "Windows" and not others.not_applicable:
        course.show("No Patch Available", "2059", has_outcome=True, is_final=True)
    else:
        course.show("Not Applicable", "2053", has_outcome=True, is_final=True)
    return Plan(course.steps, others)


def _deploy(course: _Course) -> Plan:
    course.wait(1, 3)
    course.show("Job Started", "2044", is_executing=True)
    started_at = course.at
    tried, timed_out = _try_patches(course)
    buckets = replace(
        course.task.others,
        success=tried[True],
        failed=tried[False],
        skipped=tried[None],
    )
    course.wait(0, 1)
    patched_at = course.at
    failed = timed_out or (bool(buckets.failed) and not buckets.success) or _stops(course, buckets)
    acts = _act(course, is_failed=failed)
    restarts_at = None
    if timed_out and course.task.closes_at is not None:
        course.at = max(course.at, course.task.closes_at)
        course.show("Timed Out", has_outcome=True, is_final=True)
    elif failed:
        course.show("Job Failed", "2046", has_outcome=True, is_final=True)
    elif _needs_restart(course.task, buckets):
        restarts_at = _restart(course)
    if not course.steps[-1].is_final:
        course.wait(0, 2)
        course.show("Completed", "2036", has_outcome=True, is_final=True)
    return Plan(
        course.steps,
        buckets,
        acts,
        started_at=started_at,
        patched_at=patched_at,
        restarts_at=restarts_at,
        waits_for=course.task.waits_for,
    )


def _try_patches(course: _Course) -> tuple[dict[bool | None, list[str]], bool]:
    """Return succeeded, failed and untried patches, and whether the window closed."""
    tried: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    task, closed, stopped = course.task, False, False
    for patch in task.due:
        seconds = 30 + course.random.unit() * 60 * (_SLOWEST_PATCH_MINUTES - 1)
        ends_at = course.at + timedelta(seconds=int(seconds))
        closed = closed or (task.closes_at is not None and ends_at > task.closes_at)
        if closed or stopped:
            tried[None].append(patch.uuid)
            continue
        course.at = ends_at
        succeeds = _succeeds(course, patch)
        tried[succeeds].append(patch.uuid)
        stopped = not succeeds and _stops_at_failure(task.body)
    return tried, closed


def _succeeds(course: _Course, patch: CataloguePatch) -> bool:
    """Draw whether a patch succeeds; a stubborn one always fails on the same asset."""
    if course.task.known_failures is not None:
        return patch.uuid not in course.task.known_failures
    stubborn = SeededRandom(0, course.task.asset.uuid, patch.uuid).happens(_STUBBORN)
    return not stubborn and not course.random.happens(_FAILS)


def _stops_at_failure(body: Body) -> bool:
    """Return whether a job stops when a patch fails; Linux only [O: peer]."""
    return bool(body["platform"] == "Linux" and body["continueOnPatchFailure"] is False)


def _stops(course: _Course, buckets: Buckets) -> bool:
    return bool(buckets.failed) and _stops_at_failure(course.task.body)


def _actions(body: Body) -> int:
    return _count(body["preDeployActions"]) + _count(body["postDeployActions"])


def _count(acts: Any) -> int:
    return len(acts) if isinstance(acts, list) else int(bool(acts))


def _act(course: _Course, *, is_failed: bool) -> Actions:
    """Draw the outcome of the actions; those after a failed deployment are skipped."""
    body = course.task.body
    before, after = _count(body["preDeployActions"]), _count(body["postDeployActions"])
    tried = before + (0 if is_failed else after)
    failed = sum(course.random.happens(_ACTION_FAILS) for _ in range(tried))
    return Actions(tried - failed, failed, after if is_failed else 0)


def _needs_restart(task: Task, buckets: Buckets) -> bool:
    if task.body["type"] == "Rollback":
        return False
    done = set(buckets.success)
    needs = any(patch.reboot_required for patch in task.due if patch.uuid in done)
    settings = task.body["postDeployment"] or {}
    return needs and not settings.get("suppressReboots", False)


def _restart(course: _Course) -> datetime:
    """Wait for the user, count down, restart and continue; return when it restarts."""
    settings = course.task.body["postDeployment"] or {}
    course.show("Pending Reboot", has_outcome=True, awaits_restart=True)
    waited_from = course.at
    if course.task.is_interactive:
        _put_off(course, settings.get("rebootOption"))
        countdown = settings.get("rebootCountdown") or {}
        unit = countdown.get("intervalUnit", "MINUTES")
        course.at += timedelta(minutes=countdown.get("interval", 0) * UNIT_MINUTES[unit])
    course.at = min(course.at, waited_from + timedelta(minutes=DEFERRAL_LIMIT_MINUTES))
    course.wait(1, 2)
    restarts_at = course.at
    course.wait(3, 8)
    course.show("Job Resumed", "2045", has_outcome=True, is_verifying=True)
    return restarts_at


def _put_off(course: _Course, message: Mapping[str, Any] | None) -> None:
    """Let the user defer, as often as the message allows and as the user chooses."""
    put_off = (message or {}).get("deferment")
    if put_off:
        times = course.random.between(0, put_off["count"])
        minutes = times * put_off["interval"] * UNIT_MINUTES[put_off["intervalUnit"]]
        course.at += timedelta(minutes=minutes)
