"""What should change, and the changing of it: every change is seen before it is made."""

from patchfleet.plan.apply import DeviceResult, Target, apply
from patchfleet.plan.plan import Change, DeviceChange, Plan, Skipped, plan, since_changed

__all__ = [
    "Change",
    "DeviceChange",
    "DeviceResult",
    "Plan",
    "Skipped",
    "Target",
    "apply",
    "plan",
    "since_changed",
]
