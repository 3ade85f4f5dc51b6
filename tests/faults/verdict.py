"""What became of a cell, in one word, and which words must never be."""

from dataclasses import dataclass

RIGHT = "right"
LOUD = "loud"
KEPT = "kept"
UNMET = "not met"
SILENT_WRONG = "SILENT WRONG"
WARNED_WRONG = "WARNED WRONG"
TORN = "TORN"
LASTING = "LASTING"
WRONG_WRITE = "WRONG WRITE"
REPEATED_WRITE = "REPEATED WRITE"
FALSE_FAILED = "FALSE FAILED"
FALSE_CONFIRMED = "FALSE CONFIRMED"
NO_OUTCOME = "NO OUTCOME"
ENDLESS = "ENDLESS"
INTERNAL_ERROR = "INTERNAL ERROR"
SECRET = "SECRET"
ALLOWED = {
    RIGHT: "ended well, and everything is as it would be without the fault",
    LOUD: "said so and ended otherwise; nothing is changed that is not said, and the next run "
    "is right",
    KEPT: "ended well with a warning: what could not be read stays as it was on record",
    UNMET: "the fault could not be made of any call",
}
FORBIDDEN = {
    SILENT_WRONG: "exit code 0, rows wrong, not a word",
    WARNED_WRONG: "exit code 0, a warning, and rows that nobody ever said",
    TORN: "another exit code, and rows that are neither those before nor those after",
    LASTING: "the next run without a fault does not put it right",
    WRONG_WRITE: "something was changed that nobody asked for",
    REPEATED_WRITE: "done twice at the vendor",
    FALSE_FAILED: "done at the vendor, and told to have failed",
    FALSE_CONFIRMED: "not done at the vendor, and told to be",
    NO_OUTCOME: "the journal says that it was sent, and not what came of it",
    ENDLESS: "waits longer than any time-out allows",
    INTERNAL_ERROR: "an error nobody foresaw",
    SECRET: "a key, a password or a token is in what was said",
}


@dataclass(frozen=True)
class Verdict:
    """A word for a cell, and the reason in a sentence."""

    word: str
    reason: str = ""

    @property
    def is_forbidden(self) -> bool:
        return self.word in FORBIDDEN

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}" if self.reason else self.word
