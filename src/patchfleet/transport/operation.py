"""Operations as values: a request, and how to read its answer.

Work of several calls is a value too: a generator of operations, each chosen by the earlier answers.
No socket, clock or client is involved. Login, rate limit, retry, record and dry run apply to the
value, and need no vendor.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from msgspec import structs

from patchfleet._renamed import renamed
from patchfleet.errors import VendorError
from patchfleet.transport.messages import NO_CONNECTION, NoResponse, Request, Response

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Echo(Generic[T]):
    """A value of the request that the result repeats: `found` yields it, or None if omitted.

    Values are compared as text, so an id requested as 7 and answered as "7" is equal.
    """

    name: str
    asked: object
    found: Callable[[T], Iterable[object]]

    def other(self, result: T) -> str | None:
        """Return the first value in a result that differs from the requested one."""
        asked = str(self.asked)
        return next((str(v) for v in self.found(result) if v is not None and str(v) != asked), None)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One call: its vendor's name for it, the request, and `parse`, which returns or raises.

    `repeatable` is declared, never derived from the verb: every N-sight write is a GET. Only a
    repeatable operation is sent again after an unknown outcome. `echoes` are compared with the
    result: an answer to another request is an error. `is_reading` means that it changes nothing, so
    that a doubtful answer is requested again. `about` names the subject in errors.
    """

    name: str
    request: Request
    parse: Callable[[Response], T]
    repeatable: bool = True
    echoes: tuple[Echo[T], ...] = ()
    is_reading: bool = True
    about: str = ""


def on_new_connection(operation: Operation[T]) -> Operation[T]:
    """Return a call that goes out on a new connection of its own."""
    request = structs.replace(operation.request, instead_of=NO_CONNECTION)
    return replace(operation, request=request)


@dataclass(frozen=True, slots=True)
class Conditional(Generic[T]):
    """A result, or None if the answer is, byte for byte, the one read before."""

    fingerprint: str
    result: T | None


def if_changed(operation: Operation[T], fingerprint: str | None) -> Operation[Conditional[T]]:
    """Return a call whose answer is read unless its bytes have the earlier `fingerprint`.

    The call is always made; reading its answer is nearly all of the cost here. A truncated or wrong
    answer has another fingerprint, since it was never read.
    """

    def parse(response: Response) -> Conditional[T]:
        from blake3 import blake3

        found = blake3(response.body).hexdigest(length=16)
        return Conditional(found, None if found == fingerprint else operation.parse(response))

    def of_result(echo: Echo[T]) -> Echo[Conditional[T]]:
        return Echo(
            echo.name,
            echo.asked,
            lambda fresh: () if fresh.result is None else echo.found(fresh.result),
        )

    echoes = tuple(of_result(echo) for echo in operation.echoes)
    return Operation(
        operation.name,
        operation.request,
        parse,
        operation.repeatable,
        echoes,
        operation.is_reading,
        operation.about,
    )


@dataclass(frozen=True, slots=True)
class Pause:
    """Ask the runner to wait before it goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Procedure(Generic[T]):
    """Calls that depend on each other, and one result.

    `steps` begins a generator that yields operations, and is sent their results or thrown their
    errors; it may yield a `Pause`, and a `Concurrent` for work to run in parallel.
    """

    name: str
    steps: "Callable[[], Steps[T]]"


@dataclass(frozen=True, slots=True)
class RecordStream(Generic[R, T]):
    """Calls that yield records in batches: the steps of a procedure, with a `RecordBatch` for each.

    Run, its result is `gather` of all records; iterated, one record after the other.
    """

    name: str
    steps: "Callable[[], Steps[None]]"
    gather: Callable[[list[R]], T]


@dataclass(frozen=True, slots=True)
class RecordBatch(Generic[T]):
    """Records that a listing has found."""

    records: Sequence[T]


@dataclass(frozen=True, slots=True)
class Concurrent:
    """Work run in parallel, at most one piece per connection.

    The results come in order. The first error is the error of all, and is thrown into the steps:
    work that has not begun by then does not begin, and work that waits does not go on.
    """

    parts: "tuple[Work[Any], ...]"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change as the journal records it before it is sent: vendor, action, items and content.

    `items` are the ids of what changes: patches of `device_id`, or jobs if there is no device.
    A thing to be created has no id yet and is found by its `marker`. `asked` is JSON.
    """

    source: str
    action: str
    device_id: str = ""
    items: tuple[str, ...] = ()
    marker: str = ""
    asked: Any = None


@dataclass(frozen=True, slots=True)
class Sight:
    """The state of one item of a change as read back, in words for a person.

    `refused` is "not done" with the vendor's refusal of this very item. `now` is the state as JSON
    for the journal; `found` is the record that was read, for the result.
    """

    verdict: Literal["done", "not done", "refused", "unclear"]
    words: str = ""
    now: Any = None
    found: Any = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The outcome of a change: the answer or the error, and the state of each item.

    `is_doubtful` is true if the vendor's words leave open whether it was or may still be done: only
    a plain refusal of an unchanged item is surely not done.
    """

    answer: T | None
    error: VendorError | None
    sights: Mapping[str, Sight]
    is_doubtful: bool = False

    @property
    def is_done(self) -> bool:
        """Whether all items are read back as wanted."""
        return all(one.verdict == "done" for one in self.sights.values()) and bool(self.sights)

    def claim(self, sight: Sight) -> Literal["confirmed", "failed", "unknown"]:
        """Return the certainty of the result of one item."""
        if sight.verdict == "done":
            return "confirmed"
        if sight.verdict == "refused":
            return "failed"
        is_refused = sight.verdict == "not done" and self.error is not None
        return "failed" if is_refused and not self.is_doubtful else "unknown"


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One call that changes something at a vendor, and how to read it back.

    `look` takes the answer, or None if it is unusable, and returns the state of each item; None
    means that the change cannot be read back. `conclude` makes the result, or returns None if there
    is none. `check` is the advice for a person if the result is unknown. `is_repeatable` allows
    another sending, once the change is read back as not done. With `with_marker` it can be rebuilt
    as an earlier command sent it.
    """

    wanted: Wanted
    send: Operation[Any]
    look: "Callable[[Any], Steps[Mapping[str, Sight]]] | None"
    conclude: Callable[[Outcome[Any]], T | None]
    check: str
    is_repeatable: bool = True
    looks_after_seconds: tuple[float, ...] = ()
    with_marker: "Callable[[str], Change[T]] | None" = None

    @property
    def name(self) -> str:
        """The vendor's name for the call."""
        return self.send.name


@dataclass(frozen=True, slots=True)
class ConcurrentFlows:
    """Ask the runner to drive these flows in parallel, and to answer with their results."""

    parts: "tuple[Flow[Any], ...]"


Work: TypeAlias = Operation[T] | Procedure[T] | RecordStream[Any, T] | Change[T]
Steps: TypeAlias = Generator[Work[Any] | Concurrent | Pause | RecordBatch[Any], Any, T]
Flow: TypeAlias = Generator[
    Request | Pause | ConcurrentFlows | RecordBatch[Any],
    Response | NoResponse | list[Any] | None,
    T,
]
"""A flow of `exchange`: it yields requests and pauses, and returns the result."""

__getattr__ = renamed(__name__)
