"""Jobs of an account by id: lookup, create, change, enable, disable, delete.

A change is checked against the rules first and applied completely or not at all; the rules about
when a job may change are here [D: end].
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.jobs.body_schema import UNSET, invalid, read_fields, unknown_fields
from patchfleet.emulator.qualys.jobs.job import Job, made_id
from patchfleet.emulator.qualys.jobs.recurrence import RECURRING, local_text, read_timetable
from patchfleet.emulator.qualys.jobs.rules import check, check_ready
from patchfleet.emulator.qualys.jobs.scheduler import Lifecycle
from patchfleet.emulator.qualys.request import Refused
from patchfleet.emulator.qualys.state import SubscriptionState

NOT_CHANGEABLE = ("platform", "type")
"""Choice: a job's platform and type are fixed."""


class JobRegistry:
    """The jobs by id, in the order in which they were created."""

    def __init__(self, state: SubscriptionState) -> None:
        self.state = state
        self.jobs: dict[str, Job] = {}
        self.lifecycle = Lifecycle(state, self.jobs)
        self._made = 0

    def find(self, job_id: str) -> Job:
        """Return a job by id; refuse with 404 if there is none."""
        job = self.jobs.get(job_id)
        if job is None:
            raise Refused(404, "1404", f"there is no job {job_id}")
        return job

    def body_of(self, job_id: str) -> Mapping[str, Any] | None:
        """Return the body of a job, None if there is none."""
        job = self.jobs.get(job_id)
        return job.body if job else None

    def create(self, given: Any) -> Job:
        """Create a job from a body; an enabled On-demand job begins immediately."""
        body = {**UNSET, **read_fields(given)}
        self.settle(body)
        check(self, body)
        if body["status"] == "Enabled":
            check_ready(body)
        job = self.add(body, self.state.now)
        job.passed_over = unknown_fields(given)
        if job.is_enabled:
            self._enable(job)
        return job

    def add(self, body: dict[str, Any], created_at: datetime) -> Job:
        """Add a job with a validated body, without planning its runs."""
        self._made += 1
        if body["startDateTime"] is None:
            body["startDateTime"] = local_text(created_at)
        job = Job(
            id=made_id(self.state.customer_id, "job", self._made),
            number=self._made,
            body=body,
            timetable=read_timetable(body),
            created_at=created_at,
            updated_at=created_at,
            author=self.author,
        )
        self.jobs[job.id] = job
        return job

    @property
    def author(self) -> Mapping[str, str]:
        """Return the user of the account, as jobs name their author."""
        return {"name": self.state.user.name, "id": self.state.user.id}

    def update(self, job_id: str, given: Any) -> Job:
        """Replace the fields given in a body; the others stay [D: upd; semantics A].

        `customerId`, `id` and `schemaVersion` are the server's and ignored.
        """
        job = self.find(job_id)
        if job.is_spent:
            raise invalid(
                "status",
                f"job {job.id} runs once and has been enabled: it can no longer be changed",
            )
        fields = read_fields(given)
        for name in NOT_CHANGEABLE:
            if fields.get(name, job.body[name]) != job.body[name]:
                raise invalid(name, f"is {job.body[name]} and cannot be changed")
        body = {**job.body, **fields}
        self.settle(body)
        if body["linkedJobId"] == job.id:
            raise invalid("linkedJobId", "a job cannot be linked to itself")
        check(self, body)
        if self._comes_after(body, job.id):
            raise invalid("chainedJobRule", "a job cannot come after itself")
        if body["status"] == "Enabled":
            check_ready(body)
        job.passed_over = sorted({*job.passed_over, *unknown_fields(given)})
        job.body, job.timetable = body, read_timetable(body)
        job.updated_at = self.state.now
        if job.is_enabled:
            self._enable(job)
        else:
            self.lifecycle.plan_next(job)
        return job

    def set_status(self, job_id: str, status: str) -> Job:
        """Enable or disable a job; refuse what its schedule does not allow [D: end]."""
        job = self.find(job_id)
        if status == "Disabled":
            if job.runs_once:
                raise invalid("status", f"a job that runs once ({job_id}) cannot be disabled")
            job.body = {**job.body, "status": status}
            job.updated_at = self.state.now
            self.lifecycle.plan_next(job)
            return job
        if job.is_spent:
            raise invalid("status", f"a job that runs once ({job_id}) can be enabled only once")
        check_ready(job.body)
        if not job.is_enabled:
            job.body = {**job.body, "status": status}
            job.updated_at = self.state.now
            self._enable(job)
        return job

    def delete(self, job_id: str) -> Job:
        """Delete a job; runs that have begun on assets continue."""
        job = self.find(job_id)
        del self.jobs[job_id]
        return job

    def _comes_after(self, body: Mapping[str, Any], job_id: str) -> bool:
        """Return whether a body is chained to a job, directly or through others."""
        parents = [
            rule.get("jobId") or body["linkedJobId"] for rule in body["chainedJobRule"] or ()
        ]
        bodies = [known for one in parents if (known := self.body_of(one)) is not None]
        return job_id in parents or any(self._comes_after(known, job_id) for known in bodies)

    def linked_to(self, job: Job) -> list[Job]:
        """Return the jobs that use the patches of a job."""
        return [other for other in self.jobs.values() if other.body["linkedJobId"] == job.id]

    def of_platform(self, platform: str) -> Iterable[Job]:
        """Return the jobs of a platform, the newest first."""
        found = [job for job in self.jobs.values() if job.body["platform"] == platform]
        return sorted(found, key=lambda job: (job.created_at, job.number), reverse=True)

    def settle(self, body: dict[str, Any]) -> None:
        """Fill in the fields that follow from others."""
        body["recurring"] = body["recurring"] or body["scheduleType"] in RECURRING
        if body["platform"] == "Linux" and body["continueOnPatchFailure"] is None:
            body["continueOnPatchFailure"] = True

    def _enable(self, job: Job) -> None:
        job.enabled_at = job.enabled_at or self.state.now
        self.lifecycle.plan_next(job)
        self.lifecycle.advance_to(self.state.now)
