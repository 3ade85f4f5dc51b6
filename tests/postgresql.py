"""A real PostgreSQL server for the tests: the machine's own, started on loopback and ended again.

Law of this file: without one the tests that need it are skipped and say so, and fail under CI=true.
"""

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

MISSING = "no PostgreSQL server on this machine: Debian's package is postgresql"
_numbers = count(1)


def programs() -> Path | None:
    """Find the folder of initdb and postgres: of the newest version there is."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: float(f.parent.name))
    return folders[-1] if folders else None


def or_skip() -> Path:
    """Return the folder of the programs; without one skip, and fail under CI."""
    folder = programs()
    if folder is not None:
        return folder
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def free_port() -> int:
    """Return a port that nobody has, below those that a system gives to whoever asks for any.

    So it stays free while nobody listens there: until the server starts, and while it is stopped.
    """
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


class Server:
    """One running server."""

    def __init__(self, folder: Path, port: int, run: "list[str]", user: str | None) -> None:
        self.folder, self.port, self._run, self._user = folder, port, run, user

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://fleet@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each by itself."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def new_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of another, and return its address."""
        name = f"fleet{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._control("start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` is what a failure of power looks like from outside."""
        self._control("stop", "-m", mode)

    def _control(self, *what: str) -> None:
        command = [*self._run, str(self.folder / "data"), "-l", str(self.folder / "log"), "-w"]
        done = subprocess.run(
            [*command, *what], check=False, user=self._user, cwd=self.folder,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout


@contextmanager
def running(bin_folder: Path) -> Iterator[Server]:
    """Start a server of our own in a folder of its own, and end it with all it holds."""
    # It refuses to run as root, so it then runs as the user that its package made, or as nobody.
    user = None
    if os.geteuid() == 0:
        known = Path("/etc/passwd").read_text()
        user = "postgres" if "\npostgres:" in known else "nobody"
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="patchfleet-pg-"))
    if user:
        shutil.chown(folder, user)
    try:
        made = subprocess.run(
            [
                bin_folder / "initdb", "-D", folder / "data", "-U", "fleet", "--auth=trust", "-N",
                "--encoding=UTF8", "--locale=C.UTF-8",
            ],
            check=False, user=user, cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        options = {
            "port": port, "listen_addresses": "'127.0.0.1'", "fsync": "off",
            "unix_socket_directories": f"'{folder}'", "max_connections": 60,
            "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "4GB",
        }  # fmt: skip
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in options.items())
        server = Server(folder, port, [str(bin_folder / "pg_ctl"), "-D"], user)
        server.start()
        try:
            yield server
        finally:
            subprocess.run(
                [bin_folder / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"],
                check=False, user=user, cwd=folder, capture_output=True,
            )  # fmt: skip
    finally:
        shutil.rmtree(folder)
