"""Jobs: installations that a source schedules, their runs, and the results on each device.

Qualys patches by jobs, N-able does not. Ids are the source's own, as text; times are aware UTC, or
None if the source omits them.

Jobs, runs and results share one vocabulary of statuses, beside the source's own word:

| status            | of            | means                                                  |
| ----------------- | ------------- | ------------------------------------------------------ |
| `disabled`        | jobs          | will not run                                           |
| `enabled`         | jobs          | runs at its times, or has run at its only one          |
| `waiting`         | runs, results | not begun: not due yet, or the device is offline       |
| `running`         | runs, results | under way                                              |
| `reboot_required` | results       | installed as far as can be before a restart            |
| `done`            | runs, results | ended; the counts show the outcome of single patches   |
| `failed`          | results       | ended without success                                  |
| `not_applicable`  | results       | ended: there was nothing to do on this device          |
| `canceled`        | results       | ended before it began                                  |
| `unknown`         | all           | a value of the source without a translation            |
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
"""Statuses of a run or a result that no longer changes."""


JobRunRef = tuple[str, str]
"""The ids of a job and of one of its runs."""


class Job(Struct, frozen=True, kw_only=True):
    """A scheduled installation or removal of patches.

    `action` is the source's word for either (`Install`). `patch_ids` are its patches, as in
    `Patch.vendor_id`; a job that selects them by a `query` has none. `device_count` is the number
    of its devices, None if the source omits it.
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
    """One run of a job; its `id` is unique within the job only.

    If the source has no status of a run, `vendor_status` is empty and the status is derived from
    the results on its devices.
    """

    id: str
    job_id: str
    status: JobStatus
    vendor_status: str = ""
    scheduled_at: datetime | None = None
    device_count: int = 0
    finished_count: int = field(default=0, name="over_count")  # as records and files name it


class JobResult(Struct, frozen=True, kw_only=True, gc=False):
    """The result of one run on one device: its status, and the patches by outcome.

    The ids are those of `Patch.vendor_id`. `present` patches were installed before; `superseded`
    and `not_applicable` ones were not needed on this device. The counts are the source's own; it
    does not name skipped patches. A `done` result may have failed patches.
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

    Recorded jobs and runs that are not in here are gone, except those that are listed and were not
    read this time: `kept_jobs` with all their runs, and `kept_runs` with their results. `gaps` are
    values that could not be read.
    """

    as_of: datetime
    jobs: tuple[Job, ...]
    runs: tuple[JobRun, ...]
    results: tuple[JobResult, ...]
    kept_jobs: frozenset[str] = frozenset()
    kept_runs: frozenset[JobRunRef] = frozenset()
    gaps: tuple[Gap, ...] = ()


__getattr__ = renamed(__name__)
