"""An operation is a value: a request, and how to read the answer.

Law of this file: no socket, no clock, no client. Whoever authorises, paces, retries, records or
dry-runs an operation does it to the value, and knows no vendor.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from patchfleet.transport.wire import Lost, Request, Response

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One call: its vendor's name for it, the request, and `parse`, which returns or raises.

    `repeatable` is declared, never derived from the verb: every N-sight write is a GET. Only a
    repeatable operation is sent again after nobody can say what became of it.
    """

    name: str
    request: Request
    parse: Callable[[Response], T]
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """Several calls that answer as one: `join` makes one result of theirs, in order."""

    parts: tuple[Operation[T], ...]
    join: Callable[[Sequence[T]], T]


@dataclass(frozen=True, slots=True)
class Pause:
    """Ask the runner to wait before it goes on."""

    seconds: float


Work: TypeAlias = Operation[T] | Batch[T]
Flow: TypeAlias = Generator[Request | Pause, Response | Lost | None, T]
"""What `exchange` makes of work: it yields requests and pauses, and returns the result."""
