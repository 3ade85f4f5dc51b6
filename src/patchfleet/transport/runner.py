"""Runners, which drive a flow to its result: with blocking calls, or on an event loop.

Connections are in `connection_pool`.

Invariant: no other module of a client sleeps
(tests/repository/test_modules.py::test_only_these_modules_sleep).
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from threading import Event, Lock
from typing import Any
from weakref import WeakSet

from patchfleet.errors import VendorError
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import ConcurrentFlows, Flow, Pause, RecordBatch, T


class Halt:
    """A signal to end flows whose result is no longer wanted, and the flows below them."""

    def __init__(self) -> None:
        self._event = Event()
        self._under: WeakSet[Halt] = WeakSet()
        self._lock = Lock()

    def under(self) -> "Halt":
        """Return a signal for the flows that this one waits for; setting it leaves this one."""
        halt = Halt()
        with self._lock:
            self._under.add(halt)
            is_late = self._event.is_set()
        if is_late:
            halt.set()
        return halt

    def set(self) -> None:
        """End waiting flows, here and below."""
        with self._lock:
            self._event.set()
            under = list(self._under)
        for halt in under:
            halt.set()

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Wait `seconds`, or until it is set."""
        self._event.wait(seconds)


def run(flow: Flow[T], wire: ConnectionPool, halt: Halt | None = None) -> T:
    """Drive a flow to its result with blocking calls and real sleeps, until `halt` is set."""
    records = stream(flow, wire, halt)
    while True:
        try:
            next(records)
        except StopIteration as end:
            result: T = end.value
            return result


def stream(
    flow: Flow[T], wire: ConnectionPool, halt: Halt | None = None
) -> Generator[Any, None, T]:
    """Drive a flow with blocking calls, yield each record it finds, and return its result."""
    outcome: Response | NoResponse | list[Any] | None = None
    failure: VendorError | None = None
    halt = halt or Halt()
    with closing(flow):
        while True:
            if halt.is_set():
                raise _HaltedError
            try:
                step = flow.send(outcome) if failure is None else flow.throw(failure)
            except StopIteration as end:
                result: T = end.value
                return result
            outcome = failure = None
            match step:
                case Request():
                    outcome = wire.send(step)
                case Pause():
                    halt.wait(step.seconds)
                case RecordBatch():
                    yield from step.records
                case ConcurrentFlows():
                    try:
                        outcome = _together(step, wire, halt.under())
                    except VendorError as error:
                        failure = error


class _HaltedError(Exception):
    """The end of a flow whose result is no longer wanted."""


def _together(flows: ConcurrentFlows, wire: ConnectionPool, halt: Halt) -> list[Any]:
    """Drive flows in threads; after an error none begins, and none waits or calls again."""
    with ThreadPoolExecutor(min(len(flows.parts), wire.connections) or 1) as pool:
        running = [pool.submit(_part, flow, wire, halt) for flow in flows.parts]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        except BaseException:  # Ctrl-C: end the others too
            halt.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return _results(running)


def _part(flow: Flow[T], wire: ConnectionPool, halt: Halt) -> T:
    """Drive one of several flows; after a failure, this thread begins no other."""
    try:
        return run(flow, wire, halt)
    except BaseException:
        halt.set()
        raise


def _results(ended: Sequence[Future[Any]]) -> list[Any]:
    """Return the results in order, or raise the first error that ended the others."""
    for task in ended:
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, _HaltedError):
            raise failure
    return [task.result() for task in ended]


async def arun(flow: Flow[T], wire: AsyncConnectionPool) -> T:
    """Drive a flow to its result on the running event loop."""
    ending: list[T] = []
    async for _ in astream(flow, wire, ending):
        pass
    return ending[0]


async def astream(
    flow: Flow[T], wire: AsyncConnectionPool, ending: list[T]
) -> AsyncGenerator[Any, None]:
    """Drive a flow on the running event loop and yield each record; its result goes to `ending`."""
    outcome: Response | NoResponse | list[Any] | None = None
    failure: VendorError | None = None
    with closing(flow):
        while True:
            try:
                step = flow.send(outcome) if failure is None else flow.throw(failure)
            except StopIteration as end:
                ending.append(end.value)
                return
            outcome = failure = None
            match step:
                case Request():
                    outcome = await wire.send(step)
                case Pause():
                    await asyncio.sleep(step.seconds)
                case RecordBatch():
                    for record in step.records:
                        yield record
                case ConcurrentFlows():
                    try:
                        outcome = await _all_together(step, wire)
                    except VendorError as error:
                        failure = error


async def _all_together(flows: ConcurrentFlows, wire: AsyncConnectionPool) -> list[Any]:
    """Drive flows in tasks, one per connection; an error ends all of them."""
    results: list[Any] = [None] * len(flows.parts)
    waiting = iter(enumerate(flows.parts))

    async def work() -> None:
        for place, flow in waiting:
            results[place] = await arun(flow, wire)

    workers = min(len(flows.parts), wire.connections)
    running = [asyncio.create_task(work()) for _ in range(workers)]
    try:
        await asyncio.gather(*running)  # the first error is raised at once
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return results
