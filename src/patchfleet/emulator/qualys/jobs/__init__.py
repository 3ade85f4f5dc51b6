"""Deployment jobs, their runs and results, mitigation and reports of the emulated subscription.

Law of this room: it changes assets only through `Asset` and at the time a thing happens; it knows
nothing of HTTP but requests and answers as values.
"""

from patchfleet.emulator.qualys.jobs.jobs import Jobs

__all__ = ["Jobs"]
