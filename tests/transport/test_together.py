"""Work side by side, without a socket: the order, how much at once, the first error, who is ended.

The same flows run in threads and in tasks; what they wait for is each other, never a clock.
"""

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from patchfleet.errors import NotFound
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import (
    Concurrent,
    ConcurrentFlows,
    Flow,
    Operation,
    Pause,
    Procedure,
    Steps,
)
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.runner import arun, run

Send = Callable[[str], None]
HOUR = 3600.0


class Counted:
    """A wire of so many connections that calls a function for each request, and counts."""

    def __init__(self, connections: int, send: Send = lambda path: None) -> None:
        self.connections = connections
        self.sent: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._send = send
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        with self._lock:
            self.sent.append(request.path)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self._send(request.path)
        with self._lock:
            self._at_once -= 1
        return Response(200, {}, request.path.encode())


class CountedAsync(Counted):
    """The same for tasks; each call lets the others go on before it answers."""

    async def send(self, request: Request) -> Response:  # type: ignore[override]
        self.sent.append(request.path)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        self._at_once -= 1
        return Response(200, {}, request.path.encode())


def asking(path: str, ended: list[str] | None = None) -> Flow[str]:
    """Ask once, and note the end, whatever it is."""
    try:
        answer = yield Request(path=path)
        assert isinstance(answer, Response)
        return answer.body.decode()
    finally:
        if ended is not None:
            ended.append(path)


def failing(path: str) -> Flow[str]:
    yield Request(path=path)
    raise NotFound(f"{path} is not there")


def waiting(ended: list[str]) -> Flow[str]:
    """Wait for an hour, and note the end."""
    try:
        yield Pause(HOUR)
        return "an hour later"
    finally:
        ended.append("waiting")


def together(*parts: Flow[Any]) -> Generator[Any, Any, list[Any]]:
    results: list[Any] = yield ConcurrentFlows(parts)
    return results


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Callable[..., tuple[Any, Counted]]:
    """Drive flows side by side in threads or in tasks; return their results and the wire."""

    def blocking(*parts: Flow[Any], connections: int = 4) -> tuple[Any, Counted]:
        wire: Any = Counted(connections)
        return run(together(*parts), wire), wire

    def awaited(*parts: Flow[Any], connections: int = 4) -> tuple[Any, Counted]:
        wire: Any = CountedAsync(connections)
        return asyncio.run(arun(together(*parts), wire)), wire

    return blocking if request.param == "sync" else awaited


def test_results_stand_in_the_order_of_the_parts(drive: Any) -> None:
    paths = [f"/{number}" for number in range(20)]
    results, wire = drive(*(asking(path) for path in paths))
    assert results == paths
    assert sorted(wire.sent) == sorted(paths)


def test_a_slow_first_part_stays_the_first_result() -> None:
    second_is_done = threading.Event()

    def send(path: str) -> None:
        if path == "/first":
            assert second_is_done.wait(timeout=20)
        else:
            second_is_done.set()

    wire: Any = Counted(2, send)
    assert run(together(asking("/first"), asking("/second")), wire) == ["/first", "/second"]


def test_no_more_at_once_than_there_are_connections(drive: Any) -> None:
    _, wire = drive(*(asking(f"/{number}") for number in range(30)), connections=3)
    assert len(wire.sent) == 30
    assert wire.most_at_once <= 3


def test_parts_may_have_parts_of_their_own(drive: Any) -> None:
    inner = [together(*(asking(f"/{outer}/{one}") for one in range(3))) for outer in range(3)]
    results, _ = drive(*inner, connections=2)
    assert results == [[f"/{outer}/{one}" for one in range(3)] for outer in range(3)]


def test_nothing_begins_after_an_error(drive: Any) -> None:
    ended: list[str] = []
    never = [asking(f"/never/{number}", ended) for number in range(50)]
    with pytest.raises(NotFound, match="/gone is not there"):
        drive(failing("/gone"), *never, connections=1)
    assert ended == []


def test_an_error_does_not_wait_for_who_waits(drive: Any) -> None:
    ended: list[str] = []
    with pytest.raises(NotFound):
        drive(waiting(ended), failing("/gone"))
    assert ended == ["waiting"]


def test_an_error_deep_inside_ends_all_of_them(drive: Any) -> None:
    ended: list[str] = []
    with pytest.raises(NotFound):
        drive(waiting(ended), together(waiting(ended), failing("/gone")))
    assert ended == ["waiting", "waiting"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_error_is_thrown_into_who_waits_for_the_parts(drive: Any, times: int) -> None:
    """Who catches it goes on, and so does what stands beside; the parts of it are ended."""
    ended: list[str] = []
    beside: list[str] = []

    def catching() -> Flow[str]:
        for _ in range(times):
            with pytest.raises(NotFound, match="/gone is not there"):
                yield ConcurrentFlows((waiting(ended), together(waiting(ended), failing("/gone"))))
        (answer,) = yield from together(asking("/after"))
        return str(answer)

    results, wire = drive(catching(), asking("/beside", beside), connections=8)
    assert results == ["/after", "/beside"]
    assert ended == ["waiting"] * 2 * times
    assert beside == ["/beside"]
    assert wire.sent.count("/gone") == times


def test_steps_catch_the_error_of_what_they_asked_for_together(drive: Any) -> None:
    def parse(response: Response) -> str:
        raise NotFound(f"{response.body.decode()} is not there")

    gone = Operation("gone", Request(path="/gone"), parse)
    caught: list[str] = []
    there = Operation("there", Request(path="/there"), lambda answer: answer.body.decode())

    def steps() -> Steps[list[str]]:
        try:
            yield Concurrent((there, gone))
        except NotFound as error:
            caught.append(error.operation)
            found: list[str] = yield Concurrent((there, there))
            return found
        raise AssertionError

    call_policy = CallPolicy("a vendor", rate_limit=NoRateLimit())
    (found,), _ = drive(exchange(Procedure("both", steps), call_policy))
    assert found == ["/there", "/there"]
    assert caught == ["gone"]


def test_a_task_that_is_cancelled_ends_its_parts() -> None:
    ended: list[str] = []

    async def work() -> None:
        wire: Any = CountedAsync(4)
        task = asyncio.create_task(arun(together(waiting(ended), waiting(ended)), wire))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert ended == ["waiting", "waiting"]


def test_whoever_stops_a_blocking_call_stops_its_threads() -> None:
    """As with Ctrl-C: what the waiting thread is hit by ends the others too."""
    ended: list[str] = []
    stopped = threading.Event()

    def interrupted() -> Flow[str]:
        yield Request(path="/stop")
        raise KeyboardInterrupt

    def work() -> None:
        wire: Any = Counted(4)
        with pytest.raises(KeyboardInterrupt):
            run(together(waiting(ended), interrupted()), wire)
        stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=20)
    assert stopped.is_set()
    assert ended == ["waiting"]
