"""The emulated vendors in a process of their own, and what is asked of their control API."""

import json
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SEED = 7
WORLD = {
    "customers": 2, "devices": 8, "patches": 8, "exact_patches": False, "seed": SEED,
    "qualys_assets": 14,
}  # fmt: skip
"""The world of most cells: every kind of call, and no more of them than must be."""


class Vendors:
    """`patchfleet emulate` as a process, for as long as a `with` block lasts."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "patchfleet", "emulate", "qualys", "--json"]
        self._process = subprocess.Popen(
            [*command, "--seed", str(SEED)], stdout=subprocess.PIPE, env=clean_environment()
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.port = int(told["url"].rpartition(":")[2])
        self.username, self.password = told["username"], told["password"]
        self.key = ""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def ask(self, method: str, name: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/_control/{name}", data)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 200, said
            return said
        finally:
            connection.close()

    def reset(self, **changes: Any) -> None:
        """Begin a new world."""
        self.key = self.ask("POST", "reset", {**WORLD, **changes})["api_key"]

    def advance(self, **step: float) -> None:
        self.ask("POST", "advance", step)

    def small_pages(self, service: str | None) -> None:
        """Answer a call with two records a page, whatever is asked; None: no more."""
        self.ask("DELETE", "faults")
        if service is not None:
            capped = {"kind": "capped_pages", "service": service, "times": None, "records": 2}
            self.ask("POST", "faults", capped)

    def truth(self, vendor: str) -> Any:
        return self.ask("GET", f"ground_truth?vendor={vendor}")


def clean_environment() -> dict[str, str]:
    """Return the environment without a setting of Patchfleet's in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PATCHFLEET_")}


SETTINGS = """\
store = "fleet.db"
[nsight]
base_url = "{url}"
key = "{key}"
calls_per_minute = 0
retries = {retries}
timeout_seconds = {seconds}
[qualys]
gateway_url = "{url}"
username = "{username}"
password = "{password}"
retries = {retries}
timeout_seconds = {seconds}
"""


def write_settings(
    folder: Path, vendors: Vendors, url: str, *, seconds: float, retries: int = 1
) -> Path:
    """Write the settings of a command that reaches the vendors at this address."""
    file = folder / "patchfleet.toml"
    told = {"key": vendors.key, "username": vendors.username, "password": vendors.password}
    file.write_text(SETTINGS.format(url=url, seconds=seconds, retries=retries, **told))
    file.chmod(0o600)
    return file
