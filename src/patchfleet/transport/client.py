"""A vendor's client is a table: each line names an operation, and this file does the rest.

`method` and `amethod` turn a function that builds an operation into a method that runs it, with the
function's own parameters and the operation's own result, for both type checkers.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar, get_args, get_type_hints, overload

from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.exchange import exchange, streamed
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.operation import R, RecordStream, Work
from patchfleet.transport.runner import arun, astream, run, stream

P = ParamSpec("P")
T = TypeVar("T")


def _with(manners: CallPolicy, journal: ChangeJournal | None) -> CallPolicy:
    return manners if journal is None else replace(manners, journal=journal)


class Client:
    """Run operations, one connection pool for all threads. Constructing opens nothing."""

    def __init__(self, line: Endpoint, manners: CallPolicy) -> None:
        self._manners = manners
        self._wire = ConnectionPool(line)

    def run(self, work: Work[T], *, journal: ChangeJournal | None = None) -> T:
        """Run one operation or several; return the result or raise a `VendorError`.

        `journal` takes the place of the client's own.
        """
        return run(exchange(work, _with(self._manners, journal)), self._wire)

    def iterate(self, listing: RecordStream[R, Any]) -> Iterator[R]:
        """Yield what a listing finds as it finds it; one page is held at a time."""
        return stream(streamed(listing, self._manners), self._wire)

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

    def __init__(self, line: Endpoint, manners: CallPolicy) -> None:
        self._manners = manners
        self._wire = AsyncConnectionPool(line)

    async def run(self, work: Work[T], *, journal: ChangeJournal | None = None) -> T:
        """Run one operation or several; see `Client.run`."""
        return await arun(exchange(work, _with(self._manners, journal)), self._wire)

    def iterate(self, listing: RecordStream[R, Any]) -> AsyncIterator[R]:
        """Yield what a listing finds as it finds it; one page is held at a time."""
        return astream(streamed(listing, self._manners), self._wire, [])

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


class method(Generic[P, T]):  # noqa: N801 -- reads as a keyword of the tables
    """Make a method of a `Client` from a function that builds an operation."""

    def __init__(self, build: Callable[P, Work[T]]) -> None:
        self.build = build

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Client, owner: type) -> Callable[P, T]: ...
    def __get__(self, client: Client | None, owner: type) -> Self | Callable[P, T]:
        if client is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return client.run(self.build(*args, **kwargs))

        return _documented(call, self.build)


class amethod(Generic[P, T]):  # noqa: N801 -- reads as a keyword of the tables
    """Make a method of an `AsyncClient` from a function that builds an operation."""

    def __init__(self, build: Callable[P, Work[T]]) -> None:
        self.build = build

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, client: AsyncClient | None, owner: type) -> Self | Callable[P, Awaitable[T]]:
        if client is None:
            return self

        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return await client.run(self.build(*args, **kwargs))

        return _documented(call, self.build)


class iterator(Generic[P, R]):  # noqa: N801
    """Make a method of a `Client` that yields what a listing finds, page by page."""

    def __init__(self, build: Callable[P, RecordStream[R, Any]]) -> None:
        self.build = build

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Client, owner: type) -> Callable[P, Iterator[R]]: ...
    def __get__(self, client: Client | None, owner: type) -> Self | Callable[P, Iterator[R]]:
        if client is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
            return client.iterate(self.build(*args, **kwargs))

        return _documented(call, self.build)


class aiterator(Generic[P, R]):  # noqa: N801
    """Make a method of an `AsyncClient` that yields what a listing finds, page by page."""

    def __init__(self, build: Callable[P, RecordStream[R, Any]]) -> None:
        self.build = build

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type) -> Callable[P, AsyncIterator[R]]: ...
    def __get__(
        self, client: AsyncClient | None, owner: type
    ) -> Self | Callable[P, AsyncIterator[R]]:
        if client is None:
            return self

        def call(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
            return client.iterate(self.build(*args, **kwargs))

        return _documented(call, self.build)


C = TypeVar("C", bound=Callable[..., Any])


def _documented(call: C, build: Callable[..., Any]) -> C:
    """Give the method the builder's name, docstring and parameters, for help() and editors."""
    call.__name__ = build.__name__
    call.__doc__ = build.__doc__
    call.__signature__ = parameters_of(build)  # type: ignore[attr-defined]
    return call


def shows(defaults: Mapping[str, Any]) -> Callable[[C], C]:
    """Say which defaults the parameters of a builder's table of keywords have; others have None."""

    def note(build: C) -> C:
        build.shown_defaults = defaults  # type: ignore[attr-defined]
        return build

    return note


@cache
def parameters_of(build: Callable[..., Any]) -> inspect.Signature:
    """Return the parameters that a builder's method shows: those of a table of keywords one by one.

    None stands for what is not given.
    """
    defaults = getattr(build, "shown_defaults", {})
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
