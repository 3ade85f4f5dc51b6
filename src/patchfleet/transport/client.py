"""Clients of a vendor, sync and async, from one table of operations.

A table is a class whose lines are `operation(builder)` or `stream(builder)`. A class that inherits
from the table and from `Client` or `AsyncClient` has a function for each line, with the parameters
of the builder; type checkers infer its result, awaited for `AsyncClient`.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    get_args,
    get_type_hints,
    overload,
)

from patchfleet._renamed import renamed
from patchfleet.transport import runner
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.exchange import exchange, streamed
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.observer import CallObserver
from patchfleet.transport.operation import R, RecordStream, Work

P = ParamSpec("P")
T = TypeVar("T")


def _with(
    call_policy: CallPolicy, journal: ChangeJournal | None, observer: CallObserver | None
) -> CallPolicy:
    """Return the policy with the given journal and observer in place of its own."""
    if journal is not None:
        call_policy = replace(call_policy, journal=journal)
    return call_policy if observer is None else replace(call_policy, observer=observer)


class Client:
    """Run operations, one connection pool for all threads. Constructing opens nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _make_methods(cls)

    def __init__(self, endpoint: Endpoint, call_policy: CallPolicy) -> None:
        self._call_policy = call_policy
        self._wire = ConnectionPool(endpoint)
        self._account_digest = endpoint.account_digest

    def run(
        self,
        work: Work[T],
        *,
        journal: ChangeJournal | None = None,
        observer: CallObserver | None = None,
    ) -> T:
        """Run one operation or several; return the result or raise a `VendorError`.

        `journal` and `observer` take the place of the client's own.
        """
        return runner.run(exchange(work, _with(self._call_policy, journal, observer)), self._wire)

    def iterate(self, listing: RecordStream[R, Any]) -> Iterator[R]:
        """Yield what a listing finds as it finds it; one page is held at a time."""
        return runner.stream(streamed(listing, self._call_policy), self._wire)

    @property
    def account_digest(self) -> str:
        """A digest that identifies the account without revealing its key."""
        return self._account_digest()

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._wire.close()

    @property
    def closer(self) -> Callable[[], None]:
        """What closes the connections and keeps nothing of the client alive."""
        return self._wire.close

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient:
    """Run operations, one connection pool for all tasks of one event loop."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _make_methods(cls)

    def __init__(self, endpoint: Endpoint, call_policy: CallPolicy) -> None:
        self._call_policy = call_policy
        self._wire = AsyncConnectionPool(endpoint)
        self._account_digest = endpoint.account_digest

    async def run(
        self,
        work: Work[T],
        *,
        journal: ChangeJournal | None = None,
        observer: CallObserver | None = None,
    ) -> T:
        """Run one operation or several; see `Client.run`."""
        policy = _with(self._call_policy, journal, observer)
        return await runner.arun(exchange(work, policy), self._wire)

    def iterate(self, listing: RecordStream[R, Any]) -> AsyncIterator[R]:
        """Yield what a listing finds as it finds it; one page is held at a time."""
        return runner.astream(streamed(listing, self._call_policy), self._wire, [])

    @property
    def account_digest(self) -> str:
        """A digest that identifies the account without revealing its key."""
        return self._account_digest()

    async def aclose(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()


class Line:
    """A line of a table of operations: how a client's method builds its work.

    When the class of a client is made, each line becomes a function of that class.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build

    def work(self, *args: Any, **kwargs: Any) -> Any:
        """Build the work of one call."""
        return self.build(*args, **kwargs)

    def parameters(self) -> inspect.Signature:
        """Return the parameters of the method, without the client."""
        return parameters_of(self.build)

    def function(self, kind: type) -> Callable[..., Any]:
        """Return the function that is to be the method of a client's class."""

        async def acall(client: Any, /, *args: Any, **kwargs: Any) -> Any:
            return await client.run(self.work(*args, **kwargs))

        def call(client: Any, /, *args: Any, **kwargs: Any) -> Any:
            return client.run(self.work(*args, **kwargs))

        return acall if issubclass(kind, AsyncClient) else call


class operation(Line, Generic[P, T]):  # noqa: N801 -- reads as a keyword of the tables
    """Make a builder of work a method of `Client`, and a coroutine of `AsyncClient`."""

    if TYPE_CHECKING:

        def __init__(self, build: Callable[P, Work[T]]) -> None: ...
        @overload
        def __get__(
            self, client: None, owner: type[Client]
        ) -> Callable[Concatenate[Client, P], T]: ...
        @overload
        def __get__(
            self, client: None, owner: type[AsyncClient]
        ) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]: ...
        @overload
        def __get__(self, client: Client, owner: type) -> Callable[P, T]: ...
        @overload
        def __get__(
            self, client: AsyncClient, owner: type
        ) -> Callable[P, Coroutine[Any, Any, T]]: ...
        def __get__(self, client: Any, owner: type) -> Any: ...


class stream(Line, Generic[P, R]):  # noqa: N801
    """Make a builder of a listing a method that yields its records, page by page."""

    if TYPE_CHECKING:

        def __init__(self, build: Callable[P, RecordStream[R, Any]]) -> None: ...
        @overload
        def __get__(
            self, client: None, owner: type[Client]
        ) -> Callable[Concatenate[Client, P], Iterator[R]]: ...
        @overload
        def __get__(
            self, client: None, owner: type[AsyncClient]
        ) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[R]]: ...
        @overload
        def __get__(self, client: Client, owner: type) -> Callable[P, Iterator[R]]: ...
        @overload
        def __get__(self, client: AsyncClient, owner: type) -> Callable[P, AsyncIterator[R]]: ...
        def __get__(self, client: Any, owner: type) -> Any: ...

    def function(self, kind: type) -> Callable[..., Any]:
        """Return the function that is to be the method of a client's class."""
        del kind

        def call(client: Any, /, *args: Any, **kwargs: Any) -> Any:
            return client.iterate(self.work(*args, **kwargs))

        return call


def table_of(kind: type) -> dict[str, Line]:
    """Return the lines behind the methods of a client's class, by name and in order."""
    return {
        name: line
        for base in reversed(kind.__mro__)
        for name, line in vars(base).items()
        if isinstance(line, Line)
    }


def _make_methods(kind: type) -> None:
    """Make the lines of a client's tables functions of its class, except what it overrides."""
    for name, line in table_of(kind).items():
        if not isinstance(inspect.getattr_static(kind, name), Line):
            continue
        call = line.function(kind)
        call.__name__, call.__qualname__ = name, f"{kind.__qualname__}.{name}"
        call.__module__, call.__doc__ = kind.__module__, line.build.__doc__
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        signature = line.parameters()
        call.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[own, *signature.parameters.values()]
        )
        setattr(kind, name, call)


C = TypeVar("C", bound=Callable[..., Any])


def keyword_defaults(defaults: Mapping[str, Any]) -> Callable[[C], C]:
    """Give the parameters of a builder's table of keywords their defaults; others have None."""

    def note(build: C) -> C:
        build.keyword_defaults = defaults  # type: ignore[attr-defined]
        return build

    return note


@cache
def parameters_of(build: Callable[..., Any]) -> inspect.Signature:
    """Return a builder's parameters, those of a table of keywords (`Unpack`) one by one.

    A keyword without a default has None.
    """
    defaults = getattr(build, "keyword_defaults", {})
    shown: list[inspect.Parameter] = []
    for parameter in inspect.signature(build).parameters.values():
        table = get_args(parameter.annotation)
        if parameter.kind is not parameter.VAR_KEYWORD or not table:
            shown.append(parameter)
            continue
        shown += [
            inspect.Parameter(
                name, parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=kind
            )
            for name, kind in get_type_hints(table[0]).items()
        ]
    return inspect.Signature(shown)


__getattr__ = renamed(__name__)
