"""Several calls as one value: steps, errors thrown into them, what is found, what runs together."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.errors import NotFound, VendorBroken
from patchfleet.qualys import AsyncQualys, Qualys, Retries
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange, streamed
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import (
    Concurrent,
    ConcurrentFlows,
    Operation,
    Pause,
    Procedure,
    RecordBatch,
    RecordStream,
    Steps,
)
from patchfleet.transport.rate_limit import NoRateLimit

CALL_POLICY = CallPolicy("Vendor", rate_limit=NoRateLimit(), chance=lambda: 0.0)


def op(name: str) -> Operation[str]:
    return Operation(name, Request(path=f"/{name}"), lambda answer: answer.body.decode())


def ok(text: str) -> Response:
    return Response(200, {}, text.encode())


def ended(flow: Any, outcome: Any) -> Any:
    with pytest.raises(StopIteration) as end:
        flow.send(outcome)
    return end.value.value


def test_a_step_gets_the_result_of_the_one_before() -> None:
    def steps() -> Steps[str]:
        first = yield op("a")
        second = yield op(f"b-{first}")
        return f"{first} {second}"

    flow = exchange(Procedure("both", steps), CALL_POLICY)
    assert next(flow).path == "/a"  # type: ignore[union-attr]
    assert flow.send(ok("x")).path == "/b-x"  # type: ignore[union-attr]
    assert ended(flow, ok("y")) == "x y"


def test_a_failure_is_thrown_into_the_steps_which_may_go_on() -> None:
    def steps() -> Steps[str]:
        try:
            yield op("a")
        except NotFound:
            yield Pause(3)
            return (yield op("b"))
        return "there"

    flow = exchange(Procedure("either", steps), CALL_POLICY)
    next(flow)
    assert flow.send(Response(404, {}, b"")) == Pause(3)
    assert flow.send(None).path == "/b"  # type: ignore[union-attr]
    assert ended(flow, ok("y")) == "y"


def test_a_failure_that_nobody_catches_is_the_call_s() -> None:
    def steps() -> Steps[str]:
        return (yield op("a"))

    flow = exchange(Procedure("one", steps), CALL_POLICY)
    next(flow)
    with pytest.raises(NotFound) as caught:
        flow.send(Response(404, {}, b""))
    assert caught.value.operation == "a"


def test_what_the_steps_themselves_find_out_says_whose_it_is() -> None:
    def steps() -> Steps[str]:
        yield op("a")
        raise NotFound("neither of them")

    flow = exchange(Procedure("both", steps), CALL_POLICY)
    next(flow)
    with pytest.raises(NotFound) as caught:
        flow.send(ok("x"))
    assert (caught.value.vendor, caught.value.operation) == ("Vendor", "both")


def listing() -> RecordStream[str, list[str]]:
    def steps() -> Steps[None]:
        yield RecordBatch([(yield op("a"))])
        yield RecordBatch([])
        yield RecordBatch([(yield op("b")), "c"])

    return RecordStream("letters", steps, list)


def test_a_listing_is_gathered_or_streamed() -> None:
    flow = exchange(listing(), CALL_POLICY)
    next(flow)
    flow.send(ok("x"))
    assert ended(flow, ok("y")) == ["x", "y", "c"]
    flow = streamed(listing(), CALL_POLICY)
    next(flow)
    assert flow.send(ok("x")) == RecordBatch(["x"])


def test_work_together_is_asked_of_the_runner_with_its_results_in_order() -> None:
    def steps() -> Steps[list[Any]]:
        found: list[Any] = yield Concurrent((op("a"), listing(), op("c")))
        return found

    flow = exchange(Procedure("all", steps), CALL_POLICY)
    asked = next(flow)
    assert isinstance(asked, ConcurrentFlows)
    assert len(asked.parts) == 3
    assert ended(flow, [1, 2, 3]) == [1, 2, 3]


@pytest.fixture
def host() -> Iterator[Host]:
    with Emulator(customers=1, devices=6).running() as running:
        yield running


@pytest.fixture
def settings(host: Host) -> dict[str, Any]:
    account = host.emulator.qualys
    return {
        "username": account.username,
        "password": account.password,
        "override_platform": {"gateway_url": host.url},
        "retries": Retries(attempts=3, first_wait_seconds=0.01),
        "connections": 4,
    }


def versions(count: int) -> Procedure[list[str]]:
    """Ask so often, side by side."""
    from patchfleet.qualys.operations.catalogue import get_version

    def steps() -> Steps[list[str]]:
        found: list[str] = yield Concurrent(tuple(get_version() for _ in range(count)))
        return found

    return Procedure("versions", steps)


def calls(host: Host) -> int:
    return sum(call.service == "get_version" for call in host.emulator.calls)


def run(kind: str, settings: dict[str, Any], work: Any) -> Any:
    if kind == "sync":
        with Qualys(**settings) as client:
            return client.run(work)

    async def awaited() -> Any:
        async with AsyncQualys(**settings) as client:
            return await client.run(work)

    return asyncio.run(awaited())


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_all_are_done(host: Host, settings: dict[str, Any], kind: str) -> None:
    assert len(run(kind, settings, versions(20))) == 20
    assert calls(host) == 20
    assert run(kind, settings, versions(0)) == []


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_after_an_error_nothing_begins(host: Host, settings: dict[str, Any], kind: str) -> None:
    host.emulator.fault("server_error", service="get_version", status=500, times=None)
    with pytest.raises(VendorBroken):
        run(kind, settings, versions(200))
    assert calls(host) < 40, "three tries of those that were under way, and no more"
    host.emulator.clear_faults()
    assert len(run(kind, settings, versions(8))) == 8


def test_what_waits_ends_with_the_error_of_another(host: Host, settings: dict[str, Any]) -> None:
    """A retry that would wait for a minute does not hold up the error that is known already."""
    from patchfleet.qualys.operations.catalogue import get_version
    from patchfleet.qualys.operations.patches import get_patch_count

    settings["retries"] = Retries(attempts=1, limited_attempts=9, first_wait_seconds=3600)
    host.emulator.fault("rate_limited", service="get_patch_count", times=None)
    host.emulator.fault("forbidden", service="get_version", times=None)

    def steps() -> Steps[Any]:
        return (yield Concurrent((get_patch_count(), get_version())))

    done = threading.Event()

    def work() -> None:
        with pytest.raises(Exception, match="403"):
            run("sync", settings, Procedure("both", steps))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=20)
    assert done.is_set()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_listing_that_is_left_early_asks_no_more(
    host: Host, settings: dict[str, Any], kind: str
) -> None:
    if kind == "sync":
        with Qualys(**settings) as client:
            patches = client.iter_patches("windows", pageSize=10)
            first = [next(patches) for _ in range(15)]
            patches.close()  # type: ignore[attr-defined]
    else:

        async def awaited() -> list[Any]:
            async with AsyncQualys(**settings) as client:
                found = []
                patches = client.iter_patches("windows", pageSize=10)
                async for patch in patches:
                    found.append(patch)
                    if len(found) == 15:
                        await patches.aclose()  # type: ignore[attr-defined]
                        break
                return found

        first = asyncio.run(awaited())
    assert len({patch.id for patch in first}) == 15
    assert sum(call.service == "get_patches" for call in host.emulator.calls) == 2
