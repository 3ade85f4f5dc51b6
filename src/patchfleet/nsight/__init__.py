"""N-able N-sight RMM, in N-able's words: `from patchfleet.nsight import NAble, AsyncNAble`."""

from patchfleet._renamed import renamed
from patchfleet.nsight.client import AsyncNAble, ClientOptions, NAble
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
from patchfleet.transport.rate_limit import RateLimit
from patchfleet.transport.retry import Retries

__all__ = [
    "AssetDetails",
    "AsyncNAble",
    "Check",
    "Client",
    "ClientOptions",
    "Description",
    "Device",
    "FailingDevice",
    "Hardware",
    "ListedDevice",
    "MonitoringDetails",
    "NAble",
    "Patch",
    "PatchesChanged",
    "RateLimit",
    "Retries",
    "RetryMessage",
    "Site",
    "Software",
    "TaskStarted",
]

__getattr__ = renamed(__name__)
