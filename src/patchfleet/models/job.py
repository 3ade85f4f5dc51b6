"""Jobs: what a source was told to install, when it ran, and what came of it on each device.

Some vendors patch by jobs, as Qualys does; N-able does not. Ids are the source's own, as text; all
times are aware UTC, and None where the source does not say.

One vocabulary serves jobs, runs and results, and the source's own word stays beside ours:

| status            | of            | means                                                  |
| ----------------- | ------------- | ------------------------------------------------------ |
| `disabled`        | jobs          | will not run                                           |
| `enabled`         | jobs          | runs at its times, or has run at its only one          |
| `waiting`         | runs, results | not begun: its time has not come, or nobody listens    |
| `running`         | runs, results | under way                                              |
| `reboot_required` | results       | installed as far as can be before a restart            |
| `done`            | runs, results | over; how single patches fared is told by the counts   |
| `failed`          | results       | over without success                                   |
| `not_applicable`  | results       | over: there was nothing to do on this device           |
| `canceled`        | results       | over before it began                                   |
| `unknown`         | all           | the source said something we have no word for          |
"""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct, field

from patchfleet._renamed import renamed
from patchfleet.models.fleet import Gap

JobStatus = Literal[
    "disabled",
    "enabled",
    "waiting",
    "running",
    "reboot_required",
    "done",
    "failed",
    "not_applicable",
    "canceled",
    "unknown",
]
JOB_STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)
FINAL_STATUSES: frozenset[JobStatus] = frozenset({"done", "failed", "not_applicable", "canceled"})
"""Statuses of a run or a result to which nothing is added any more."""


JobRunRef = tuple[str, str]
"""The ids of a job and of one of its runs."""


class Job(Struct, frozen=True, kw_only=True):
    """A standing order to install patches, or to remove them.

    `action` is the source's word for which of the two (`Install`). `patch_ids` are the patches that
    it names, as `Patch.vendor_id` has them; a job that chooses them by a `query` names none.
    `device_count` is how many devices it is for, None where the source does not say.
    """

    id: str
    name: str
    status: JobStatus
    vendor_status: str
    action: str = ""
    platform: str | None = None
    is_recurring: bool | None = None
    schedule: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    last_run_at: datetime | None = None
    next_run_at: datetime | None = None
    device_count: int | None = None
    patch_count: int | None = None
    patch_ids: tuple[str, ...] = ()
    query: str | None = None


class JobRun(Struct, frozen=True, kw_only=True):
    """One time that a job ran; its `id` tells it from the other runs of the same job only.

    A source need not have a word for how a run stands: then `vendor_status` is empty, and the
    status is what the results of its devices add up to.
    """

    id: str
    job_id: str
    status: JobStatus
    vendor_status: str = ""
    scheduled_at: datetime | None = None
    device_count: int = 0
    finished_count: int = field(default=0, name="over_count")  # as records and files name it


class JobResult(Struct, frozen=True, kw_only=True, gc=False):
    """What one run did on one device: how it stands, and the patches by what became of them.

    The ids are those of patches (`Patch.vendor_id`). `present` were there already; `superseded` and
    `not_applicable` had no place on this device. The counts are the source's own, and those that
    were skipped have no names. A status of `done` may hold failed patches.
    """

    job_id: str
    run_id: str
    device_id: str
    status: JobStatus
    vendor_status: str
    vendor_code: str | None = None
    waits_for_reboot: bool = False
    sent_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status_at: datetime | None = None
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    succeeded_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    total_count: int = 0


class Jobs(Struct, frozen=True, kw_only=True):
    """All jobs of a source with their runs and results, as of one time.

    What is on record and not in here is gone, but for what the source lists and was not read this
    time: `kept_jobs`, with all that is on record of them, and `kept_runs`, with their results.
    `gaps` are what the source said and could not be made use of.
    """

    as_of: datetime
    jobs: tuple[Job, ...]
    runs: tuple[JobRun, ...]
    results: tuple[JobResult, ...]
    kept_jobs: frozenset[str] = frozenset()
    kept_runs: frozenset[JobRunRef] = frozenset()
    gaps: tuple[Gap, ...] = ()


__getattr__ = renamed(__name__)
