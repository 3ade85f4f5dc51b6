"""Journal of changes: a record of each change before it is sent, and of its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from patchfleet.transport.operation import Wanted


@dataclass(frozen=True, slots=True)
class Claim:
    """A result that some of the items of a change share, and their state as read back.

    `answer` is what the vendor answered, None if no answer came.
    """

    outcome: Literal["confirmed", "failed", "unknown"]
    items: tuple[str, ...]
    now: Mapping[str, Any]
    reason: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A change that an earlier command sent without a clear result.

    `is_looked_for` is true if a person has checked that it was not done.
    """

    line: int
    marker: str
    is_looked_for: bool = False


class ChangeJournal(Protocol):
    """The record of a client's changes; it is on disk when a method returns."""

    def sent(self, wanted: Wanted, at: datetime) -> int:
        """Record that a change is about to be sent; return the number of its line."""
        ...

    def ended(self, line: int, claims: Sequence[Claim], at: datetime) -> None:
        """Record the result of the change of a line."""
        ...

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        """Return the last change with the same content, if its result is unknown."""
        ...
