"""Data about vulnerabilities: exploited, probable, assessed, and fixed by which update.

Pure functions: files as bytes with their name in, rows with the day of the data out.
"""

from patchfleet.policy.intel.detect import read_intel
from patchfleet.policy.intel.records import (
    EpssScore,
    Intel,
    KbCve,
    KevEntry,
    Kind,
    SsvcAssessment,
)
from patchfleet.policy.intel.superseded import cves_fixed

__all__ = [
    "EpssScore",
    "Intel",
    "KbCve",
    "KevEntry",
    "Kind",
    "SsvcAssessment",
    "cves_fixed",
    "read_intel",
]
