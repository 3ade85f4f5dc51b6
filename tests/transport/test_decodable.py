"""A type that many threads meet at once for the first time."""

import subprocess
import sys

RACE = """
import sys, threading
import msgspec
from patchfleet.decodable import decodable

sys.setswitchinterval(1e-6)
fields = [(f"f{i}", int | None, None) for i in range(30)]
body = msgspec.json.encode([{name: 1 for name, *_ in fields}] * 50)
for number in range(200):
    kind = msgspec.defstruct(f"Kind{number}", fields)
    gate = threading.Barrier(8)
    found = []

    def decode():
        gate.wait()
        found.append(len(msgspec.json.decode(body, type=decodable(list[kind]))))

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [50] * 8, found
"""


def test_many_threads_meet_a_type_at_once():
    """Without `decodable` the process ends by a signal."""
    ended = subprocess.run(
        [sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
