"""Separate processes for each side of a comparison, and the resources they use.

The two sides and the emulator never share a process, so that none pays for another's memory, locks
or garbage.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON = Path(sys.executable)
PEER_PYTHON = ROOT / ".venv" / "peer" / "bin" / "python"
SDK_PYTHON = ROOT / ".venv" / "qualysdk" / "bin" / "python"


class Used(NamedTuple):
    """Seconds used: by the clock, and by the processor."""

    wall_seconds: float
    cpu_seconds: float

    @classmethod
    def so_far(cls) -> "Used":
        """Return the resources that this process, its threads and its children have used so far."""
        cpu = 0.0
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(whose)
            cpu += usage.ru_utime + usage.ru_stime
        return cls(time.perf_counter(), cpu)

    def since(self, begin: "Used") -> "Used":
        """Return the difference between two times."""
        return Used(self.wall_seconds - begin.wall_seconds, self.cpu_seconds - begin.cpu_seconds)

    def and_since(self, begin: "Used") -> "Used":
        """Return this sum with what was used since `begin`."""
        more = Used.so_far().since(begin)
        return Used(self.wall_seconds + more.wall_seconds, self.cpu_seconds + more.cpu_seconds)


def peak_mb() -> float:
    """Return the peak memory of this process, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1_048_576 if sys.platform == "darwin" else 1024)  # macOS counts bytes


@dataclass(frozen=True, slots=True)
class Fleet:
    """An emulated fleet on a port: Windows everywhere, `patches` on each device."""

    url: str
    key: str
    devices: tuple[int, ...]
    patches: int

    @property
    def findings(self) -> int:
        """The number of patch records that a sync of it reads."""
        return len(self.devices) * self.patches

    def spread(self, count: int) -> "Fleet":
        """Return the same fleet with `count` of its devices, evenly spread over all."""
        step = max(1, len(self.devices) // count)
        return Fleet(self.url, self.key, self.devices[::step][:count], self.patches)


def run(command: Sequence[str | Path]) -> Used:
    """Run a command to its end without its output; return the resources used."""
    begin = Used.so_far()
    _started(command, stdout=subprocess.DEVNULL).wait()
    return Used.so_far().since(begin)


def ask(python: Path, module: str, **question: Any) -> dict[str, Any]:
    """Run a module of this package in a new process; return the JSON object it prints.

    Raises RuntimeError if it fails; its own message is on standard error.
    """
    command: list[str | Path] = [python, "-m", f"benchmarks.{module}", json.dumps(question)]
    process = _started(command, stdout=subprocess.PIPE)
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"benchmarks.{module} failed, exit {process.returncode}")
    answer: dict[str, Any] = json.loads(said)
    return answer


def question() -> dict[str, Any]:
    """Return the question of `ask` to this process."""
    asked: dict[str, Any] = json.loads(sys.argv[1])
    return asked


def answer(**values: Any) -> None:
    """Answer `ask`, exactly once."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


@contextmanager
def served(module: str, **question: Any) -> Iterator[dict[str, Any]]:
    """Run a module that answers and then serves, for the duration of a `with` block."""
    command: list[str | Path] = [PYTHON, "-m", f"benchmarks.{module}", json.dumps(question)]
    process = _started(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        reply: dict[str, Any] = json.loads(process.stdout.readline())
        yield reply
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def emulated(devices: int, patches: int, latency_ms: float) -> Iterator[Fleet]:
    """Serve an emulated fleet in a process of its own for the duration of a `with` block."""
    with served("one_emulator", devices=devices, patches=patches, latency_ms=latency_ms) as reply:
        yield Fleet(reply["url"], reply["key"], tuple(reply["devices"]), patches)


def described(fleet: Fleet) -> dict[str, Any]:
    """Return a fleet as a JSON-compatible dict."""
    return asdict(fleet)


def _started(command: Sequence[str | Path], *, stdout: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 -- programs of this repository
        [os.fspath(part) for part in command], stdout=stdout, text=True, cwd=ROOT
    )
