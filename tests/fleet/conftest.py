import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.fleet import NSightSource
from patchfleet.nsight import NAble, Retries
from patchfleet.store import Store

ONCE = Retries(attempts=1)


def client_of(host: Host, cls: type[NAble] = NAble, **settings) -> NAble:
    """Make a client that neither waits nor repeats."""
    return cls(
        base_url=host.url, key=host.api_key, **{"rate_limit": None, "retries": ONCE, **settings}
    )


@pytest.fixture
def connected(host: Host, emulator: Emulator):
    """Make sources of the emulated account, each with the client settings that are given."""
    opened = []

    def connect(cls: type[NAble] = NAble, **settings) -> NSightSource:
        client = client_of(host, cls, **settings)
        opened.append(client)
        return NSightSource(client, now=lambda: emulator.now)

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def source(connected) -> NSightSource:
    return connected()


@pytest.fixture
def store(tmp_path: Path, empty_record: Path) -> Iterator[Store]:
    with Store.open(shutil.copy(empty_record, tmp_path / "fleet.db")) as opened:
        yield opened
