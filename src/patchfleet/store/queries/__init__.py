"""Queries over published runs, one typed function each.

A query takes a `Snapshot` and values and returns frozen rows. Values from users enter SQL only as
parameters. Ages are measured at `as_of` of the run, not at the current time.

A query for many rows has a `lazy`, such as `work_items.lazy(snapshot)`: it returns `LazyRows`, a
sequence of which only what is used is read.
"""

from patchfleet.store.queries.ageing import age_of_open, top_patches
from patchfleet.store.queries.attention import (
    contradictions,
    new_critical,
    silent_devices,
    waiting_devices,
)
from patchfleet.store.queries.changes import changes, count_changes, count_first_listed
from patchfleet.store.queries.deadlines import (
    CaseRow,
    JudgedCount,
    JudgedRow,
    JudgedVerdict,
    cases,
    count_judged,
    cves_by_kb,
    iter_judged,
    judge_by,
    judged_findings,
)
from patchfleet.store.queries.failures import failed_patches
from patchfleet.store.queries.findings import (
    count_findings,
    customers,
    devices,
    findings,
    iter_findings,
    worst_open_findings,
)
from patchfleet.store.queries.headline import (
    DeadlineCount,
    MachineCount,
    WorkCount,
    count_deadlines,
    count_machines,
    count_open,
    count_work,
)
from patchfleet.store.queries.history import (
    HistoryRow,
    LifecycleRow,
    PatchHistoryRow,
    finding_lifecycle,
    history,
    patch_history,
)
from patchfleet.store.queries.jobs import (
    JobResultRow,
    JobRow,
    JobTotals,
    job_results,
    job_totals,
    jobs,
)
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.machines import (
    MachineRow,
    MatchCandidateRow,
    known_to_several,
    machines,
    match_candidates,
)
from patchfleet.store.queries.posture import posture, severity_by_state
from patchfleet.store.queries.rows import (
    AGE_BUCKETS,
    AgeBucket,
    AgeRow,
    ChangeRow,
    ClosedRow,
    ContradictionRow,
    CustomerRow,
    CustomerWork,
    DeviceRow,
    FailedRow,
    FindingRow,
    FirstListed,
    NewRow,
    OpenRow,
    PostureRow,
    Reason,
    SeverityStateRow,
    SilentRow,
    TopPatchRow,
    TransitionRow,
    UnknownName,
    WaitingRow,
    WorkItem,
)
from patchfleet.store.queries.trends import open_by_run, times_to_close
from patchfleet.store.queries.unknown_names import unknown_names
from patchfleet.store.queries.worklist import work_items, worklist

__all__ = [
    "AGE_BUCKETS",
    "AgeBucket",
    "AgeRow",
    "CaseRow",
    "ChangeRow",
    "ClosedRow",
    "ContradictionRow",
    "CustomerRow",
    "CustomerWork",
    "DeadlineCount",
    "DeviceRow",
    "FailedRow",
    "FindingRow",
    "FirstListed",
    "HistoryRow",
    "JobResultRow",
    "JobRow",
    "JobTotals",
    "JudgedCount",
    "JudgedRow",
    "JudgedVerdict",
    "LazyRows",
    "LifecycleRow",
    "MachineCount",
    "MachineRow",
    "MatchCandidateRow",
    "NewRow",
    "OpenRow",
    "PatchHistoryRow",
    "PostureRow",
    "Reason",
    "SeverityStateRow",
    "SilentRow",
    "TopPatchRow",
    "TransitionRow",
    "UnknownName",
    "WaitingRow",
    "WorkCount",
    "WorkItem",
    "age_of_open",
    "cases",
    "changes",
    "contradictions",
    "count_changes",
    "count_deadlines",
    "count_findings",
    "count_first_listed",
    "count_judged",
    "count_machines",
    "count_open",
    "count_work",
    "customers",
    "cves_by_kb",
    "devices",
    "failed_patches",
    "finding_lifecycle",
    "findings",
    "history",
    "iter_findings",
    "iter_judged",
    "job_results",
    "job_totals",
    "jobs",
    "judge_by",
    "judged_findings",
    "known_to_several",
    "machines",
    "match_candidates",
    "new_critical",
    "open_by_run",
    "patch_history",
    "posture",
    "severity_by_state",
    "silent_devices",
    "times_to_close",
    "top_patches",
    "unknown_names",
    "waiting_devices",
    "work_items",
    "worklist",
    "worst_open_findings",
]
