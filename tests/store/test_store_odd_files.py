"""What may stand where a published file should: it is named and made anew, and nobody waits."""

import os
import shutil
import socket
import sys

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, sync

from patchfleet.store import Store, queries

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def bound_socket(path):
    path.unlink()
    was = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)  # the name of a socket is at most 107 characters
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.fchdir(was)
        os.close(was)


def link_out(path):
    elsewhere = path.parents[3] / f"elsewhere-{path.name}"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


def device_file(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path):
    path.unlink()
    path.mkdir()


def unreadable(path):
    path.chmod(0)


def empty(path):
    path.write_bytes(b"")


def loop(path):
    path.unlink()
    path.symlink_to(path)


ODD = [fifo, bound_socket, link_out, device_file, folder, unreadable, empty, loop]


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("name", ["findings.parquet", "devices.parquet", "machines.parquet"])
def test_an_odd_file_is_named_and_made_anew(tmp_path, make, name):
    with Store.open(tmp_path / "fleet.db") as store:
        sync(store, {"d1": [finding(1), finding(2)]})
        path = store.published / "source=nsight" / "run=1" / name
        make(path)
        if make is not unreadable or os.geteuid():
            assert [str(path) in what for what in store.publications.damaged()] == [True]
        with store.snapshot() as snapshot:
            assert queries.count_findings(snapshot) == 2
            assert len(list(snapshot.ask("SELECT * FROM devices").rows())) == 1
        assert store.publications.damaged() == []
        assert path.is_file()
        assert not path.is_symlink()


def test_a_folder_that_leads_elsewhere_is_made_anew(tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        sync(store, {"d1": [finding(1)]})
        here = store.published / "source=nsight" / "run=1"
        shutil.move(here, tmp_path / "elsewhere")
        here.symlink_to(tmp_path / "elsewhere")
        assert store.publications.damaged() == [f"{here} is a link to elsewhere"]
        with store.snapshot() as snapshot:
            assert queries.count_findings(snapshot) == 1
        assert store.publications.damaged() == []
        assert not here.is_symlink()
        assert (tmp_path / "elsewhere" / "findings.parquet").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("back", [DAY, 900 * DAY])
def test_nothing_was_first_seen_after_it_changed_though_a_clock_ran_back(store, back):
    """Gone and back, changed, and as it was: at each step an hour later, on a clock set back."""
    listed = [["missing"], ["missing"], [], ["missing"], ["installed"], ["installed"]]
    for hour, states in enumerate(listed):
        now = NOW - (back if hour else 0 * DAY) + hour * DAY / 24
        run = store.begin("nsight", now=now, fresh=True)
        run.inventory(inventory(device("d1"), at=now))
        run.record("d1", [finding(1, state=state) for state in states], now=now)
        run.complete(now=now, as_of=now)
        with store.snapshot() as snapshot:
            rows = snapshot.ask("SELECT first_seen_at, changed_at FROM findings").rows()
            assert all(first <= changed for first, changed in rows)
