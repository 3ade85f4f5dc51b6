"""Deadline status of a finding: what a rule pack concludes about it at one moment."""

from typing import Literal, get_args

DeadlineStatus = Literal[
    "overdue",  # open beyond the deadline
    "missed",  # fixed beyond it
    "not_judged",  # a fact that the rule needs is missing
    "on_time",  # open within it
    "met",  # fixed within it
    "not_covered",  # the pack sets no date
]
DEADLINE_STATUSES: tuple[DeadlineStatus, ...] = get_args(DeadlineStatus)
"""Every status, the most pressing first."""

_FIXED: tuple[DeadlineStatus, ...] = ("missed", "met")
OPEN_DEADLINE_STATUSES: tuple[DeadlineStatus, ...] = tuple(
    status for status in DEADLINE_STATUSES if status not in _FIXED
)
"""Statuses of open findings, the most pressing first."""
