"""The command line in a folder and a home of its own: no test touches the real ones.

In process where values matter; as a process where the terminal, signals and exit codes do.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from patchfleet.cli import run
from patchfleet.emulator import Emulator, Host
from patchfleet.store import Store

SETTINGS = """\
store = "fleet.db"
lock_timeout_seconds = 0.2

[nsight]
calls_per_minute = 0
retries = 0
timeout_seconds = 20
"""


QUIETLY = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def error(self) -> str:
        """Return the one line that says what went wrong; there is a line, and no traceback."""
        assert "Traceback" not in self.err
        assert "internal error" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("error: ")

    def hint(self) -> str:
        last = self.err.splitlines()[-1]
        assert last.startswith("hint: "), self.err
        return last.removeprefix("hint: ")


class Cli:
    """Run `patchfleet` here, with the environment of one emulated account."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith("PATCHFLEET_")]:
            monkeypatch.delenv(name)
        for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)
        home = folder / "home"
        for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
            monkeypatch.setenv(name, str(home))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            monkeypatch.setenv(name, str(home / name))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        monkeypatch.chdir(folder)
        (folder / "patchfleet.toml").write_text(SETTINGS)

    def account(self, host: Host) -> None:
        self.set(PATCHFLEET_NSIGHT_URL=host.url, PATCHFLEET_NSIGHT_KEY=host.api_key)

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self._monkeypatch.delenv(name)

    def __call__(self, *arguments: object) -> Result:
        """Run in this process."""
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Result(int(code), *self._capsys.readouterr())

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "patchfleet", *map(str, arguments)]

    def process(self, *arguments: object, **how: Any) -> Result:
        """Run in a process of its own."""
        ended = subprocess.run(
            self.command(*arguments),
            **{**QUIETLY, **how},
            timeout=60,
            check=False,
        )
        return Result(
            ended.returncode, (ended.stdout or b"").decode(), (ended.stderr or b"").decode()
        )


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Cli:
    """The command line, and no account."""
    return Cli(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="session")
def still() -> Iterator[Host]:
    """An account that no test changes: 3 customers, 12 devices, two of them not patched."""
    with Emulator(customers=3, devices=12, patches=60, seed=1).running() as host:
        yield host


@pytest.fixture(scope="session")
def synced(still: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record of that account."""
    from patchfleet.fleet import NSightSource, sync
    from patchfleet.nsight import NAble
    from patchfleet.store import Store

    folder = tmp_path_factory.mktemp("synced")
    with (
        NAble(base_url=still.url, key=still.api_key, rate_limit=None) as client,
        Store.open(folder / "fleet.db") as store,
    ):
        assert sync(NSightSource(client), store, now=lambda: still.emulator.now).is_complete
    return folder


@pytest.fixture
def reading(cli: Cli, still: Host, synced: Path) -> Cli:
    """The command line over a synced record, for what only reads."""
    shutil.copytree(synced, cli.folder, dirs_exist_ok=True)
    cli.account(still)
    return cli


@pytest.fixture
def moving(cli: Cli, synced: Path) -> Iterator[tuple[Cli, Emulator]]:
    """The same with an account of its own, for what changes it."""
    emulator = Emulator(customers=3, devices=12, patches=60, seed=1)
    shutil.copytree(synced, cli.folder, dirs_exist_ok=True)
    with Store.open(cli.folder / "fleet.db") as store, store._database.write() as connection:
        # The same fleet at another address is the account of the record.
        connection.exec_driver_sql("UPDATE source SET account = NULL")
    with emulator.running() as host:
        cli.account(host)
        yield cli, emulator


def rows_of(emulator: Emulator) -> list[dict[str, Any]]:
    """Return every true finding with the names of where it is."""
    return [
        row | {
            "customer": customer["name"],
            "customer_id": str(customer["clientid"]),
            "site": site["name"],
            "device": device["name"],
            "device_id": str(device["deviceid"]),
            "kind": device["kind"],
            "finding_id": str(row["patchid"]),
        }
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"]
        for row in device["patches"]
    ]  # fmt: skip


@pytest.fixture
def true_rows(still: Host) -> list[dict[str, Any]]:
    return rows_of(still.emulator)


@pytest.fixture
def rows_in():
    return rows_of
