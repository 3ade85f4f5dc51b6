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
    RIGHT: "succeeded, with the same state as without the fault",
    LOUD: "failed with a message; every change is reported, and the next run is right",
    KEPT: "succeeded with a warning: what could not be read stays as recorded before",
    UNMET: "the fault applied to no call",
}
FORBIDDEN = {
    SILENT_WRONG: "exit code 0, wrong rows, no warning",
    WARNED_WRONG: "exit code 0, a warning, and rows that the vendor never sent",
    TORN: "another exit code, and rows of neither before nor after",
    LASTING: "the next run without a fault does not repair it",
    WRONG_WRITE: "a change that was not requested",
    REPEATED_WRITE: "carried out twice at the vendor",
    FALSE_FAILED: "carried out at the vendor, but reported as failed",
    FALSE_CONFIRMED: "not carried out at the vendor, but reported as done",
    NO_OUTCOME: "the journal states that it was sent, but no result",
    ENDLESS: "waits longer than any time-out allows",
    INTERNAL_ERROR: "an unexpected error",
    SECRET: "a key, a password or a token in the output",
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
