"""Certificates and proxies: what is not trusted is said and not repeated; loopback is direct."""

import asyncio
import contextlib
import ipaddress
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from patchfleet.emulator import Emulator, Host
from patchfleet.errors import Unreachable
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import NoResponse, Request, Response

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2120, 1, 1, tzinfo=UTC)
ASK = Request(path="/api/", query=(("service", "list_clients"),))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine"


def certificate(folder: Path, name: str, address: str, end: datetime = END) -> Path:
    """Make a self-signed certificate for an address, with its key in the same PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class Server:
    """Answers on loopback, with TLS where it has a certificate; keeps the heads it was sent."""

    def __init__(self, pem: Path | None, answer: bytes = ANSWER) -> None:
        self.heads: list[bytes] = []
        self.accepted = 0
        self._answer = answer
        self._context = None
        if pem is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stopping = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            plug, _ = self._listener.accept()
            with plug:
                if self._stopping:
                    return
                self.accepted += 1
                try:
                    self._one(plug)
                except OSError:  # the caller did not like the certificate
                    continue

    def _one(self, plug: socket.socket) -> None:
        if self._context is None:
            self.heads.append(plug.recv(65536))
            plug.sendall(self._answer)
            return
        with self._context.wrap_socket(plug, server_side=True) as safe:
            self.heads.append(safe.recv(65536))
            safe.sendall(self._answer)

    def stop(self) -> None:
        self._stopping = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Any]:
    """Start servers; all are stopped in the end."""
    servers: list[Server] = []

    def start(pem: Path | None, answer: bytes = ANSWER) -> Server:
        servers.append(Server(pem, answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_a_certificate_nobody_vouches_for_is_named(send: Any, serve: Any, tmp_path: Path) -> None:
    server = serve(certificate(tmp_path, "unknown", "127.0.0.1"))
    lost = send(Endpoint(f"https://127.0.0.1:{server.port}"), ASK)
    assert isinstance(lost, NoResponse)
    assert f"the certificate of 127.0.0.1:{server.port} is not trusted" in lost.reason
    assert lost.fate == "refused"
    assert not lost.is_transient
    assert server.heads == []


def test_it_is_not_tried_again(connect: Any, serve: Any, tmp_path: Path) -> None:
    server = serve(certificate(tmp_path, "unknown", "127.0.0.1"))
    client = connect(base_url=f"https://127.0.0.1:{server.port}", key="key-of-a-test")
    with pytest.raises(Unreachable, match="certificate") as caught:
        client.list_clients()
    assert server.accepted == 1
    assert not hasattr(caught.value, "__notes__")


def test_a_ca_file_makes_it_trusted(send: Any, serve: Any, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "own", "127.0.0.1")
    answer = send(Endpoint(f"https://127.0.0.1:{serve(pem).port}", ca_file=str(pem)), ASK)
    assert isinstance(answer, Response)
    assert answer.body == b"fine"


@pytest.mark.parametrize(
    ("address", "end"), [("127.0.0.2", END), ("127.0.0.1", BEGIN + timedelta(1))]
)
def test_another_name_or_an_expired_one_is_not_trusted(
    send: Any, serve: Any, tmp_path: Path, address: str, end: datetime
) -> None:
    pem = certificate(tmp_path, "wrong", address, end)
    lost = send(Endpoint(f"https://127.0.0.1:{serve(pem).port}", ca_file=str(pem)), ASK)
    assert isinstance(lost, NoResponse)
    assert "is not trusted" in lost.reason


def test_a_server_without_tls_is_not_blamed_on_a_certificate(
    send: Any, serve: Any, tmp_path: Path
) -> None:
    pem = certificate(tmp_path, "own", "127.0.0.1")
    server = serve(None)
    lost = send(Endpoint(f"https://127.0.0.1:{server.port}", ca_file=str(pem)), ASK)
    assert lost == NoResponse(f"no TLS connection to 127.0.0.1:{server.port}", "refused")


def test_what_is_spoken_is_not_said_again_to_what_all_threads_share() -> None:
    with Emulator(customers=1, devices=1).running(https=True) as host:
        endpoint = Endpoint(host.url, ca_file=host.ca_file)
        context = endpoint.trust()
        assert isinstance(context, ssl.SSLContext)
        assert context is endpoint.trust()
        context.set_alpn_protocols(["spdy/1"])  # as the HTTP library would at each connection
        with (
            socket.create_connection(("127.0.0.1", host.port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.selected_alpn_protocol() == "http/1.1"


def test_a_proxy_that_is_given_is_used_and_sees_no_key_for_tls(send: Any, serve: Any) -> None:
    proxy = serve(None, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    endpoint = Endpoint("https://vendor.invalid", proxy=f"http://user:word@127.0.0.1:{proxy.port}")
    lost = send(endpoint, ASK)
    way = f"vendor.invalid through the proxy {'127.0.0.1:' + str(proxy.port)}"
    assert lost == NoResponse(f"the proxy gives no connection to {way}", "refused")
    assert proxy.heads[0].startswith(b"CONNECT vendor.invalid:443 HTTP/1.1\r\n")
    assert b"apikey" not in proxy.heads[0]


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("with_scheme", [True, False])
def test_the_environments_proxy_is_used(
    send: Any, serve: Any, monkeypatch: Any, variable: str, with_scheme: bool
) -> None:
    clear_proxies(monkeypatch)
    proxy = serve(None, b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    scheme = "http://" if with_scheme else ""
    monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{proxy.port}")
    send(Endpoint("https://vendor.invalid"), ASK)
    assert proxy.heads[0].startswith(b"CONNECT vendor.invalid:443")


def test_no_proxy_names_who_is_reached_directly(monkeypatch: Any) -> None:
    clear_proxies(monkeypatch)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "vendor.invalid")
    assert Endpoint("https://vendor.invalid").proxy_address() is None
    assert Endpoint("https://other.invalid").proxy_address() == "http://127.0.0.1:1"
    assert Endpoint("https://other.invalid", proxy="").proxy_address() is None
    assert Endpoint("https://vendor.invalid", proxy="box:8080").proxy_address() == "http://box:8080"


def test_this_machine_is_reached_without_the_environments_proxy(
    connect: Any, monkeypatch: Any, host: Host, emulator: Emulator
) -> None:
    clear_proxies(monkeypatch)
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert len(connect(host).list_clients()) == 2
    assert len(emulator.calls) == 1


def clear_proxies(monkeypatch: Any) -> None:
    """Forget the proxies of whoever runs the tests."""
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="this system sends records apart")
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_record_of_tls_that_nobody_asked_for_is_no_answer(
    tmp_path: Path, is_async: bool, place: int
) -> None:
    """It comes with the answer before it, which fills a record of its own."""
    pem = certificate(tmp_path, "own", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))
    foreign = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign"
    asked = itertools.count()

    def whole_record(path: bytes) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
        size = 16384 - len(head % 16384)
        return head % size + path.ljust(size, b".")

    def serve_one(plug: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(plug, server_side=True) as safe:
            while head := safe.recv(65536):
                more = foreign if next(asked) == place else b""
                safe.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # both at once
                safe.sendall(whole_record(head.split()[1]) + more)
                safe.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve_one, args=(listener.accept()[0],)).start()

    threading.Thread(target=serve).start()
    address = f"https://127.0.0.1:{listener.getsockname()[1]}"
    endpoint = Endpoint(address, ca_file=str(pem), timeout_seconds=5)
    outcomes = _sent_in_turn(endpoint, [Request(path=f"/{n}") for n in range(4)], is_async=is_async)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for number, outcome in enumerate(outcomes):
        said = outcome.body.rstrip(b".") if isinstance(outcome, Response) else b"/%d" % place
        assert said == b"/%d" % number


def _sent_in_turn(
    endpoint: Endpoint, requests: list[Request], *, is_async: bool
) -> list[Response | NoResponse]:
    if not is_async:
        wire = ConnectionPool(endpoint)
        try:
            return [wire.send(one) for one in requests]
        finally:
            wire.close()

    async def awaited() -> list[Response | NoResponse]:
        wire = AsyncConnectionPool(endpoint)
        try:
            return [await wire.send(one) for one in requests]
        finally:
            await wire.aclose()

    return asyncio.run(awaited())
