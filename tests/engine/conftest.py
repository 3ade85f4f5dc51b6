"""A record in PostgreSQL, an emulated account over HTTP, and who works with both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from team import Team

import postgresql
from patchfleet.emulator import Emulator


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server, started once."""
    with postgresql.running(postgresql.or_skip()) as server:
        yield server


@pytest.fixture
def emulator() -> Emulator:
    """Some hundred devices whose calls take their time."""
    return Emulator(customers=4, devices=120, patches=20, seed=5, latency_ms=20)


@pytest.fixture
def team(
    tmp_path: Path, server: postgresql.Server, emulator: Emulator, monkeypatch: Any
) -> Iterator[Team]:
    """A record, an account, and whatever processes a test starts."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with emulator.running() as host:
        team = Team(tmp_path, server.new_database(), host)
        try:
            yield team
        finally:
            team.close()
