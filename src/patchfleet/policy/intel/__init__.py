"""What is known of vulnerabilities elsewhere: exploited, probable, assessed, and mended by what.

Law of this room: pure. Files come in as bytes with their name, and leave as rows with their day.
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
