"""What the simulations share: a real PostgreSQL server, and the truth as the fleet's tests read it.

Law of this folder: a world lives by its own clock and a seed, so that what is found is found again.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgresql
from patchfleet.store import Store

sys.path.append(str(Path(__file__).parents[1] / "fleet"))  # truth.py and qualys_truth.py


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server, started once for all simulations."""
    with postgresql.running(postgresql.or_skip()) as server:
        yield server


@pytest.fixture(scope="session")
def template(server: postgresql.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that holds our tables: a copy of it is made in an instant."""
    address = server.new_database()
    Store.open(address, published=tmp_path_factory.mktemp("template")).close()
    return address.rpartition("/")[2]
