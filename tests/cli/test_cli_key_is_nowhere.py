"""The key in no output, no record, no report and no file: for every command and every fault."""

import os
import shutil

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.faults import OF_NSIGHT
from patchfleet.fleet import NSightSource, sync
from patchfleet.nsight import NAble
from patchfleet.store import Store

UNENDING = {"hang", "slow", "trickle"}
OPTIONS = {"slow": {"seconds": 9}, "rate_limited": {"retry_after": 0}}
COMMANDS = [
    ["sync", "--json"],
    ["nsight", "clients", "--json", "--output", "clients.xlsx"],
    ["nsight", "sites", "--output", "sites.csv"],
    ["nsight", "devices", "--output", "devices.html"],
    ["nsight", "patches", "--live", "-d", "2576443", "--output", "patches.json"],
    ["init", "--here", "--force", "--url"],
]
CHANGES = {
    "patch_approve": ["nsight", "approve", "--status", "missing", "--yes", "--json"],
    "patch_inherit": ["nsight", "inherit", "--all", "--yes"],
    "patch_retry": ["nsight", "retry", "--all", "--yes"],
}
"""What sets a policy, what takes one back, and what asks for another try."""


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def small():
    """An account so small that it can begin anew for each fault, with something to change."""
    emulator = Emulator(customers=1, devices=4, patches=30, seed=6)
    with emulator.running() as host:
        yield host


@pytest.fixture(scope="module")
def recorded(small, tmp_path_factory):
    """A folder with the record of that account as it begins."""
    folder = tmp_path_factory.mktemp("recorded")
    with (
        NAble(base_url=small.url, key=small.api_key, rate_limit=None) as client,
        Store.open(folder / "fleet.db") as store,
    ):
        assert sync(NSightSource(client), store, now=lambda: small.emulator.now).is_complete
    return folder


@pytest.fixture
def spoiled(cli, small, recorded):
    """Run a command under a fault, in a world and with a record as they were; show its result."""
    emulator = small.emulator
    cli.account(small)
    settings = (cli.folder / "patchfleet.toml").read_text()
    quick = settings.replace("timeout_seconds = 20", "timeout_seconds = 0.5")

    def run(words, fault, service=None):
        emulator.clear_faults()
        if service or words[0] == "sync":
            emulator.reset()
            for path in cli.folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(recorded, cli.folder, dirs_exist_ok=True)
        (cli.folder / "patchfleet.toml").write_text(quick if fault in UNENDING else settings)
        if fault:
            emulator.fault(fault, service=service, times=None, **OPTIONS.get(fault, {}))
        result = cli(*words)
        assert result.code in {0, 3, 5}, (fault, result.err)
        assert "Traceback" not in result.err
        key = emulator.api_key
        assert key not in result.out + result.err, fault
        for path, content in files(cli.folder).items():
            assert key.encode() not in content, (fault, path)
        return result

    return run


@pytest.mark.slow
@pytest.mark.full(group="the key in commands", share=0.5)
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_with_every_fault(spoiled, words):
    if words[-1] == "--url":
        words = [*words, os.environ["PATCHFLEET_NSIGHT_URL"]]
    left_out = UNENDING if words[0] == "init" else set()
    assert spoiled(words, None).code == 0
    codes = {fault: spoiled(words, fault).code for fault in sorted(OF_NSIGHT - left_out)}
    assert codes["forbidden"] == 5, "there was something to hide it in"


@pytest.mark.slow
@pytest.mark.full(group="the key in changes", share=0.33)
@pytest.mark.parametrize("service", CHANGES)
def test_with_every_fault_of_what_changes_something(spoiled, small, service):
    """Each fault meets the change itself: the world and the record have something to change."""
    emulator = small.emulator
    words = CHANGES[service]
    assert spoiled(words, None, service).code == 0
    assert any(call.service == service for call in emulator.calls)
    for fault in sorted(OF_NSIGHT):
        spoiled(words, fault, service)
        met = [call for call in emulator.calls if call.service == service]
        assert met, fault
        assert {call.fault for call in met} == {fault}


def test_what_reads_the_record_has_nothing_to_hide(reading, still):
    for words in (
        ["report", "--output", "fleet.xlsx", "--output", "fleet.html", "--output", "fleet.json"],
        ["today", "--json"],
        ["runs", "--json"],
        ["nsight", "patches", "--json"],
    ):
        result = reading(*words)
        assert result.code == 0
        assert still.api_key not in result.out + result.err
    for path, content in files(reading.folder).items():
        assert still.api_key.encode() not in content, path


def test_a_traceback_that_was_asked_for_does_not_tell_it(reading, still):
    reading.set(PATCHFLEET_TRACEBACK="1")
    result = reading.process("--store", "/dev/null/x", "nsight", "clients")
    assert still.api_key not in result.out + result.err
