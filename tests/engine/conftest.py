"""A record in PostgreSQL, an emulated account over HTTP, and who works with both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster

import postgresql
from patchfleet.emulator import Emulator
from patchfleet.fleet.distributed.dbos_queue import prepared
from patchfleet.store import Store


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Emulator:
    """Some hundred devices; calls take so many milliseconds."""
    latency = getattr(request, "param", 0)
    return Emulator(customers=4, devices=120, patches=20, seed=5, latency_ms=latency)


@pytest.fixture(scope="session")
def template(server: postgresql.Server) -> str:
    """The name of a database with the tables of the record and of the engine, to be copied."""
    with Store.open(server.new_database(), published=server.folder) as store:
        prepared(store)
        return store.address.rpartition("/")[2]


@pytest.fixture
def cluster(
    tmp_path: Path, server: postgresql.Server, template: str, emulator: Emulator, monkeypatch: Any
) -> Iterator[Cluster]:
    """A record, an account, and whatever processes a test starts."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with emulator.running() as host:
        cluster = Cluster(tmp_path, server.new_database(template), host)
        try:
            yield cluster
        finally:
            cluster.close()
