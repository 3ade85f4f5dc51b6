"""The server: keep-alive, pipelining, bad input, starting and stopping."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading

import pytest

from patchfleet.emulator import Emulator

FOREGROUND = """
from patchfleet.emulator import Emulator
Emulator(devices=2, patches=3).serve_forever(
    0, on_ready=lambda host: print(host.url, host.api_key, host.control_url, flush=True))
print("bye", flush=True)
"""


def get(connection, host, service="list_clients"):
    connection.request("GET", f"/api/?apikey={host.api_key}&service={service}")
    response = connection.getresponse()
    return response.status, response.read()


def talk(host, sent):
    """Send bytes and return what comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        received = b""
        while piece := line.recv(65536):
            received += piece
    return received


def test_a_connection_serves_many_calls(host):
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    answers = [get(connection, host) for _ in range(20)]
    line = connection.sock
    assert get(connection, host)[0] == 200
    assert connection.sock is line
    assert {status for status, _ in answers} == {200}
    connection.close()


def test_calls_sent_in_one_go_are_answered_in_order(host):
    host.emulator.fault("slow", seconds=0.02, service="list_clients")
    one = f"GET /api/?apikey={host.api_key}&service=%s HTTP/1.1\r\nHost: x\r\n\r\n"
    received = talk(
        host, (one % "list_clients" + one % "patch_none" + one % "list_clients").encode()
    )
    assert received.count(b"HTTP/1.1 200") == 3
    assert received.index(b"<client>") < received.index(b"Service unknown")
    assert received.rindex(b"<client>") > received.index(b"Service unknown")
    assert [call.service for call in host.emulator.calls] == [
        "list_clients", "patch_none", "list_clients",
    ]  # fmt: skip


def test_http_1_0_and_connection_close(host):
    target = f"/api/?apikey={host.api_key}&service=list_clients"
    for sent in (f"GET {target} HTTP/1.0\r\n\r\n",
                 f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):  # fmt: skip
        assert talk(host, sent.encode()).endswith(b"</result>")


def test_parameters_are_decoded_and_a_posts_body_is_passed_over(host, device):
    emulator = host.emulator
    patchids = [row["patchid"] for row in device["patches"][:2]]
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    query = f"apikey={host.api_key}&service=patch_ignore&deviceid={device['deviceid']}"
    connection.request(
        "POST",
        f"/api/?{query}&patchids={patchids[0]}%2C{patchids[1]}",
        body=b"service=list_clients",
    )
    assert connection.getresponse().read().endswith(b'status="OK"/>')
    connection.close()
    assert emulator.calls[-1].params["patchids"] == f"{patchids[0]},{patchids[1]}"


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_is_not_http_is_refused(host, sent):
    received = talk(host, sent)
    assert received.startswith(b"HTTP/1.1 4")
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    assert get(connection, host)[0] == 200
    connection.close()


def test_head_has_no_body(host):
    received = talk(host, b"HEAD /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 405")
    assert received.endswith(b"\r\n\r\n")


def test_latency_is_for_the_vendors_calls_alone(emulator):
    emulator.reset(latency_ms=3_600_000)
    with emulator.running() as host:
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
        connection.request("GET", "/_control/clock")
        assert json.loads(connection.getresponse().read())["now"]
        connection.close()
        with socket.create_connection(("127.0.0.1", host.port), timeout=0.05) as line:
            line.sendall(b"GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                line.recv(1)


def test_two_hundred_connections_at_once(host):
    lines = [socket.create_connection(("127.0.0.1", host.port), timeout=10) for _ in range(200)]
    request = f"GET /api/?apikey={host.api_key}&service=list_clients HTTP/1.1\r\nHost: x\r\n\r\n"
    for line in lines:
        line.sendall(request.encode())
    assert all(line.recv(12) == b"HTTP/1.1 200" for line in lines)
    for line in lines:
        line.close()


def test_threads_may_call_the_host_and_the_object_at_once(host):
    def work():
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
        for _ in range(10):
            assert get(connection, host)[0] == 200
            host.emulator.advance(minutes=1)
        connection.close()

    begin = host.emulator.now
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(host.emulator.calls) == 40
    assert (host.emulator.now - begin).total_seconds() == 40 * 60


def test_stopping_ends_the_thread_and_drops_open_calls(emulator):
    emulator.fault("hang")
    before = threading.active_count()
    with emulator.running() as host:
        line = socket.create_connection(("127.0.0.1", host.port), timeout=10)
        line.sendall(b"GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", host.port), timeout=10)
        while not emulator.calls:
            pass
    assert threading.active_count() == before
    for open_line in (line, idle):
        with open_line, contextlib.suppress(ConnectionResetError):
            assert open_line.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", host.port), timeout=10)


def test_a_port_in_use_is_an_error_at_once(host):
    with pytest.raises(OSError), Emulator(devices=1, patches=1).running(port=host.port):
        pass


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_ends_cleanly(told):
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", FOREGROUND],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    url, key, control = process.stdout.readline().split()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", f"/api/?apikey={key}&service=list_clients")
    assert b'status="OK"' in connection.getresponse().read()
    assert control == url + "/_control"
    process.send_signal(told)
    out, errors = process.communicate(timeout=10)
    connection.close()
    assert (process.returncode, out, errors) == (0, "bye\n", "")
