"""N-able N-sight RMM, in N-able's words: `from patchfleet.nsight import NAble, AsyncNAble`."""

from patchfleet.nsight.client import AsyncNAble, NAble, Settings
from patchfleet.nsight.records.inventory import (
    AssetDetails,
    Check,
    Client,
    Description,
    Device,
    FailingDevice,
    Hardware,
    ListedDevice,
    MonitoringDetails,
    Site,
    Software,
    TaskStarted,
)
from patchfleet.nsight.records.patches import Patch, PatchesChanged, RetryMessage
from patchfleet.transport.rate_limit import Pace
from patchfleet.transport.retry import Retries

__all__ = [
    "AssetDetails",
    "AsyncNAble",
    "Check",
    "Client",
    "Description",
    "Device",
    "FailingDevice",
    "Hardware",
    "ListedDevice",
    "MonitoringDetails",
    "NAble",
    "Pace",
    "Patch",
    "PatchesChanged",
    "Retries",
    "RetryMessage",
    "Settings",
    "Site",
    "Software",
    "TaskStarted",
]
