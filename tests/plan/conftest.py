import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.fleet import NSightSource, SyncOptions, sync
from patchfleet.nsight import NAble, Retries
from patchfleet.plan import apply, plan
from patchfleet.store import Store
from patchfleet.store.queries import findings


def new_account() -> Emulator:
    return Emulator(customers=2, devices=8, patches=60, seed=5)


@pytest.fixture
def emulator() -> Emulator:
    return new_account()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record of that account as it begins."""
    folder = tmp_path_factory.mktemp("recorded")
    emulator = new_account()
    with (
        emulator.running() as host,
        NAble(base_url=host.url, key=host.api_key, rate_limit=None) as client,
        Store.open(folder / "fleet.db") as store,
    ):
        Fleet(emulator, NSightSource(client, now=lambda: emulator.now), store).sync()
    return folder


class Fleet:
    """An emulated account, its record, and what a person does with both."""

    def __init__(self, emulator: Emulator, source: NSightSource, store: Store) -> None:
        self.emulator, self.source, self.store = emulator, source, store

    def now(self):
        return self.emulator.now

    def sync(self):
        rules = SyncOptions(accepts_missing=True)  # the emulated world may have been made anew
        assert sync(self.source, self.store, now=self.now, rules=rules).is_complete
        self.emulator.clear_calls()

    def rows(self, is_meant=lambda _: True):
        with self.store.snapshot() as snapshot:
            return [row for row in findings(snapshot) if is_meant(row)]

    def plan(self, action, is_meant=lambda _: True):
        rows = self.rows(is_meant)
        return plan(action, "nsight", rows, as_of=self.now(), now=self.now())

    def apply(self, planned):
        return list(apply(planned, self.source, self.store.journal, now=self.now))

    def true(self, device_id):
        """Return the true rows of a device by finding id."""
        (device,) = (
            device
            for customer in self.emulator.ground_truth(int(device_id))["customers"]
            for site in customer["sites"]
            for device in site["devices"]
        )
        return {str(row["patchid"]): row for row in device["patches"]}

    def writes(self):
        """Return the calls that change something, as far as the emulator saw them."""
        return [call for call in self.emulator.calls if call.service != "patch_list_all"]

    def journal(self, planned):
        return self.store.journal.read(planned.id)


@pytest.fixture
def fleet(
    emulator: Emulator, host: Host, tmp_path: Path, recorded: Path, patience_seconds: float
) -> Iterator[Fleet]:
    """The account as it begins, and its record."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    settings = {
        "rate_limit": None,
        "retries": Retries(attempts=3, first_wait_seconds=0),
        "timeout": patience_seconds,
    }
    with (
        NAble(base_url=host.url, key=host.api_key, **settings) as client,
        Store.open(tmp_path / "fleet.db") as store,
    ):
        yield Fleet(emulator, NSightSource(client, now=lambda: emulator.now), store)
