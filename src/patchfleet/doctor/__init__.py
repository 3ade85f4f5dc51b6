"""Shapes of a live account's answers, recorded without a value, and their differences to ours.

Nothing here prints or names a machine; `patchfleet doctor` of the command line does the rest.
"""

from patchfleet.doctor.compare import Difference, ShapeComparison, compare
from patchfleet.doctor.facts import Fact, facts
from patchfleet.doctor.nsight_reads import NSIGHT_READS
from patchfleet.doctor.qualys_reads import QUALYS_READS
from patchfleet.doctor.read import ReadCall, ReadList
from patchfleet.doctor.recorder import DEFAULT_SAMPLE, record
from patchfleet.doctor.recording import Answers, Recording, read_recording, write_recording
from patchfleet.doctor.shape import Shape, merge

READ_LISTS = (NSIGHT_READS, QUALYS_READS)

__all__ = [
    "DEFAULT_SAMPLE",
    "NSIGHT_READS",
    "QUALYS_READS",
    "READ_LISTS",
    "Answers",
    "Difference",
    "Fact",
    "ReadCall",
    "ReadList",
    "Recording",
    "Shape",
    "ShapeComparison",
    "compare",
    "facts",
    "merge",
    "read_recording",
    "record",
    "write_recording",
]
