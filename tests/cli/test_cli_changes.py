"""Approve and the other five, from the command line: shown, agreed to, done, and nothing else."""

import json

import pytest

ACTIONS = {
    "approve": 66,
    "ignore": 65,
    "do-nothing": 68,
    "inherit": None,
    "retry": None,
    "reprocess": None,
}


def writes(emulator):
    return [call for call in emulator.calls if call.service not in READS]


READS = {"patch_list_all", "list_clients", "list_sites", "list_devices_at_client"}


def open_of(rows_in, emulator, is_meant):
    """Return true rows that an approval would change, which a test chooses among."""
    return [
        row
        for row in rows_in(emulator)
        if is_meant(row)
        and row["is_deployable"]
        and row["status"] not in {8, 64}
        and row["policy"] & 63 != 2
    ]


def policies(rows_in, emulator):
    return {(r["device_id"], r["finding_id"]): r["policy"] for r in rows_in(emulator)}


def test_one_kb_on_all_servers_of_one_customer_is_one_line(moving, rows_in):
    cli, emulator = moving
    before = policies(rows_in, emulator)
    wanted = open_of(
        rows_in, emulator, lambda r: r["kind"] == "server" and r["kb"] and r["customer"] != "x"
    )
    kb, customer = wanted[0]["kb"], wanted[0]["customer"]
    chosen = {
        (r["device_id"], r["finding_id"])
        for r in wanted
        if (r["kb"], r["customer"]) == (kb, customer)
    }
    assert chosen
    result = cli("nsight", "approve", kb, "--servers", "--customer", f"{customer[:5]}*", "--yes")
    assert result.code == 0
    assert f"{len(chosen)} of {len(chosen)} confirmed by reading back" in result.err
    assert result.out == ""
    after = policies(rows_in, emulator)
    assert {key for key in after if after[key] != before[key]} == chosen
    assert {after[key] for key in chosen} == {66}


def test_what_is_shown_before_is_what_would_be_done(moving, rows_in):
    cli, emulator = moving
    wanted = open_of(rows_in, emulator, lambda r: r["severity"] == "Critical")
    result = cli("nsight", "approve", "--severity", "critical", "--dry-run", "--json")
    plan = result.json
    assert sorted(
        (device["device_id"], change["finding_id"])
        for device in plan["devices"]
        for change in device["changes"]
    ) == sorted((row["device_id"], row["finding_id"]) for row in wanted)
    assert plan["action"] == "approve"
    assert f"approve: {len(wanted)} patches on {len(plan['devices'])} devices" in result.err
    text = cli("nsight", "approve", "--severity", "critical", "--dry-run")
    assert text.err == ""
    assert text.out == result.err, "with --json the plan for people goes where talk goes"
    for row in wanted[:20]:
        assert row["title"] in text.out
    assert f"{sum(r['device'] == wanted[0]['device'] for r in wanted):>5} x  " in text.out
    assert "skipped " in text.out
    assert emulator.calls == [], "nobody was asked anything"


@pytest.mark.parametrize("action", ACTIONS)
def test_each_does_what_it_says(moving, rows_in, action):
    cli, emulator = moving
    if action == "inherit":
        assert cli("nsight", "ignore", "--severity", "low", "--yes").code == 0
        assert cli("sync").code == 0
        emulator.clear_calls()
    result = cli("nsight", action, "--severity", "low", "--severity", "critical", "--yes", "--json")
    assert result.code == 0, result.err
    changed = [
        (one["device"]["device_id"], change["finding_id"])
        for one in result.json
        for change in one["confirmed"]
    ]
    assert changed
    true = {(row["device_id"], row["finding_id"]): row for row in rows_in(emulator)}
    for key in changed:
        if ACTIONS[action]:
            assert true[key]["policy"] == ACTIONS[action]
        elif action == "inherit":
            assert true[key]["policy"] == true[key]["inherited"]
        else:
            assert true[key]["status"] == 2
    assert {call.service for call in writes(emulator)} == {f"patch_{action.replace('-', '_')}"}


def test_after_it_there_is_nothing_to_do(moving):
    cli, emulator = moving
    assert cli("nsight", "approve", "--all", "--yes").code == 0
    assert cli("sync").code == 0
    emulator.clear_calls()
    result = cli("nsight", "approve", "--all", "--yes", "--json")
    assert (result.code, result.json) == (0, [])
    assert "approve: nothing to do" in result.err
    assert emulator.calls == []


def test_nobody_to_ask(moving):
    cli, emulator = moving
    result = cli("nsight", "approve", "--severity", "critical")
    assert result.code == 7
    assert result.error() == "nothing was changed: there is no terminal to ask on"
    assert "--yes" in result.hint()
    assert "patches on" in result.err, "what would have been done is shown"
    assert emulator.calls == []


UNNAMED = [
    (), ("",), ("KB",), ("  ",), ("-c", ""), ("-d", "", "x"), ("--site", " "), ("--title", ""),
]  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
def test_an_empty_name_never_means_the_whole_fleet(moving, action):
    cli, emulator = moving
    for words in UNNAMED:
        result = cli("nsight", action, *words, "--yes")
        assert result.code == 2
        assert result.error().endswith(("is empty", "lacks its number", "change the whole fleet"))
    assert emulator.calls == []


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("-c", "Acme Logistic"), "no customer is called 'Acme Logistic'",
         "did you mean 'Acme Logistics'?"),
        (("-c", "Nobody & Sons*"), "no customer is called 'Nobody & Sons*'",
         "* and ? are wildcards"),
        (("--site", "Head Ofice"), "no site is called 'Head Ofice'", "did you mean 'Head Office'?"),
        (("-d", "AL-LT-9993"), "no device is called 'AL-LT-9993'", None),
        (("-d", "1"), "no device is called '1'", None),
        (("no such title",), "no patch matches these filters", None),
        (("KB1234567",), "no patch matches these filters", None),
    ],
)  # fmt: skip
def test_names_nobody_has(moving, words, error, hint):
    cli, emulator = moving
    result = cli("nsight", "approve", *words, "--yes")
    assert (result.code, result.error()) == (2, error)
    assert result.hint()
    assert hint in {None, result.hint()}
    assert emulator.calls == []


def test_a_device_that_is_refused(moving):
    cli, emulator = moving
    plan = cli("nsight", "approve", "--severity", "critical", "--dry-run", "--json").json
    refused, *others = plan["devices"]
    emulator.fault("e1", service="patch_approve", device=int(refused["device_id"]), message="No")
    result = cli("nsight", "approve", "--severity", "critical", "--yes", "--json")
    assert result.code == 3
    failed = len(refused["changes"])
    done = sum(len(device["changes"]) for device in others)
    summary = next(line for line in result.err.splitlines() if "confirmed by reading" in line)
    assert summary.startswith(
        f"{done} of {done + failed} confirmed by reading back, {failed} failed; "
    )
    assert f"{refused['device']} ({refused['customer']}): {failed} FAILED" in result.err
    assert f"  {failed}: N-able refuses: No (error 4)" in result.err
    by_device = {one["device"]["device_id"]: one for one in result.json}
    assert len(by_device[refused["device_id"]]["failed"]) == failed


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_retry_whose_answer_is_lost(moving, when):
    cli, emulator = moving
    emulator.fault("reset", service="patch_retry", when=when)
    result = cli("nsight", "retry", "--status", "failed", "--yes")
    assert result.code == (3 if when == "before" else 0)
    is_unknown = "unknown: list them again before repeating this" in result.err
    assert is_unknown == (when == "before")
    devices = [call.params["deviceid"] for call in writes(emulator)]
    assert len(devices) == len(set(devices)), "no device was told twice"


def test_what_was_done_before_an_error_is_said(moving):
    cli, emulator = moving
    plan = cli("nsight", "approve", "--severity", "critical", "--dry-run", "--json").json
    assert len(plan["devices"]) > 2
    emulator.fault("forbidden", service="patch_approve", after=1, times=None)
    result = cli("nsight", "approve", "--severity", "critical", "--yes", "--json")
    assert result.code == 5
    done = len(plan["devices"][0]["changes"])
    total = sum(len(device["changes"]) for device in plan["devices"])
    assert (
        f"{done} of {total} confirmed by reading back, {total - done} not reached; " in result.err
    )
    assert [one["device"]["device_id"] for one in result.json] == [plan["devices"][0]["device_id"]]
    assert "refuses" in result.error()


def test_the_journal_is_named(moving):
    cli, _ = moving
    from patchfleet.store import Store

    result = cli("nsight", "approve", "--severity", "critical", "--yes")
    name = result.err.rstrip().rpartition("; journal ")[2]
    with Store.open(cli.folder / "fleet.db") as store:
        outcomes = [line.outcome for line in store.journal.read(name)]
    assert outcomes.count("sent") == outcomes.count("confirmed") > 0


def test_long_plans_are_cut_and_say_so(moving, rows_in):
    cli, emulator = moving
    shown = cli("nsight", "approve", "--all", "--dry-run").out
    titles = {row["title"] for row in open_of(rows_in, emulator, lambda _: True)}
    lines = [line for line in shown.partition("\non\n")[0].splitlines() if " x  " in line]
    assert len(lines) == 20
    assert f"  and {len(titles) - 20} more; --dry-run --json lists all" in shown
    whole = json.loads(cli("nsight", "approve", "--all", "--dry-run", "--json").out)
    assert {c["patch"] for d in whole["devices"] for c in d["changes"]} == titles


def decisions_of(emulator, rows_in, device, patch):
    return next(
        row["policy"]
        for row in rows_in(emulator)
        if (row["device_id"], row["finding_id"]) == (device, patch)
    )


@pytest.mark.parametrize("first", ["ignore", "approve", "do-nothing"])
@pytest.mark.parametrize("second", ["inherit", "ignore", "approve", "do-nothing"])
def test_a_change_can_be_taken_back_at_once(moving, rows_in, first, second):
    """A plan starts from the record and from what we did since, and not from an older list."""
    cli, emulator = moving
    row = next(r for r in rows_in(emulator) if r["status"] == 1 and r["policy"] == r["inherited"])
    words = (row["title"], "-d", row["device_id"], "--yes", "--json")
    done = cli("nsight", first, *words)
    assert done.code == 0, done.err
    assert done.json, "a row that is inherited has something to change"
    again = cli("nsight", second, *words)
    assert again.code == 0, again.err
    policy = decisions_of(emulator, rows_in, row["device_id"], row["finding_id"])
    wanted = {"ignore": 65, "approve": 66, "do-nothing": 68, "inherit": row["inherited"]}
    assert policy == wanted[second]
    if first == second:
        assert again.json == []
        assert "already" in again.err
    else:
        assert "1 of 1 confirmed by reading back" in again.err


def test_what_a_killed_command_left_is_said_by_the_next_one_and_written_down(moving, rows_in):
    """The line is there, the call was made, and the command ended before it could read back."""
    from patchfleet.store import Store
    from patchfleet.transport.operation import Wanted

    cli, emulator = moving
    row = next(r for r in rows_in(emulator) if r["status"] == 1 and r["policy"] & 63 != 1)
    asked = {"deviceid": row["device_id"], "patchids": row["finding_id"]}
    pairs = [("apikey", emulator.api_key), ("service", "patch_ignore"), *asked.items()]
    emulator.handle("GET", "/api/", pairs)
    with Store.open(cli.folder / "fleet.db") as store:
        wanted = Wanted("nsight", "ignore", row["device_id"], (row["finding_id"],))
        store.journal.sent(wanted, emulator.now)
    result = cli("nsight", "approve", "--severity", "critical", "--yes")
    assert result.code == 0, result.err
    device = row["device_id"]
    assert f"warning: ignore of 1 patches on device {device}, sent " in result.err
    assert " and interrupted: it is done" in result.err
    with Store.open(cli.folder / "fleet.db") as store:
        assert store.journal.open("nsight") == []
    assert "and interrupted" not in cli("nsight", "approve", "--severity", "low", "--yes").err


def test_a_plan_of_what_nobody_read_since_is_decided_by_reading(moving, rows_in):
    """An ignore that was killed before it was read back: nothing is "already" so."""
    from patchfleet.store import Store
    from patchfleet.transport.operation import Wanted

    cli, emulator = moving
    row = next(r for r in rows_in(emulator) if r["status"] == 1 and r["policy"] == r["inherited"])
    with Store.open(cli.folder / "fleet.db") as store:
        from datetime import UTC, datetime

        wanted = Wanted("nsight", "ignore", row["device_id"], (row["finding_id"],))
        store.journal.sent(wanted, datetime.now(UTC))
    words = (row["title"], "-d", row["device_id"], "--yes")
    dry = cli("nsight", "inherit", *words[:3], "--dry-run")
    assert "inherit: 1 patch on 1 device" in dry.out
    result = cli("nsight", "inherit", *words)
    assert "inherited already" in result.err
    assert "confirmed" in result.err
    assert writes(emulator) == []
