"""The two runners over real sockets: whatever a server does becomes an answer or a named loss."""

import asyncio
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from patchfleet.config import Secret
from patchfleet.emulator import Emulator, Host
from patchfleet.emulator.faults import OF_NSIGHT
from patchfleet.errors import ConfigError
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import NoResponse, Request, Response

LIST = Request(path="/api/", query=(("service", "list_clients"),))
UNKNOWN = "unknown"


def endpoint_to(host: Host, **settings: Any) -> Endpoint:
    return Endpoint(base_url=host.url, secret_query={"apikey": Secret(host.api_key)}, **settings)


def ok(body: bytes, *headers: str) -> bytes:
    """Write a whole answer."""
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_an_answer_comes_whole(send: Any, host: Host) -> None:
    answer = send(endpoint_to(host), LIST)
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/xml"
    assert answer.body.endswith(b"</result>")


@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("rate_limited", {"retry_after": 9}, 429),
        ("forbidden", {}, 403),
        ("server_error", {"status": 504}, 504),
        ("redirect", {}, 302),
        ("echo_key", {}, 502),
    ],
)
def test_an_answer_of_any_status_is_an_answer(
    send: Any, host: Host, emulator: Emulator, fault: str, options: dict[str, Any], status: int
) -> None:
    emulator.fault(fault, **options)
    answer = send(endpoint_to(host), LIST)
    assert isinstance(answer, Response)
    assert answer.status == status
    assert len(emulator.calls) == 1, "a redirect is never followed"


@pytest.mark.parametrize(
    ("fault", "options", "reason"),
    [
        ("reset", {"when": "before"}, "broke before the answer was complete"),
        ("reset", {"when": "after"}, "broke before the answer was complete"),
        ("cut", {"fraction": 0}, "broke before the answer was complete"),
        ("cut", {"fraction": 0.99}, "broke before the answer was complete"),
        ("garbage", {"raw": True}, "broke before the answer was complete"),
        ("hang", {}, "no complete answer within 0.2 seconds"),
        ("slow", {"seconds": 5}, "no complete answer within 0.2 seconds"),
        ("trickle", {"pause_seconds": 0.05}, "no complete answer within 0.2 seconds"),
    ],
)
def test_no_whole_answer_is_a_loss_nobody_can_judge(
    send: Any, host: Host, emulator: Emulator, fault: str, options: dict[str, Any], reason: str
) -> None:
    emulator.fault(fault, **options)
    lost = send(endpoint_to(host, timeout_seconds=0.2), LIST)
    assert isinstance(lost, NoResponse)
    assert reason in lost.reason
    assert lost.fate == UNKNOWN
    assert lost.is_transient


def test_every_fault_ends_as_an_answer_or_a_loss(send: Any, emulator: Emulator, host: Host) -> None:
    for kind in sorted(OF_NSIGHT):
        emulator.fault(kind, **({"seconds": 9} if kind == "slow" else {}))
        short = {"timeout_seconds": 0.15} if kind in {"slow", "trickle", "hang"} else {}
        outcome = send(endpoint_to(host, **short), LIST)
        assert isinstance(outcome, Response | NoResponse), kind
        assert emulator.clear_faults() == 1


def test_nobody_there_is_a_request_that_never_left(send: Any, emulator: Emulator) -> None:
    with emulator.running() as gone:
        endpoint = endpoint_to(gone)
    lost = send(endpoint, LIST)
    assert isinstance(lost, NoResponse)
    assert lost.fate == "refused"
    assert lost.is_transient
    assert lost.reason == f"no connection to {endpoint.host}"


def test_a_body_has_a_longest_size(send: Any, host: Host) -> None:
    lost = send(endpoint_to(host, longest_body_bytes=100), LIST)
    assert isinstance(lost, NoResponse)
    assert lost.reason == "the answer is longer than 100 bytes"
    assert not lost.is_transient


def test_a_compressed_body_is_unpacked_and_counted_unpacked(send: Any, scripted: Any) -> None:
    packed = gzip.compress(b"a" * 100_000)
    server = scripted(ok(packed, "Content-Encoding: gzip"))
    assert send(Endpoint(server.url), LIST).body == b"a" * 100_000
    lost = send(Endpoint(server.url, longest_body_bytes=50_000), LIST)
    assert lost.reason == "the answer is longer than 50,000 bytes"


def test_damaged_compression_is_a_loss(send: Any, scripted: Any) -> None:
    lost = send(Endpoint(scripted(ok(b"not gzip", "Content-Encoding: gzip")).url), LIST)
    assert lost == NoResponse("the answer's compression is damaged", "unknown")


def test_the_request_is_written_as_it_is_meant(send: Any, scripted: Any) -> None:
    server = scripted(ok(b"fine"))
    endpoint = Endpoint(
        server.url,
        secret_query={"apikey": Secret("k&y/ü +1")},
        headers={"User-Agent": "Patchfleet", "Accept": "application/xml"},
    )
    asked = Request(path="/api/", query=(("service", "patch_approve"), ("patchids", "1,2")))
    assert send(endpoint, asked).body == b"fine"
    first, *rest = server.heads[0].decode().split("\r\n")
    assert first == (
        "GET /api/?service=patch_approve&patchids=1%2C2&apikey=k%26y/%C3%BC%20%2B1 HTTP/1.1"
    )
    headers = {name.lower(): value for name, _, value in (h.partition(": ") for h in rest)}
    assert headers["user-agent"] == "Patchfleet"
    assert headers["accept"] == "application/xml"
    assert "cookie" not in headers


def test_a_cookie_is_not_kept(scripted: Any) -> None:
    server = scripted(ok(b"", "Set-Cookie: session=1", "Connection: close"))
    wire = ConnectionPool(Endpoint(server.url))
    wire.send(LIST)
    wire.send(LIST)
    wire.close()

    async def twice() -> None:
        awire = AsyncConnectionPool(Endpoint(server.url))
        await awire.send(LIST)
        await awire.send(LIST)
        await awire.aclose()

    asyncio.run(twice())
    assert len(server.heads) == 4
    assert not any(b"session" in head for head in server.heads)


def test_connections_are_used_again(host: Host) -> None:
    wire = ConnectionPool(endpoint_to(host))
    for _ in range(5):
        wire.send(LIST)
    assert len(host.connections) == 1
    wire.close()
    wire.close()
    assert isinstance(wire.send(LIST), Response), "a closed wire opens again"
    wire.close()


def test_waiting_for_a_place_does_not_use_up_the_time_of_a_call() -> None:
    emulator = Emulator(customers=1, devices=1, patches=1, latency_ms=100)
    with emulator.running() as host:
        wire = ConnectionPool(endpoint_to(host, connections=1, timeout_seconds=1.2))
        with ThreadPoolExecutor(15) as threads:
            outcomes = list(threads.map(lambda _: wire.send(LIST), range(15)))
        wire.close()

        async def together() -> list[Response | NoResponse]:
            awire = AsyncConnectionPool(endpoint_to(host, connections=1, timeout_seconds=1.2))
            outcomes = await asyncio.gather(*(awire.send(LIST) for _ in range(15)))
            await awire.aclose()
            return outcomes

        outcomes += asyncio.run(together())
    assert [type(outcome) for outcome in outcomes] == [Response] * 30


def test_an_async_wire_serves_one_loop_after_the_other(host: Host) -> None:
    wire = AsyncConnectionPool(endpoint_to(host, connections=1))

    async def several() -> list[Response | NoResponse]:
        try:
            return await asyncio.gather(*(wire.send(LIST) for _ in range(3)))
        finally:
            await wire.aclose()

    outcomes = asyncio.run(several()) + asyncio.run(several())
    assert [type(outcome) for outcome in outcomes] == [Response] * 6


def test_a_task_that_is_cancelled_gives_its_place_back(host: Host, emulator: Emulator) -> None:
    emulator.fault("hang")

    async def cancel_and_go_on() -> Response | NoResponse:
        wire = AsyncConnectionPool(endpoint_to(host, connections=1))
        hanging = asyncio.create_task(wire.send(LIST))
        while not emulator.calls:  # noqa: ASYNC110 -- the emulator runs in another thread
            await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        try:
            return await wire.send(LIST)
        finally:
            await wire.aclose()

    assert isinstance(asyncio.run(cancel_and_go_on()), Response)


def test_threads_share_one_pool(host: Host) -> None:
    wire = ConnectionPool(endpoint_to(host, connections=3))
    barrier = threading.Barrier(8)

    def ask(_: int) -> Response | NoResponse:
        barrier.wait()
        return wire.send(LIST)

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(ask, range(8)))
    assert [type(outcome) for outcome in outcomes] == [Response] * 8
    assert len(host.connections) <= 3
    wire.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout_seconds": 0},
        {"timeout_seconds": -1},
        {"timeout_seconds": float("nan")},
        {"connections": 0},
        {"headers": {"User-Agent": "two\nlines"}},
        {"headers": {"User-Agent": "ümlaut"}},
        {"proxy": "ftp://proxy"},
        {"proxy": "http://proxy:port"},
        {"proxy": "http://[::1"},
        {"proxy": "socks5://proxy:1080"},
    ],
)
def test_a_line_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Endpoint("https://example.invalid", **settings)


@pytest.mark.parametrize("ca_file", ["missing.pem", "empty.pem", "noise.pem", "."])
def test_a_ca_file_that_is_none_is_named(send: Any, tmp_path: Any, ca_file: str) -> None:
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "noise.pem").write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"CA file .* cannot be used"):
        send(Endpoint("https://127.0.0.1:1", ca_file=str(tmp_path / ca_file)), LIST)


def test_reprs_show_no_secret() -> None:
    endpoint = Endpoint(
        "https://example.invalid",
        secret_query={"apikey": Secret("hush-hush")},
        proxy="http://user:word@proxy:1",
    )
    for thing in (endpoint, ConnectionPool(endpoint), AsyncConnectionPool(endpoint)):
        assert "hush" not in repr(thing)
        assert "word" not in repr(thing)
