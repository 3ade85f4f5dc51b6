"""Models: customers, devices, findings, patches, jobs and machines, the same for every source.

Values only: no I/O, no vendor, no SQL; everything is frozen.
"""

from patchfleet._renamed import renamed
from patchfleet.models.deadline import DEADLINE_STATUSES, OPEN_DEADLINE_STATUSES, DeadlineStatus
from patchfleet.models.finding import (
    OPEN_STATES,
    SEVERITIES,
    STATES,
    Action,
    Decision,
    Finding,
    FindingStatus,
    Patch,
    Severity,
    State,
)
from patchfleet.models.fleet import (
    DEVICE_KINDS,
    OWN_CUSTOMER,
    Account,
    Customer,
    Device,
    DeviceKind,
    Gap,
    Inventory,
    Site,
    SourceState,
)
from patchfleet.models.job import (
    FINAL_STATUSES,
    JOB_STATUSES,
    Job,
    JobResult,
    JobRun,
    JobRunRef,
    Jobs,
    JobStatus,
)
from patchfleet.models.selection import CustomerRef, Selection

__all__ = [
    "DEADLINE_STATUSES",
    "DEVICE_KINDS",
    "FINAL_STATUSES",
    "JOB_STATUSES",
    "OPEN_DEADLINE_STATUSES",
    "OPEN_STATES",
    "OWN_CUSTOMER",
    "SEVERITIES",
    "STATES",
    "Account",
    "Action",
    "Customer",
    "CustomerRef",
    "DeadlineStatus",
    "Decision",
    "Device",
    "DeviceKind",
    "Finding",
    "FindingStatus",
    "Gap",
    "Inventory",
    "Job",
    "JobResult",
    "JobRun",
    "JobRunRef",
    "JobStatus",
    "Jobs",
    "Patch",
    "Selection",
    "Severity",
    "Site",
    "SourceState",
    "State",
]

__getattr__ = renamed(__name__)
