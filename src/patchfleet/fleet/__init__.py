"""How a fleet is learned: each vendor's words into ours, and a sync that is complete or says so."""

from patchfleet.fleet.outcome import LostDevice, Outcome, Progress, Rules, UnreadDevice
from patchfleet.fleet.source import Listing, Source
from patchfleet.fleet.sources.nsight.source import NSightSource
from patchfleet.fleet.sources.qualys.source import QualysSource
from patchfleet.fleet.sync import sync

__all__ = [
    "Listing",
    "LostDevice",
    "NSightSource",
    "Outcome",
    "Progress",
    "QualysSource",
    "Rules",
    "Source",
    "UnreadDevice",
    "sync",
]
