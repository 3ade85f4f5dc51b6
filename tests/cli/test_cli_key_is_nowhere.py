"""The key in no output, no record, no report and no file: for every command and every fault."""

import os

import pytest

from patchfleet.emulator.faults import OF_NSIGHT

OPTIONS = {"slow": {"seconds": 9}, "rate_limited": {"retry_after": 0}}
COMMANDS = [
    ["sync", "--json"],
    ["nsight", "clients", "--json", "--output", "clients.xlsx"],
    ["nsight", "sites", "--output", "sites.csv"],
    ["nsight", "devices", "--output", "devices.html"],
    ["nsight", "patches", "--live", "-d", "2576443", "--output", "patches.json"],
    ["nsight", "approve", "--severity", "critical", "--yes", "--json"],
    ["nsight", "retry", "--all", "--yes"],
    ["init", "--here", "--force", "--url"],
]


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_with_every_fault(moving, words):
    cli, emulator = moving
    settings = (cli.folder / "patchfleet.toml").read_text()
    quick = settings.replace("timeout_seconds = 20", "timeout_seconds = 0.1")
    key = emulator.api_key
    if words[-1] == "--url":
        words = [*words, os.environ["PATCHFLEET_NSIGHT_URL"]]
    codes = set()
    # The first one that works may leave nothing to change.
    for fault in ["forbidden", None, *sorted(OF_NSIGHT)]:
        (cli.folder / "patchfleet.toml").write_text(quick)
        emulator.clear_faults()
        if fault and (words[0] != "init" or fault not in {"hang", "slow", "trickle"}):
            emulator.fault(fault, times=None, **OPTIONS.get(fault, {}))
        result = cli(*words)
        assert result.code in {0, 3, 5}, (fault, result.err)
        assert key not in result.out + result.err, fault
        assert "Traceback" not in result.err
        codes.add(result.code)
    assert 5 in codes, "there was something to hide it in"
    for path, content in files(cli.folder).items():
        assert key.encode() not in content, path


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
