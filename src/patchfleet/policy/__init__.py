"""Deadlines of standards as rule packs, and data about vulnerabilities that they need.

Pure functions: facts, a moment and the bytes of files in, judgements and rows out.
"""

from patchfleet._renamed import renamed
from patchfleet.models import DeadlineStatus
from patchfleet.policy.case import Case, release_of
from patchfleet.policy.evaluate import Judgement, judge, strictest
from patchfleet.policy.pack import Pack, Rule
from patchfleet.policy.pack_file import read_pack
from patchfleet.policy.packs import NAMES, load
from patchfleet.policy.survival import INDUSTRY_FIGURES, Survival, WorldFigure, survival

__all__ = [
    "INDUSTRY_FIGURES",
    "NAMES",
    "Case",
    "DeadlineStatus",
    "Judgement",
    "Pack",
    "Rule",
    "Survival",
    "WorldFigure",
    "judge",
    "load",
    "read_pack",
    "release_of",
    "strictest",
    "survival",
]

__getattr__ = renamed(__name__)
