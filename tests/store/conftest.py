import shutil
from pathlib import Path

import pytest

from patchfleet.store import Store

OF_PUBLICATIONS = {
    "test_store_chain.py", "test_store_publication.py", "test_store_sql.py",
    "test_store_standings.py",
}  # fmt: skip
"""Files about what is published, which is the same whatever database keeps the record.

`tests/simulation/test_two_databases.py` compares the files byte by byte.
"""
SEEDS = {"sqlite": {None, 0}, "postgresql": {1}}
"""Seeds of histories that a plain run makes in each database; the others are drawn."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `full` what repeats in a second database, or by a further seed, what one shows."""
    for item in items:
        if item.path.parent != Path(__file__).parent:
            continue
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if item.path.name not in OF_PUBLICATIONS:
            if "postgresql" in given.values() and item.path.name != "test_store_postgresql.py":
                item.add_marker(pytest.mark.full(share=0.3))
            continue
        for database in SEEDS.keys() & set(map(str, given.values())):
            of_files = item.name.startswith("test_whatever_harm")
            if given.get("seed") not in SEEDS[database] or (of_files and database != "sqlite"):
                item.add_marker(pytest.mark.full(share=0.15))


@pytest.fixture
def path(tmp_path):
    """The file of a record in SQLite, for what only files have."""
    return tmp_path / "fleet.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path, monkeypatch):
    """Where a record is kept, in each of the two databases."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if request.param == "sqlite":
        empty = request.getfixturevalue("empty_record")
        return str(shutil.copy(empty, tmp_path / "fleet.db"))
    return request.getfixturevalue("server").new_database(request.getfixturevalue("template"))


@pytest.fixture
def store(address):
    with Store.open(address) as opened:
        yield opened
