"""Cluster of syncs and workers over one record and one account.

They are real processes, and a killed one gets no chance to clean up.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from patchfleet.emulator import Host

SETTINGS = """\
lock_timeout_seconds = 5

[nsight]
calls_per_minute = {calls_per_minute}
retries = 0
timeout_seconds = 20

[sync]
concurrency = 4
worker_timeout_seconds = {worker_timeout_seconds}
"""


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def error(self) -> str:
        assert "Traceback" not in self.err, self.err
        (line,) = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return line.removeprefix("error: ")


class Process:
    """A `patchfleet` process whose output can be waited for."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._err = (folder / f"{time.monotonic_ns()}.err").open("w+")
        self._child = subprocess.Popen(
            command, cwd=folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._err,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._child.pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        self._child.send_signal(number)

    def result(self, seconds: float = 60) -> Result:
        out, _ = self._child.communicate(timeout=seconds)
        return Result(self._child.returncode, out, self.said())

    def said(self) -> str:
        return Path(self._err.name).read_text()

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.communicate()
        self._err.close()


class Cluster:
    """Processes that share one record and one account."""

    def __init__(self, folder: Path, address: str, host: Host) -> None:
        self.folder, self.address, self.host = folder, address, host
        self._processes: list[Process] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if "PATCHFLEET" not in name},
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "PATCHFLEET_STORE": address,
            "PATCHFLEET_NSIGHT_URL": host.url,
            "PATCHFLEET_NSIGHT_KEY": host.api_key,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        self.rate_limit(0)

    def rate_limit(self, calls_per_minute: float, worker_timeout_seconds: float = 60) -> None:
        text = SETTINGS.format(
            calls_per_minute=calls_per_minute, worker_timeout_seconds=worker_timeout_seconds
        )
        (self.folder / "patchfleet.toml").write_text(text)

    def start(self, *arguments: str, **environment: str) -> Process:
        return self.run([sys.executable, "-m", "patchfleet", *arguments], **environment)

    def run(self, command: list[str], **environment: str) -> Process:
        process = Process(command, self.folder, {**self.environment, **environment})
        self._processes.append(process)
        return process

    def sync(self, *arguments: str) -> Result:
        return self.start("sync", "--engine", "--json", *arguments).result()

    def workers(self, count: int = 2) -> list[Process]:
        return [self.start("worker") for _ in range(count)]

    def close(self) -> None:
        for process in self._processes:
            process.close()


def until(happened: Callable[[], object], seconds: float = 120) -> None:
    """Poll until a condition holds."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
