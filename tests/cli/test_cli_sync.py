"""`patchfleet sync`: what it prints, what it exits with, and what it leaves behind."""

import io

import pytest
from rich.console import Console

from patchfleet.cli.progress import sync_progress
from patchfleet.emulator import Emulator
from patchfleet.fleet import SyncProgress
from patchfleet.store import Store


def stand(cli):
    """Return what `today` shows of the fleet, without what it says of later syncs."""
    report = cli("today", "--json").json
    return report["figures"], report["tables"]


def test_the_first_sync(moving):
    cli, emulator = moving
    result = cli("--store", "new.db", "sync", "--json")
    assert result.code == 0
    told = result.json
    truth = [
        device
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    ]
    patched = [device for device in truth if device["is_managed"]]
    findings = sum(len(device["patches"]) for device in patched)
    assert told["devices"] == len(truth) == 12
    assert told["scanned"] == len(patched)
    assert told["findings"] == told["new"] == findings
    assert told["is_complete"]
    said = result.err.splitlines()
    assert said[0].startswith(
        f"nsight: 3 customers, 12 devices; read {len(patched)} with {findings} patches in "
    )
    assert said[1] == f"changes: {findings} new, 0 changed, 0 gone"
    assert said[2] == f"not covered: {12 - len(patched)} devices without patch management"
    assert cli("--store", "new.db", "runs", "--json").json["rows"][0]["findings"] == findings


def test_one_is_not_many(cli):
    with Emulator(customers=1, devices=1, patches=1, seed=2, exact_patches=True).running() as host:
        cli.account(host)
        result = cli("sync")
    assert result.err.startswith("nsight: 1 customer, 1 device; read 1 with 1 patch in ")


@pytest.mark.slow
def test_an_incomplete_sync_says_what_is_missing(moving):
    cli, emulator = moving
    before = stand(cli)
    device = next(
        (device, customer)
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"]
    )
    emulator.advance(days=8)
    emulator.fault("server_error", service="patch_list_all", device=device[0]["deviceid"])
    result = cli("sync", "--json")
    assert result.code == 3
    named = f"device {device[0]['deviceid']} {device[0]['name']} ({device[1]['name']})"
    reason = "patch_list_all: the server cannot answer now (HTTP 503)"
    assert f"failed: {named}: {reason}" in result.err.splitlines()
    assert result.err.splitlines()[-1].startswith("hint: --accept-unread")
    assert result.err.splitlines()[-2] == (
        "INCOMPLETE: 1 device could not be read; the previous state stays current, and the "
        "next sync reads only what is missing"
    )
    (problem,) = result.json["problems"]
    assert (problem["subject"], problem["reason"]) == (named, reason)
    assert problem["device_id"] == str(device[0]["deviceid"])
    assert stand(cli) == before
    (note,) = [n for n in cli("today", "--json").json["notes"] if n.startswith("Not current: ")]
    assert note.endswith(f". Missed: {named}: {reason}.")
    run = cli("runs", "--json").json["rows"][0]
    assert (run["state"], run["is_current"], run["problems"]) == ("incomplete", False, 1)
    rows = cli("runs", "--problems", run["id"], "--json").json["rows"]
    assert rows == [{"subject": named, "reason": reason}]

    emulator.clear_calls()
    again = cli("sync")
    assert again.code == 0
    assert "read 1 (9 already read before)" in again.err
    assert sum(call.service == "patch_list_all" for call in emulator.calls) == 1
    assert stand(cli) != before


@pytest.mark.slow
@pytest.mark.parametrize("how", ["all", "by name", "by attempts"])
def test_a_device_that_cannot_be_read_is_accepted(moving, how):
    cli, emulator = moving
    device = next(
        device
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"]
    )
    emulator.advance(days=8)
    emulator.fault("html", service="patch_list_all", device=device["deviceid"], times=None)
    words = {"all": [""], "by name": [device["name"]]}.get(how, [])
    if how == "by attempts":
        with (cli.folder / "patchfleet.toml").open("a") as file:
            file.write("\n[sync]\naccept_unread_after = 2\n")
        assert cli("sync").code == 3
    accepted = [f"--accept-unread={words[0]}" if words[0] else "--accept-unread"] if words else []
    result = cli("sync", "--json", *accepted)
    assert result.code == 0, result.err
    (unread,) = result.json["unread"]
    assert (unread["device_id"], unread["device"]) == (str(device["deviceid"]), device["name"])
    said = result.err.splitlines()
    assert said[-1].startswith("complete, except 1 device as last read, the oldest on ")
    assert f"not read: device {device['deviceid']} {device['name']} (" in said[-2]
    run = cli("runs", "--json").json["rows"][0]
    assert (run["state"], run["is_current"], run["problems"]) == ("complete", True, 1)
    mark = "Not read, which was accepted: 1 device (1 as last listed). "
    for command in NOTED:
        (note,) = [n for n in cli(*command, "--json").json["notes"] if n.startswith(mark)]
        assert f"device {device['deviceid']} {device['name']} (" in note
        assert "kept as listed on " in note
    assert f"* {mark}" in cli("sql", "SELECT 1 AS one").err


NOTED = (["today"], ["report"], ["machines", "list"], ["machines", "candidates"])


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "service"), [("forbidden", "list_sites"), ("reset", "*")])
def test_every_command_says_that_a_sync_ended_and_why(moving, fault, service):
    cli, emulator = moving
    assert "Not current" not in cli("sql", "SELECT 1 AS one").err
    emulator.fault(fault, service=None if service == "*" else service, times=None)
    call, message = cli("sync").error().split(": ", 1)
    reason = f"{call.split()[0]}: {message}"  # without ids of a customer
    for command in NOTED:
        notes = cli(*command, "--json").json["notes"]
        (note,) = [note for note in notes if note.startswith("Not current: ")]
        assert f"Missed: the rest, since it ended by an error: {reason}" in note
    said = cli("sql", "SELECT 1 AS one")
    assert said.out.count("Not current") == 0
    assert f"the rest, since it ended by an error: {reason}" in said.err.replace("\n", " ")
    assert "Not current" not in cli("sql", "--views").err


def test_fresh_reads_all_of_it_again(moving):
    cli, emulator = moving
    emulator.fault("e1", service="patch_list_all")
    assert cli("sync").code == 3
    emulator.clear_calls()
    result = cli("sync", "--fresh", "--json")
    assert (result.code, result.json["is_resumed"], result.json["scanned"]) == (0, False, 10)


@pytest.mark.parametrize("fault", ["forbidden", "server_error", "html", "reset", "e3"])
def test_an_inventory_that_cannot_be_read(moving, fault):
    cli, emulator = moving
    before = stand(cli)
    emulator.fault(fault, service="list_sites", times=None)
    result = cli("sync")
    assert result.code == 5
    assert result.error()
    assert stand(cli) == before
    notes = cli("today", "--json").json["notes"]
    assert [note for note in notes if note.startswith("Not current: 1 later sync of nsight was")]


def test_a_vendor_that_goes_away_is_given_up(cli):
    emulator = Emulator(customers=1, devices=60, patches=2, seed=2)
    emulator.fault("server_error", service="patch_list_all", times=None, status=500)
    with emulator.running() as host:
        cli.account(host)
        result = cli("sync")
    assert result.code == 5
    call, _, said = result.error().partition(": ")
    assert call.startswith("patch_list_all (deviceid ")
    assert said == "the server failed (HTTP 500)"
    assert "note: 20 devices in a row could not be read: gave up" in result.err
    with Store.open(cli.folder / "fleet.db") as store:
        *devices, end = store.runs.gaps(1)
    assert len(devices) == 20
    assert end.reason.endswith("; 20 devices in a row could not be read: gave up")


@pytest.mark.parametrize(
    ("devices", "rate_limit", "said"),
    [
        (240, 60, "nsight: 240 devices to read, one call each: about 4 min at 60 calls a minute"),
        (
            2000,
            0.7,
            "nsight: 2,000 devices to read, one call each: about 2,857 min at 0.7 calls a minute",
        ),
        (20, 60, ""),
        (9000, 0, ""),
    ],
)
def test_what_the_pace_costs_is_said_once(devices, rate_limit, said):
    heard = io.StringIO()
    with sync_progress(Console(file=heard, width=200)) as progress:
        tell = progress("nsight", rate_limit)
        for scanned in range(3):
            tell(SyncProgress(calls=9, devices=devices, scanned=scanned, findings=0, problems=0))
    assert heard.getvalue().strip() == said
