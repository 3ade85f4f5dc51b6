"""Client that discards the answers, in a process of its own: the emulator's maximum throughput.

Several kept connections always have a call in progress, so that the emulator never waits.
"""

from collections import deque
from http.client import HTTPConnection
from urllib.parse import urlsplit

from benchmarks.processes import Used, answer, question

CONNECTIONS = 8


def main() -> None:
    """Request the patches of each device; answer with the resources used."""
    asked = question()
    idle = [HTTPConnection(urlsplit(asked["url"]).netloc) for _ in range(CONNECTIONS)]
    busy: deque[HTTPConnection] = deque()
    address = f"/api/?apikey={asked['key']}&service=patch_list_all&deviceid="
    begin = Used.so_far()
    for device in asked["devices"]:
        line = idle.pop() if idle else _answered(busy.popleft(), asked["patches"])
        line.request("GET", f"{address}{device}")
        busy.append(line)
    for line in busy:
        _answered(line, asked["patches"])
    answer(in_all=Used.so_far().since(begin))


def _answered(line: HTTPConnection, patches: int) -> HTTPConnection:
    """Read the whole pending answer; return the connection for the next call."""
    with line.getresponse() as response:
        body = response.read()
    if body.count(b"<patch>") != patches:
        raise ValueError(f"an answer has not {patches} patches: {body[:80]!r}")
    return line


if __name__ == "__main__":
    main()
