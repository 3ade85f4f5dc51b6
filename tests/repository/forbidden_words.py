"""Words that do not come back, and what is written instead: the one list, shown in STYLE.md."""

import re
from typing import NamedTuple


class Word(NamedTuple):
    """One row: what STYLE.md shows, the pattern that finds it, and what is written instead."""

    shown: str
    pattern: str
    instead: str


WORDS = (
    # House dialect.
    Word("law of this file", r"laws? of (?:this|the)", "`Invariant:` with its check, or a comment"),
    Word("stands, stood", r"stands|stood", "is, is stored, is listed, remains"),
    Word("says, said, is said", r"says|said|saying", "reports, states, names, describes"),
    Word("tells, told, is told", r"tells|told|telling", "returns, reports, distinguishes"),
    Word("somebody, nobody, anybody", r"(?:some|no|any)body", "who acts: a user, a process"),
    Word("whoever", r"whoever|whomever", "who acts"),
    Word("anew", r"anew", "again, new"),
    Word("not … any more", r"any ?more", "no longer"),
    Word("spell, spelled", r"spell(?:s|ed|t|ing)?", "format, write"),
    Word("to the letter", r"to the letter", "byte for byte, exactly"),
    Word("dear", r"dear(?:er|est)?", "expensive, slow"),
    Word("mend, mended", r"mend(?:s|ed|ing)?", "repair, fix"),
    Word("heard of", r"heard of", "seen"),
    Word("left alone", r"left alone", "skipped, unchanged"),
    Word("in silence", r"in silence", "silently, without a warning"),
    Word("shall, ought", r"shall|ought", "must, will"),
    Word("bear witness", r"bears? witness", "check independently"),
    Word("so many, so much", r"so (?:many|much)", "the parameter's name, the number"),
    Word("what is none", r"(?-i:(?:what|who|that) is none)", "what is not a …"),
    Word("learn, learned", r"learn(?:s|ed|t|ing)?", "read, see"),
    Word("what came of, became of", r"(?:c[ao]mes?|bec[ao]mes?) of", "result, outcome"),
    Word("how it came to be", r"c[ao]mes? to be", "history"),
    Word("in our words", r"(?:in|into) our words", "translated"),
    Word("what waits", r"what waits", "open work"),
    # Former names of things.
    Word("struck, to strike", r"struck|strikes?", "deletion vector; mark as deleted"),
    Word("shelf", r"shelf", "storage"),
    Word("ledger", r"ledger", "record of findings"),
    Word("standings", r"standings?", "patch history"),
    Word("look-alike", r"look-alikes?", "match candidate"),
    Word("verdict", r"verdicts?", "decision (of a person), deadline status"),
    Word("manners", r"manners", "call policy"),
    Word("estate", r"estate", "subscription, fleet"),
    Word("sealed, scrubbed", r"sealed|scrubbed", "with credentials, redacted"),
)  # fmt: skip

FOUND_BY = re.compile(
    "|".join(rf"(?P<w{place}>\b(?:{word.pattern})\b)" for place, word in enumerate(WORDS)),
    re.IGNORECASE,
)


def table() -> str:
    """Return the list as STYLE.md shows it."""
    rows = [f"| {word.shown} | {word.instead} |" for word in WORDS]
    return "\n".join(["| not | but |", "| --- | --- |", *rows])
