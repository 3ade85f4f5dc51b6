import pytest

from patchfleet.store import Store


@pytest.fixture
def path(tmp_path):
    """The file of a record in SQLite, for what only files have."""
    return tmp_path / "fleet.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path, monkeypatch):
    """Where a record is kept, in each of the two databases."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if request.param == "sqlite":
        return str(tmp_path / "fleet.db")
    return request.getfixturevalue("server").new_database(request.getfixturevalue("template"))


@pytest.fixture
def store(address):
    with Store.open(address) as opened:
        yield opened
