"""What is wanted of a fleet: deadlines by the standards, and what is known of vulnerabilities.

Law of this room: pure. Facts, a moment and the bytes of files come in, judgements and rows go out.
"""

from patchfleet.policy.case import Facts, release_of
from patchfleet.policy.evaluate import Judgement, Verdict, judge, strictest
from patchfleet.policy.pack import Pack, Rule
from patchfleet.policy.pack_file import read_pack
from patchfleet.policy.packs import NAMES, load
from patchfleet.policy.survival import WORLD, Survival, WorldFigure, survival

__all__ = [
    "NAMES",
    "WORLD",
    "Facts",
    "Judgement",
    "Pack",
    "Rule",
    "Survival",
    "Verdict",
    "WorldFigure",
    "judge",
    "load",
    "read_pack",
    "release_of",
    "strictest",
    "survival",
]
