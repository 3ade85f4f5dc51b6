"""How a fleet is learned: each vendor's words into ours, and a sync that is complete or says so."""

from patchfleet.fleet.nsight import NSightSource
from patchfleet.fleet.source import Source
from patchfleet.fleet.sync import Outcome, Progress, sync

__all__ = ["NSightSource", "Outcome", "Progress", "Source", "sync"]
