"""Answers that swell, many at once: the memory they take has a bound, whichever client asks."""

import subprocess
import sys

import pytest

ASKED = """
import asyncio, gzip, resource, sys, threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import Request
from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool, NoResponse

MEGABYTE = 1 << 20
BOMB = gzip.compress(bytes(MEGABYTE), 1) * 64  # so that nothing here ever holds it unpacked

class Bombs(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BOMB)))
        self.end_headers()
        self.wfile.write(BOMB)
    def log_message(self, *_): pass

class Server(ThreadingHTTPServer):
    request_queue_size = 64
    def handle_error(self, *_): pass

server = Server(("127.0.0.1", 0), Bombs)
threading.Thread(target=server.serve_forever, daemon=True).start()
line = Endpoint(f"http://127.0.0.1:{server.server_port}", connections=32,
            longest_body_bytes=16 * MEGABYTE, timeout_seconds=60)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def by_threads():
    wire = ConnectionPool(line)
    with ThreadPoolExecutor(32) as threads:
        return list(threads.map(lambda _: wire.send(Request(path="/")), range(32)))

async def by_tasks():
    wire = AsyncConnectionPool(line)
    return await asyncio.gather(*(wire.send(Request(path="/")) for _ in range(32)))

import httpx2  # so that what it takes is no part of the answers
before = peak()
outcomes = by_threads() if sys.argv[1] == "threads" else asyncio.run(by_tasks())
assert all(isinstance(one, NoResponse) for one in outcomes), outcomes
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
@pytest.mark.parametrize("how", ["threads", "tasks"])
def test_thirty_two_bombs_at_once_take_bounded_memory(how):
    ended = subprocess.run(
        [sys.executable, "-c", ASKED, how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    # All 32 whole would be 2,048 MB, and each cut at its own limit 512 MB; held are twice 16 MB at
    # most, and once more while they are put together.
    assert int(ended.stdout) < 160
