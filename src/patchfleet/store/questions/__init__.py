"""Every question that is asked of published runs, one typed function each.

Law of this room: a question takes `Facts` and values, and answers with frozen rows; foreign text
enters SQL as a parameter only; ages are measured at `as_of` of the run, never at the wall clock.
"""

from patchfleet.store.questions.ageing import age_of_open, top_patches
from patchfleet.store.questions.answers import (
    AGE_BUCKETS,
    AgeBucket,
    AgeRow,
    ChangeRow,
    CustomerRow,
    CustomerWork,
    DeviceRow,
    FindingRow,
    HistoryRow,
    LookAlikeRow,
    MachineRow,
    PostureRow,
    Reason,
    SeverityStateRow,
    TopPatchRow,
    TransitionRow,
    UnknownName,
    WorkItem,
)
from patchfleet.store.questions.changes import changes, count_changes
from patchfleet.store.questions.history import history
from patchfleet.store.questions.lists import (
    count_findings,
    customers,
    devices,
    findings,
    iter_findings,
)
from patchfleet.store.questions.machines import look_alikes, machines
from patchfleet.store.questions.names import unknown_names
from patchfleet.store.questions.posture import posture, severity_by_state
from patchfleet.store.questions.work import work_items, worklist

__all__ = [
    "AGE_BUCKETS",
    "AgeBucket",
    "AgeRow",
    "ChangeRow",
    "CustomerRow",
    "CustomerWork",
    "DeviceRow",
    "FindingRow",
    "HistoryRow",
    "LookAlikeRow",
    "MachineRow",
    "PostureRow",
    "Reason",
    "SeverityStateRow",
    "TopPatchRow",
    "TransitionRow",
    "UnknownName",
    "WorkItem",
    "age_of_open",
    "changes",
    "count_changes",
    "count_findings",
    "customers",
    "devices",
    "findings",
    "history",
    "iter_findings",
    "look_alikes",
    "machines",
    "posture",
    "severity_by_state",
    "top_patches",
    "unknown_names",
    "work_items",
    "worklist",
]
