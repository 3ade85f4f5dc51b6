"""Every question that is asked of published runs, one typed function each.

Law of this room: a question takes `Facts` and values, and answers with frozen rows; foreign text
enters SQL as a parameter only; ages are measured at `as_of` of the run, never at the wall clock.
"""

from patchfleet.store.questions.ageing import age_of_open, top_patches
from patchfleet.store.questions.answers import (
    AGE_BUCKETS,
    AgeBucket,
    AgeRow,
    CaseRow,
    ChangeRow,
    ClosedRow,
    ContradictionRow,
    CustomerRow,
    CustomerWork,
    DeviceRow,
    FailedRow,
    FindingRow,
    HistoryRow,
    JobResultRow,
    JobRow,
    JudgedCount,
    JudgedRow,
    JudgedVerdict,
    LookAlikeRow,
    MachineRow,
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
from patchfleet.store.questions.changes import changes, count_changes
from patchfleet.store.questions.deadlines import (
    cases,
    count_judged,
    cves_by_kb,
    iter_judged,
    judge_by,
)
from patchfleet.store.questions.history import history
from patchfleet.store.questions.jobs import job_results, jobs
from patchfleet.store.questions.lists import (
    count_findings,
    customers,
    devices,
    findings,
    iter_findings,
)
from patchfleet.store.questions.machines import look_alikes, machines
from patchfleet.store.questions.morning import (
    contradictions,
    failed_patches,
    new_critical,
    silent_devices,
    waiting_devices,
)
from patchfleet.store.questions.names import unknown_names
from patchfleet.store.questions.posture import posture, severity_by_state
from patchfleet.store.questions.trends import open_by_run, times_to_close
from patchfleet.store.questions.work import work_items, worklist

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
    "DeviceRow",
    "FailedRow",
    "FindingRow",
    "HistoryRow",
    "JobResultRow",
    "JobRow",
    "JudgedCount",
    "JudgedRow",
    "JudgedVerdict",
    "LookAlikeRow",
    "MachineRow",
    "NewRow",
    "OpenRow",
    "PostureRow",
    "Reason",
    "SeverityStateRow",
    "SilentRow",
    "TopPatchRow",
    "TransitionRow",
    "UnknownName",
    "WaitingRow",
    "WorkItem",
    "age_of_open",
    "cases",
    "changes",
    "contradictions",
    "count_changes",
    "count_findings",
    "count_judged",
    "customers",
    "cves_by_kb",
    "devices",
    "failed_patches",
    "findings",
    "history",
    "iter_findings",
    "iter_judged",
    "job_results",
    "jobs",
    "judge_by",
    "look_alikes",
    "machines",
    "new_critical",
    "open_by_run",
    "posture",
    "severity_by_state",
    "silent_devices",
    "times_to_close",
    "top_patches",
    "unknown_names",
    "waiting_devices",
    "work_items",
    "worklist",
]
