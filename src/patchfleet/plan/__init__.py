"""Planned changes and their execution: every change is shown before it is made."""

from patchfleet._renamed import renamed
from patchfleet.plan.apply import DeviceResult, Target, apply
from patchfleet.plan.plan import DeviceChange, Plan, PlannedChange, Skipped, plan, since_changed

__all__ = [
    "DeviceChange",
    "DeviceResult",
    "Plan",
    "PlannedChange",
    "Skipped",
    "Target",
    "apply",
    "plan",
    "since_changed",
]

__getattr__ = renamed(__name__)
