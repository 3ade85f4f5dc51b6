"""An operation is a value: a request, and how to read the answer.

What takes several calls is a value too: a generator of operations, each chosen by what the earlier
ones answered. Law of this file: no socket, no clock, no client. Whoever authorises, paces, retries,
records or dry-runs an operation does it to the value, and knows no vendor.
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
    """What of the question a result repeats: `found` yields it, None where the vendor omits it.

    Values are compared as text, so that an id asked for as 7 and answered as "7" is the same one.
    """

    name: str
    asked: object
    found: Callable[[T], Iterable[object]]

    def other(self, result: T) -> str | None:
        """Return the first value in a result that is not the one asked for."""
        asked = str(self.asked)
        return next((str(v) for v in self.found(result) if v is not None and str(v) != asked), None)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One call: its vendor's name for it, the request, and `parse`, which returns or raises.

    `repeatable` is declared, never derived from the verb: every N-sight write is a GET. Only a
    repeatable operation is sent again after nobody can say what became of it. `echoes` are compared
    with the result: an answer to another question is no answer. `is_reading` says that it changes
    nothing, so that an answer in doubt is asked for again. `about` is what an error says of what
    was asked for.
    """

    name: str
    request: Request
    parse: Callable[[Response], T]
    repeatable: bool = True
    echoes: tuple[Echo[T], ...] = ()
    is_reading: bool = True
    about: str = ""


def on_new_connection(operation: Operation[T]) -> Operation[T]:
    """Make a call that goes out on a connection of its own, over which nothing came before."""
    request = structs.replace(operation.request, instead_of=NO_CONNECTION)
    return replace(operation, request=request)


@dataclass(frozen=True, slots=True)
class Conditional(Generic[T]):
    """A result, or None where the answer is, to the letter, the one that was read before."""

    fingerprint: str
    result: T | None


def if_changed(operation: Operation[T], fingerprint: str | None) -> Operation[Conditional[T]]:
    """Make a call whose answer is read unless its bytes are those of an earlier `fingerprint`.

    Reading is nearly all that an answer costs here; the call is made all the same. An answer that
    is cut or wrong has another fingerprint, since it was never read.
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

    `steps` begins a generator that yields operations, and receives their results or is thrown their
    errors; it may yield a `Pause`, and a `Concurrent` for what can be done side by side.
    """

    name: str
    steps: "Callable[[], Steps[T]]"


@dataclass(frozen=True, slots=True)
class RecordStream(Generic[R, T]):
    """Calls that bring records bit by bit: the steps of a procedure, and `Found` for each bit.

    Run, it is what `gather` makes of all of them; iterated, one record after the other.
    """

    name: str
    steps: "Callable[[], Steps[None]]"
    gather: Callable[[list[R]], T]


@dataclass(frozen=True, slots=True)
class RecordBatch(Generic[T]):
    """Records that a listing has come upon."""

    records: Sequence[T]


@dataclass(frozen=True, slots=True)
class Concurrent:
    """Work done side by side, at most as much at once as there are connections.

    The results come in order. The first error is the error of all, and is thrown into the steps:
    what has not begun by then does not begin, and what waits does not go on.
    """

    parts: "tuple[Work[Any], ...]"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a journal says of a change before it is sent: where, what, to what, and what was asked.

    `items` are the ids of what changes: patches of `device_id`, or jobs where there is no device.
    What is to be made has no id yet and is found by its `marker`. `asked` is JSON.
    """

    source: str
    action: str
    device_id: str = ""
    items: tuple[str, ...] = ()
    marker: str = ""
    asked: Any = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What reading back says of one thing that was to be changed, in words for a person.

    `refused` is "not done" where the vendor said no to this very thing. `now` is how it was read,
    as JSON for the journal; `found` what was read, for whoever makes the result.
    """

    verdict: Literal["done", "not done", "refused", "unclear"]
    words: str = ""
    now: Any = None
    found: Any = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a change: the answer or the error, and what reading back says of each thing.

    `is_doubtful` where the vendor's words leave open whether it was done, or may still be: only
    what was refused outright and is read as it was is surely not done.
    """

    answer: T | None
    error: VendorError | None
    sights: Mapping[str, Sight]
    is_doubtful: bool = False

    @property
    def is_done(self) -> bool:
        """Whether all of it was read back as it was asked for."""
        return all(one.verdict == "done" for one in self.sights.values()) and bool(self.sights)

    def claim(self, sight: Sight) -> Literal["confirmed", "failed", "unknown"]:
        """Return what may be said of one thing."""
        if sight.verdict == "done":
            return "confirmed"
        if sight.verdict == "refused":
            return "failed"
        is_refused = sight.verdict == "not done" and self.error is not None
        return "failed" if is_refused and not self.is_doubtful else "unknown"


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One call that changes something at a vendor, and how to see whether it did.

    `look` is given the answer, or None where none can be used, and returns what it reads of each
    thing that was to change; None stands for what nothing can be read of. `conclude` makes the
    result, or returns None where there is none to return. `check` is what a person does who cannot
    be told. `is_repeatable` lets it go out again, once it was looked for and is not there. With
    `with_marker` it can be made again as an earlier command sent it.
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
    """Ask the runner to drive these flows side by side, and to answer with their results."""

    parts: "tuple[Flow[Any], ...]"


Work: TypeAlias = Operation[T] | Procedure[T] | RecordStream[Any, T] | Change[T]
Steps: TypeAlias = Generator[Work[Any] | Concurrent | Pause | RecordBatch[Any], Any, T]
Flow: TypeAlias = Generator[
    Request | Pause | ConcurrentFlows | RecordBatch[Any],
    Response | NoResponse | list[Any] | None,
    T,
]
"""What `exchange` makes of work: it yields requests and pauses, and returns the result."""

__getattr__ = renamed(__name__)
