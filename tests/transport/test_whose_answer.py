"""Whatever a server or a proxy sends besides, an answer is that to its question, or none."""

import asyncio
import contextlib
import gzip
import itertools
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import ConfigError, Unreachable, Unreadable
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool, _Account
from patchfleet.transport.endpoint import Endpoint, _trust
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import Echo, Operation, if_changed, on_new_connection
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries
from patchfleet.transport.runner import arun, run

CALL_POLICY = CallPolicy(
    "Vendor", rate_limit=NoRateLimit(), retries=Retries(attempts=3, first_wait_seconds=0)
)


def written(body: bytes, *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class KeptAlive:
    """A server that keeps connections: `say(path, plug, number)` writes what it likes."""

    def __init__(self, say: Callable[[str, socket.socket, int], None]) -> None:
        self._say = say
        self.asked: list[str] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._plugs: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                plug, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._plugs.append(plug)
            threading.Thread(target=self._serve, args=(plug,), daemon=True).start()

    def _serve(self, plug: socket.socket) -> None:
        waiting = b""
        for number in itertools.count():
            while b"\r\n\r\n" not in waiting:
                try:
                    more = plug.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                waiting += more
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            path = head.split()[1].decode()
            self.asked.append(path)
            try:
                self._say(path, plug, number)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()
        for plug in self._plugs:
            plug.close()


@pytest.fixture
def kept_alive() -> Iterator[Callable[..., KeptAlive]]:
    servers: list[KeptAlive] = []

    def start(say: Callable[[str, socket.socket, int], None]) -> KeptAlive:
        servers.append(KeptAlive(say))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Ask = Callable[[Endpoint, list[Operation[bytes]]], list[bytes]]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Do operations one after the other over one wire of either kind."""
    if request.param == "sync":

        def blocking(endpoint: Endpoint, work: list[Operation[bytes]]) -> list[bytes]:
            wire = ConnectionPool(endpoint)
            try:
                return [run(exchange(one, CALL_POLICY), wire) for one in work]
            finally:
                wire.close()

        return blocking

    def awaited(endpoint: Endpoint, work: list[Operation[bytes]]) -> list[bytes]:
        async def all_of_it() -> list[bytes]:
            wire = AsyncConnectionPool(endpoint)
            try:
                return [await arun(exchange(one, CALL_POLICY), wire) for one in work]
            finally:
                await wire.aclose()

        return asyncio.run(all_of_it())

    return awaited


def reading(path: str) -> Operation[bytes]:
    return Operation(path, Request(path=path), lambda response: response.body)


def body_of(path: str) -> bytes:
    return f"answer to {path}".encode()


def twice(_: str, plug: socket.socket, answer: bytes) -> None:
    plug.sendall(answer + answer)


def twice_apart(_: str, plug: socket.socket, answer: bytes) -> None:
    plug.sendall(answer)
    time.sleep(0.002)
    plug.sendall(answer)


def twice_late(_: str, plug: socket.socket, answer: bytes) -> None:
    """Send it once more when the next request has been sent."""
    plug.sendall(answer)
    plug.recv(1, socket.MSG_PEEK)
    plug.sendall(answer)


DOUBLINGS = (twice, twice_apart, twice_late)


@pytest.mark.parametrize("doubling", DOUBLINGS)
@pytest.mark.parametrize("which", ["first", "third", "each", "every other"])
def test_an_answer_that_comes_twice_is_nobody_elses(
    ask: Ask, kept_alive: Any, doubling: Any, which: str
) -> None:
    counter = itertools.count()

    def say(path: str, plug: socket.socket, _: int) -> None:
        number = next(counter)
        is_doubled = {"first": number == 0, "third": number == 2, "each": True}.get(
            which, number % 2 == 0
        )
        answer = written(body_of(path))
        if is_doubled:
            doubling(path, plug, answer)
        else:
            plug.sendall(answer)

    server = kept_alive(say)
    paths = [f"/{number}" for number in range(8)]
    bodies = ask(Endpoint(server.url, timeout_seconds=5), [reading(path) for path in paths])
    assert bodies == [body_of(path) for path in paths]


def test_answers_that_are_rightly_alike_are_asked_for_once_more(ask: Ask, kept_alive: Any) -> None:
    server = kept_alive(lambda _, plug, __: plug.sendall(written(b"[]")))
    assert ask(Endpoint(server.url), [reading(f"/{n}") for n in range(3)]) == [b"[]"] * 3
    assert server.asked == ["/0", "/1", "/1", "/2", "/2"]


def test_the_same_question_may_have_the_same_answer(ask: Ask, kept_alive: Any) -> None:
    server = kept_alive(lambda _, plug, __: plug.sendall(written(b"[]")))
    assert ask(Endpoint(server.url), [reading("/0")] * 5) == [b"[]"] * 5
    assert (len(server.asked), server.connections) == (5, 1)


def test_a_change_is_not_sent_again_for_an_answer_that_is_alike(ask: Ask, kept_alive: Any) -> None:
    server = kept_alive(lambda _, plug, __: plug.sendall(written(b"OK")))
    changes = [
        Operation(path, Request(path=path), lambda r: r.body, repeatable, is_reading=False)
        for path, repeatable in (("/1", True), ("/2", True), ("/3", False))
    ]
    assert ask(Endpoint(server.url), changes) == [b"OK"] * 3
    assert server.asked == ["/1", "/2", "/3"]


def test_an_answer_about_something_else_is_asked_for_again_elsewhere(
    ask: Ask, kept_alive: Any
) -> None:
    """The first answer of the second connection is right: the wrong ones came over the first."""

    def say(path: str, plug: socket.socket, number: int) -> None:
        plug.sendall(written(b"7" if number else path.removeprefix("/").encode()))

    server = kept_alive(say)

    def about(number: int) -> Operation[bytes]:
        echo = Echo("job", number, lambda body: (body.decode(), None))
        return Operation("get", Request(path=f"/{number}"), lambda r: r.body, echoes=(echo,))

    assert ask(Endpoint(server.url), [about(1), about(2), about(3)]) == [b"1", b"2", b"3"]
    assert server.connections == 3


def test_an_answer_that_stays_about_something_else_is_an_error(ask: Ask, kept_alive: Any) -> None:
    server = kept_alive(lambda _, plug, __: plug.sendall(written(b"7")))
    echo = Echo("job", 5, lambda body: (body.decode(),))
    work = Operation("get", Request(path="/5"), lambda r: r.body, echoes=(echo,))
    with pytest.raises(Unreadable, match="the answer is about job 7, not 5"):
        ask(Endpoint(server.url), [work])
    assert (len(server.asked), server.connections) == (3, 3)


@given(st.integers(), st.lists(st.none() | st.integers(-3, 3)))
def test_an_echo_compares_what_is_there(asked: int, found: list[int | None]) -> None:
    other = Echo("id", asked, lambda _: found).other(None)
    others = [value for value in found if value is not None and value != asked]
    assert other == (str(others[0]) if others else None)


def test_what_is_known_by_its_fingerprint_keeps_its_echoes() -> None:
    echo = Echo("id", 1, lambda body: (body.decode(),))
    work = Operation("get", Request(path="/"), lambda r: r.body, echoes=(echo,))
    fresh = if_changed(work, None)
    (other,) = fresh.echoes
    assert other.other(fresh.parse(Response(200, {}, b"2"))) == "2"
    known = if_changed(work, fresh.parse(Response(200, {}, b"2")).fingerprint)
    assert other.other(known.parse(Response(200, {}, b"2"))) is None


def interim(_: str, plug: socket.socket, __: int) -> None:
    while True:
        plug.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(0.005)


def dripping_head(_: str, plug: socket.socket, __: int) -> None:
    plug.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        plug.sendall(b"a")
        time.sleep(0.005)


def dripping_line(_: str, plug: socket.socket, __: int) -> None:
    while True:
        plug.sendall(b"H")
        time.sleep(0.05)


def dripping_body(_: str, plug: socket.socket, __: int) -> None:
    plug.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        plug.sendall(b"a")
        time.sleep(0.005)


def dripping_chunk_size(_: str, plug: socket.socket, __: int) -> None:
    plug.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        plug.sendall(b"0")
        time.sleep(0.005)


def silence(_: str, plug: socket.socket, __: int) -> None:
    plug.recv(1)


@pytest.mark.parametrize(
    "say", [interim, dripping_head, dripping_line, dripping_body, dripping_chunk_size, silence]
)
def test_every_wait_has_an_end(ask: Ask, kept_alive: Any, say: Any) -> None:
    server = kept_alive(say)
    with pytest.raises(Unreachable):
        ask(Endpoint(server.url, timeout_seconds=0.2), [reading("/")])


def read_slowly(listener: socket.socket) -> None:
    with listener.accept()[0] as plug, contextlib.suppress(OSError):
        while plug.recv(50_000):
            time.sleep(0.003)


def test_writing_a_long_request_has_an_end(send: Any) -> None:
    with socket.socket() as listener, ThreadPoolExecutor(1) as threads:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threads.submit(read_slowly, listener)
        endpoint = Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=0.2)
        begun = time.monotonic()
        outcome = send(endpoint, Request(path="/", method="POST", body=bytes(60_000_000)))
        assert isinstance(outcome, NoResponse)
        assert outcome.fate == "unknown"
        assert time.monotonic() - begun < 2


def packed(data: bytes, ways: tuple[str, ...]) -> bytes:
    for way in ways:
        data = {"gzip": gzip.compress, "deflate": zlib.compress}[way](data)
    return data


@pytest.mark.parametrize(
    "ways",
    [
        (),
        *itertools.product(["gzip", "deflate"]),
        *itertools.product(["gzip", "deflate"], repeat=2),
    ],
)
@pytest.mark.parametrize("wire_of", [ConnectionPool, AsyncConnectionPool])
def test_what_is_packed_is_counted_bit_by_bit(
    kept_alive: Any, wire_of: Any, ways: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an answer that is too long is given up soon, however tightly it is packed."""
    body = packed(bytes(40_000_000), ways)
    encoding = b"Content-Encoding: " + ", ".join(ways).encode() if ways else b"X-Packed: no"
    server = kept_alive(lambda _, plug, __: plug.sendall(written(body, encoding)))
    counted: list[int] = []
    add = _Account.add
    monkeypatch.setattr(
        _Account, "add", lambda self, size, more: counted.append(more) or add(self, size, more)
    )
    wire = wire_of(Endpoint(server.url, longest_body_bytes=10_000_000, timeout_seconds=20))
    outcome = wire.send(Request(path="/"))
    if wire_of is AsyncConnectionPool:
        outcome = asyncio.run(outcome)
    assert isinstance(outcome, NoResponse)
    assert not outcome.is_transient
    assert max(counted) <= 2**20


def test_connections_of_their_own_do_not_pile_up(kept_alive: Any) -> None:
    server = kept_alive(lambda path, plug, _: plug.sendall(written(body_of(path))))
    endpoint = Endpoint(server.url, connections=2)
    asked = [on_new_connection(reading(f"/{n}")) for n in range(6)]
    wire = ConnectionPool(endpoint)
    for one in asked:
        run(exchange(one, CALL_POLICY), wire)
    assert len(wire._idle) == 2
    wire.close()

    async def on_a_loop() -> None:
        wire = AsyncConnectionPool(endpoint)
        for one in asked:
            await arun(exchange(one, CALL_POLICY), wire)
        assert len(wire._idle) == 2
        await wire.aclose()

    asyncio.run(on_a_loop())


def test_many_long_answers_at_once_are_bounded_together(kept_alive: Any) -> None:
    """Each is short enough by itself; the server goes on sending until it is cut off."""

    def say(_: str, plug: socket.socket, __: int) -> None:
        plug.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"a" * 80_000)
        plug.recv(1)

    server = kept_alive(say)
    wire = ConnectionPool(
        Endpoint(server.url, longest_body_bytes=100_000, timeout_seconds=2, connections=8)
    )
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: wire.send(Request(path=f"/{n}")), range(8)))
    wire.close()
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, NoResponse)}
    assert len(outcomes) == 8
    assert "the answers under way are together too large for memory" in reasons


@given(st.binary(min_size=1, max_size=40).filter(lambda b: not set(b) & set(b"\r\n\0")))
def test_a_header_goes_back_as_it_came(value: bytes) -> None:
    from patchfleet.transport.connection_pool import _http_request

    text = value.decode("latin-1")
    sealing = _http_request(
        Request(path="/", headers={"searchAfter": text}), Endpoint("http://127.0.0.1:1")
    )
    assert not isinstance(sealing, NoResponse)
    assert dict(sealing.headers.raw)[b"searchAfter"] == value


def test_a_header_comes_as_its_bytes(ask: Ask, kept_alive: Any) -> None:
    raw = "Café,1".encode()
    server = kept_alive(lambda _, plug, __: plug.sendall(written(b"", b"searchAfter: " + raw)))
    cursor = Operation(
        "list", Request(path="/"), lambda r: r.headers["searchafter"].encode("latin-1")
    )
    assert ask(Endpoint(server.url), [cursor]) == [raw]


@pytest.mark.parametrize("value", ["Ω", "a\nb", "\ud800"])
def test_what_cannot_be_sent_never_leaves(value: str) -> None:
    wire = ConnectionPool(Endpoint("http://127.0.0.1:1"))
    lost = wire.send(Request(path="/", headers={"searchAfter": value}))
    wire.close()
    assert isinstance(lost, NoResponse)
    assert lost.fate == "refused"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("kind", ["missing", "empty", "noise", "folder"])
def test_authorities_of_the_environment_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, name: str, kind: str
) -> None:
    place = tmp_path / kind
    if kind == "folder":
        place.mkdir()
    elif kind != "missing":
        place.write_text("" if kind == "empty" else "noise")
    monkeypatch.setenv(name, str(place))
    _trust.cache_clear()
    try:
        trust = Endpoint("https://example.invalid").trust()
    except ConfigError as error:
        assert str(place) in error.message  # noqa: PT017
    else:
        assert isinstance(trust, ssl.SSLContext), "OpenSSL passes over it"
    finally:
        _trust.cache_clear()
