"""Sync of a fleet: a source for each vendor, the sync itself, and the matching of devices."""

from patchfleet._renamed import renamed
from patchfleet.fleet.outcome import LostDevice, SyncOptions, SyncProgress, SyncResult, UnreadDevice
from patchfleet.fleet.source import DeviceListing, Source
from patchfleet.fleet.sources.nsight.source import NSightSource
from patchfleet.fleet.sources.qualys.source import QualysSource
from patchfleet.fleet.sync import sync

__all__ = [
    "DeviceListing",
    "LostDevice",
    "NSightSource",
    "QualysSource",
    "Source",
    "SyncOptions",
    "SyncProgress",
    "SyncResult",
    "UnreadDevice",
    "sync",
]

__getattr__ = renamed(__name__)
