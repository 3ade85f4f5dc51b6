"""How a fleet is learned: each vendor's words into ours, and a sync that is complete or says so."""

from patchfleet.fleet.nsight import NSightSource
from patchfleet.fleet.outcome import LostDevice, Outcome, Progress, Rules, UnreadDevice
from patchfleet.fleet.qualys import QualysSource
from patchfleet.fleet.source import Listing, Source
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
