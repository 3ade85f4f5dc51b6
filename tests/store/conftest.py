import pytest

from patchfleet.store import Store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fleet.db"


@pytest.fixture
def store(path):
    with Store.open(path) as opened:
        yield opened
