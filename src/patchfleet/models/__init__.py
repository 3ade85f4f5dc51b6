"""Our words: what things are, whoever told us about them.

Law of this room: values only. No I/O, no vendor, no SQL; everything is frozen.
"""

from patchfleet.models.finding import (
    OPEN_STATES,
    SEVERITIES,
    STATES,
    Action,
    Condition,
    Decision,
    Finding,
    Patch,
    Severity,
    State,
)
from patchfleet.models.fleet import (
    Customer,
    Device,
    DeviceKind,
    Gap,
    Hosts,
    Inventory,
    Site,
)
from patchfleet.models.job import (
    JOB_STATUSES,
    OVER_STATUSES,
    Job,
    JobResult,
    JobRun,
    Jobs,
    JobStatus,
    RunRef,
)
from patchfleet.models.selection import CustomerRef, Selection

__all__ = [
    "JOB_STATUSES",
    "OPEN_STATES",
    "OVER_STATUSES",
    "SEVERITIES",
    "STATES",
    "Action",
    "Condition",
    "Customer",
    "CustomerRef",
    "Decision",
    "Device",
    "DeviceKind",
    "Finding",
    "Gap",
    "Hosts",
    "Inventory",
    "Job",
    "JobResult",
    "JobRun",
    "JobStatus",
    "Jobs",
    "Patch",
    "RunRef",
    "Selection",
    "Severity",
    "Site",
    "State",
]
