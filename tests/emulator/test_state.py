"""Every row of the transition table, on devices made for the purpose."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from patchfleet.emulator.catalogue import Catalogue, Patch
from patchfleet.emulator.nsight.device import Device, Row, Ticker
from patchfleet.emulator.nsight.policies import FeaturePolicy
from patchfleet.emulator.schedule import Schedule
from patchfleet.emulator.world import make_world

SEED = 1
START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
NIGHTLY = Schedule("daily", time(1, 0))
[MACHINE] = make_world(SEED, customers=1, devices=1, start=START, all_windows=True).machines
MACHINE = replace(
    MACHINE,
    site=replace(MACHINE.site, zone=ZoneInfo("Europe/Berlin")),
    lines=(),
    schedule=NIGHTLY,
    restart="never",
    restart_time=time(5, 0),
    silent_days=0,
    is_managed=True,
)


def patch(number=1, *, severity="Critical", deployable=True, restart=0.0):
    return Patch(
        number=number,
        line="office",
        title=f"Patch {number}",
        product="Office",
        severity=severity,
        kb=None,
        url="",
        released_at=START - timedelta(days=40),
        is_deployable=deployable,
        is_uninstallable=False,
        restart=restart,
    )


def device(*rows, auto=(), attempts=1, inherits=4, machine=MACHINE):
    policy = FeaturePolicy("test", frozenset(auto), attempts, {"office": inherits})
    listed = {row.patchid: row for row in rows}
    return Device(machine, 100_097, policy, listed, START, START, START)


TICKER = Ticker(SEED, Catalogue(SEED), 1)


def outcome(number, attempt_count, *, restart=0.0, restart_policy="never", auto=("Critical",)):
    """Return the status of a patch after a number of nights."""
    row = Row(1, patch(number, restart=restart), 4, 2)
    one = device(row, auto=auto, machine=replace(MACHINE, restart=restart_policy))
    TICKER.advance(one, START + timedelta(days=attempt_count))
    return row.status


GOOD = next(number for number in range(1, 500) if outcome(number, 1) == 8)
BAD_ONCE = next(number for number in range(1, 500) if outcome(number, 1) == 16)


# verb, policy and status before, inherited, auto-approved -> policy and status after
TABLE = [
    ("approve", 4, 1, 4, False, 66, 2),
    ("approve", 65, 32, 4, False, 66, 2),
    ("approve", 4, 2, 4, True, 66, 2),
    ("approve", 4, 4, 4, True, 66, 4),
    ("approve", 66, 2, 4, False, 66, 2),
    ("approve", 4, 16, 4, False, 66, 16),
    ("approve", 4, 8, 4, False, 66, 8),
    ("approve", 4, 64, 4, False, 66, 64),
    ("ignore", 4, 1, 4, False, 65, 32),
    ("ignore", 66, 2, 4, False, 65, 32),
    ("ignore", 66, 16, 4, False, 65, 32),
    ("ignore", 65, 32, 4, False, 65, 32),
    ("ignore", 66, 4, 4, False, 65, 4),
    ("ignore", 4, 8, 4, False, 65, 8),
    ("ignore", 4, 64, 4, False, 65, 64),
    ("do_nothing", 65, 32, 4, False, 68, 1),
    ("do_nothing", 65, 32, 4, True, 68, 2),
    ("do_nothing", 66, 2, 4, False, 68, 1),
    ("do_nothing", 66, 2, 4, True, 68, 2),
    ("do_nothing", 4, 1, 4, False, 68, 1),
    ("do_nothing", 66, 4, 4, False, 68, 4),
    ("do_nothing", 4, 8, 4, False, 68, 8),
    ("do_nothing", 66, 16, 4, False, 68, 16),
    ("do_nothing", 4, 64, 4, False, 68, 64),
    ("inherit", 66, 2, 4, False, 4, 1),
    ("inherit", 66, 2, 4, True, 4, 2),
    ("inherit", 65, 32, 2, False, 2, 2),
    ("inherit", 68, 1, 1, False, 1, 32),
    ("inherit", 66, 8, 1, False, 1, 8),
    ("inherit", 66, 16, 2, False, 2, 16),
    ("inherit", 66, 16, 1, False, 1, 32),
    ("inherit", 66, 64, 4, False, 4, 64),
]


@pytest.mark.parametrize(("verb", "policy", "status", "inherits", "auto", "after", "then"), TABLE)
def test_approval_actions(verb, policy, status, inherits, auto, after, then):
    row = Row(1, patch(), policy, status)
    one = device(row, auto=("Critical",) if auto else (), inherits=inherits)
    one.set_policy([1, 999], verb)
    assert (row.policy, row.status) == (after, then)
    one.set_policy([1], verb)
    assert (row.policy, row.status) == (after, then), "a second time changes nothing"


@pytest.mark.parametrize("status", [1, 2, 4, 8, 16, 32, 64])
def test_retry_moves_failed_rows_alone(status):
    row = Row(1, patch(), 68, status, attempts=2, tries=2)
    again, applied = device(row).retry([1, 999])
    assert (again, applied) == (([1], []) if status == 16 else ([], [1]))
    assert row.policy == 68
    assert row.status == (2 if status == 16 else status)


def test_a_window_begins_installs_in_local_time_and_the_agent_ends_them():
    row = Row(1, patch(GOOD), 66, 2)
    one = device(row)
    midnight = datetime(2026, 11, 14, 0, 0, tzinfo=UTC)  # one o'clock in Berlin
    TICKER.advance(one, midnight - timedelta(minutes=1))
    assert row.status == 2
    TICKER.advance(one, midnight)
    assert (row.status, row.installed_at) == (4, None)
    TICKER.advance(one, midnight + timedelta(hours=2))
    assert row.status == 8
    assert row.installed_at is not None
    assert midnight < row.installed_at < midnight + timedelta(hours=2)


@pytest.mark.parametrize(
    ("policy", "status", "deployable"),
    [(4, 1, True), (66, 2, False), (65, 32, True), (4, 16, True)],
)
def test_a_window_leaves_alone_what_is_not_pending_and_deployable(policy, status, deployable):
    row = Row(1, patch(GOOD, deployable=deployable), policy, status)
    TICKER.advance(device(row), START + timedelta(days=30))
    assert (row.status, row.attempts) == (status, 0)


def test_a_manual_schedule_waits_for_a_person():
    row = Row(1, patch(GOOD), 66, 2)
    one = device(row, machine=replace(MACHINE, schedule=Schedule("manual")))
    TICKER.advance(one, START + timedelta(days=60))
    assert row.status == 2
    TICKER.install(one, one.settled_at, manual_action=True)
    assert row.status == 4
    TICKER.advance(one, one.settled_at + timedelta(hours=2))
    assert (row.status, row.tries) == (8, 1)


def test_a_manual_install_is_no_attempt_of_a_device_with_a_schedule():
    row = Row(1, patch(BAD_ONCE), 66, 2)
    one = device(row)
    TICKER.install(one, START, manual_action=True)
    TICKER.advance(one, START + timedelta(hours=2))
    assert (row.status, row.attempts, row.tries) == (2, 1, 0)


def test_a_silent_machine_stands_still():
    row = Row(1, patch(GOOD), 66, 2)
    one = device(row, machine=replace(MACHINE, silent_days=9))
    TICKER.advance(one, START + timedelta(days=60))
    assert row.status == 2


def five_nights(number):
    """Return the statuses of a patch after each of five nights, with five attempts allowed."""
    row = Row(1, patch(number), 66, 2)
    one = device(row, attempts=5)
    seen = []
    for night in range(1, 6):
        TICKER.advance(one, START + timedelta(days=night))
        seen.append(row.status)
    return seen


STUBBORN = next(number for number in range(1, 5000) if five_nights(number)[-1] == 16)


def test_automatic_reprocessing_hides_failure_until_the_last_attempt():
    assert five_nights(STUBBORN) == [2, 2, 2, 2, 16]
    row = Row(1, patch(STUBBORN), 66, 2)
    one = device(row, attempts=3)
    TICKER.advance(one, START + timedelta(days=9))
    assert (row.status, row.policy, row.attempts) == (16, 66, 3)
    one.retry([1])
    TICKER.advance(one, START + timedelta(days=11))
    assert (row.status, row.attempts) == (2, 5), "a retry begins to count anew"
    TICKER.advance(one, START + timedelta(days=12))
    assert (row.status, row.attempts) == (16, 6)


def test_every_attempt_has_an_outcome_of_its_own():
    firsts = [tuple(five_nights(number)[:2]) for number in range(1, 200)]
    assert {(2, 8), (2, 2)} <= set(firsts)
    assert firsts.count((2, 8)) > firsts.count((2, 2))


def test_a_retried_row_under_do_nothing_is_tried_again_all_the_same():
    row = Row(1, patch(STUBBORN), 4, 16, attempts=1, tries=1)
    one = device(row, attempts=2)
    one.retry([1])
    TICKER.advance(one, START + timedelta(days=1))
    assert (row.status, row.policy) == (2, 4)
    TICKER.advance(one, START + timedelta(days=2))
    assert (row.status, row.policy) == (16, 4)


def test_ignored_while_installing_ends_ignored_when_it_fails():
    row = Row(1, patch(BAD_ONCE), 66, 4)
    one = device(row)
    one.set_policy([1], "ignore")
    one.due.append((START, "finish"))
    TICKER.advance(one, START + timedelta(hours=1))
    assert (row.policy, row.status) == (65, 32)


def test_never_restarts_waits_until_somebody_does():
    row = Row(1, patch(GOOD, restart=1.0), 66, 2)
    one = device(row)
    TICKER.advance(one, START + timedelta(days=60))
    assert row.status == 64
    TICKER.restart(one, one.settled_at)
    assert row.status == 8
    assert one.restarted_at == one.settled_at


@pytest.mark.parametrize("policy", ["when_required", "always"])
def test_a_restart_comes_at_its_local_time(policy):
    row = Row(1, patch(GOOD, restart=1.0), 66, 2)
    one = device(row, machine=replace(MACHINE, restart=policy))
    five = datetime(2026, 11, 14, 4, 0, tzinfo=UTC)
    TICKER.advance(one, five - timedelta(minutes=1))
    assert row.status == 64
    TICKER.advance(one, five)
    assert row.status == 8
    assert one.restarted_at == five


@pytest.mark.parametrize(("policy", "restarts"), [("when_required", False), ("always", True)])
def test_who_always_restarts_needs_no_reason(policy, restarts):
    row = Row(1, patch(GOOD), 66, 2)
    one = device(row, machine=replace(MACHINE, restart=policy))
    TICKER.advance(one, START + timedelta(days=2))
    assert row.status == 8
    assert (one.restarted_at > START) is restarts


def test_a_restart_can_uncover_a_failure():
    found = {outcome(number, 2, restart=1.0, restart_policy="always") for number in range(1, 400)}
    assert found == {8, 16}


@pytest.mark.parametrize(
    ("inherits", "auto", "status"), [(4, (), 1), (4, ("Critical",), 2), (2, (), 2), (1, (), 32)]
)
def test_a_scan_finds_what_came_out_with_the_policy_above_it(inherits, auto, status):
    machine = replace(MACHINE, lines=("office",), schedule=Schedule("manual"))
    everything = ("Critical", "Important", "Moderate", "Low", "Unspecified")
    one = device(auto=everything if auto else (), inherits=inherits, machine=machine)
    TICKER.advance(one, START + timedelta(days=40))
    [row] = one.rows.values()
    assert row.patch.title.startswith("Security Update for Microsoft Office 2016")
    assert (row.policy, row.status) == (inherits, status)


def test_a_patch_is_not_found_before_the_scan_that_follows_its_release():
    machine = replace(MACHINE, lines=("office",), scan_time=time(10))
    one = device(machine=machine)
    release = datetime(2026, 12, 8, 17, 0, tzinfo=UTC)
    TICKER.advance(one, release + timedelta(hours=12))
    assert not one.rows
    TICKER.advance(one, release + timedelta(hours=17))
    assert len(one.rows) == 1
    assert one.scanned_at == datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
