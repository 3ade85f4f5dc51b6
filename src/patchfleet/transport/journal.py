"""The journal of changes: what a client writes down before it sends one, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from patchfleet.transport.operation import Wanted


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of some of the things that were to change, and how each was read."""

    outcome: Literal["confirmed", "failed", "unknown"]
    items: tuple[str, ...]
    now: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A change that an earlier command sent and could not tell the outcome of.

    `is_looked_for` where a person looked, and says that nothing came of it.
    """

    line: int
    marker: str
    is_looked_for: bool = False


class ChangeJournal(Protocol):
    """What a client writes down; it is on the disk when a method returns."""

    def sent(self, wanted: Wanted, at: datetime) -> int:
        """Say that a change is about to be sent; return the number of the line."""
        ...

    def ended(self, line: int, claims: Sequence[Claim], at: datetime) -> None:
        """Say what came of the change of a line."""
        ...

    def unfinished(self, wanted: Wanted) -> Earlier | None:
        """Return the last change that asked for the same, where nobody knows what came of it."""
        ...
