"""What tests of several rooms share: an emulated vendor on a port, both kinds of client, a server.

Law of this file: no test sleeps and none leaves this machine; the emulator is the fake. Tests run
in several processes, a file in one of them, and what one process holds is never another's.
"""

import asyncio
import io
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import postgresql
from patchfleet.emulator import Emulator, Host
from patchfleet.nsight import AsyncNAble, NAble, Retries
from patchfleet.qualys import AsyncQualys, Qualys
from patchfleet.store import Store

pytest_plugins = ["sampling", "skips", "cpu_time"]

# Whoever starts the tests in the background of a shell hands on an ignored SIGINT: programs that
# the tests interrupt would not notice.
signal.signal(signal.SIGINT, signal.default_int_handler)

AT_ONCE = Retries(attempts=4, limited_attempts=10, first_wait_seconds=0)
"""Repeat as often as by default, and never wait."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run one file in this process, and more files in a process more than there are cores.

    Tests wait for other processes, for sockets and for the disk in a third of their time.
    """
    files = {named.partition("::")[0] for named in config.args}
    if len(files) == 1 and files.pop().endswith(".py"):
        return 0
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put files with slow tests first, so that no process is left with a long one in the end."""
    if hasattr(config, "workerinput"):  # it is one of several processes
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


class Awaited:
    """An async client whose methods a plain test can call: each runs to its end on one loop."""

    def __init__(self, client: Any, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            async def awaited() -> Any:
                answer = method(*args, **kwargs)
                if isinstance(answer, AsyncIterator):
                    return [one async for one in answer]
                return await answer

            return self._runner.run(awaited())

        return call

    def close(self) -> None:
        self._runner.run(self.client.aclose())


@pytest.fixture
def emulator() -> Emulator:
    """A small world, new for each test."""
    return Emulator(customers=2, devices=6, patches=40, seed=7)


@pytest.fixture
def host(emulator: Emulator) -> Iterator[Host]:
    """The small world on a loopback port."""
    with emulator.running() as running:
        yield running


@pytest.fixture
def patience_seconds(request: pytest.FixtureRequest) -> float:
    """How long a client waits for an answer: not long where the fault of a test is that none comes.

    Elsewhere longer than the busiest machine takes for what is done in a millisecond.
    """
    return 0.5 if "hang" in request.node.name else 20


@pytest.fixture(params=["sync", "async"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Make clients, once of the blocking kind and once of the awaited one; close them all."""
    clients: list[Any] = []
    with asyncio.Runner() as runner:

        def make(kind: Callable[..., Any], awaited: Callable[..., Any], **settings: Any) -> Any:
            if request.param == "sync":
                clients.append(kind(**settings))
            else:
                clients.append(Awaited(awaited(**settings), runner))
            return clients[-1]

        yield make
        for client in clients:
            client.close()


@pytest.fixture
def connect(opened: Callable[..., Any]) -> Callable[..., Any]:
    """Make clients, once as NAble and once as AsyncNAble: the same test body for both."""

    def make(host: Host | None = None, **settings: Any) -> Any:
        if host is not None:
            settings = {"base_url": host.url, "key": host.api_key, **settings}
        return opened(NAble, AsyncNAble, **{"rate_limit": None, "retries": AT_ONCE, **settings})

    return make


@pytest.fixture
def connect_qualys(opened: Callable[..., Any]) -> Callable[..., Any]:
    """Make clients of an emulated gateway, once as Qualys and once as AsyncQualys."""

    def make(host: Host, **settings: Any) -> Any:
        account = host.emulator.qualys
        given = {
            "username": account.username,
            "password": account.password,
            "override_platform": {"gateway_url": host.url},
            "ca_file": host.ca_file,
            "retries": AT_ONCE,
        }
        return opened(Qualys, AsyncQualys, **{**given, **settings})

    return make


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server, started once in each process of the tests."""
    with postgresql.running(postgresql.or_skip()) as server:
        yield server


@pytest.fixture(scope="session")
def template(server: postgresql.Server) -> str:
    """The name of a database that holds our tables: a copy of it is made in an instant."""
    address = server.new_database()
    Store.open(address, published=server.folder).close()
    return address.rpartition("/")[2]


@pytest.fixture(scope="session")
def empty_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record in SQLite that holds nothing: a copy of it is made in an instant."""
    path = tmp_path_factory.mktemp("empty") / "fleet.db"
    Store.open(path).close()
    assert [one.name for one in path.parent.iterdir()] == [path.name], "nothing is beside it"
    return path


@pytest.fixture
def every_log() -> Iterator[io.StringIO]:
    """All that any logger says, at every level."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)


def device_ids(emulator: Emulator, *, managed: bool = True) -> list[int]:
    """Return the devices of a world that have (or have not) patch management."""
    return [
        device["deviceid"]
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"] == managed
    ]


@pytest.fixture
def device(emulator: Emulator) -> int:
    """A device with patch management."""
    return device_ids(emulator)[0]
