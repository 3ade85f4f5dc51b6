"""A plan carried out over real HTTP: confirmed, skipped, failed or unknown; never done twice."""

import pytest
from msgspec.structs import replace

from patchfleet.emulator import Emulator
from patchfleet.errors import Forbidden, Unauthorized
from patchfleet.plan import apply

pytestmark = pytest.mark.slow

ACTIONS = ("approve", "ignore", "do_nothing", "inherit", "retry", "reprocess")
POLICIES = {"approve": 66, "ignore": 65, "do_nothing": 68}
LOST = [
    pytest.param(loss, id=name, marks=pytest.mark.full(group=f"answers lost by {name}", share=0.4))
    for name, loss in {
        "reset": {"kind": "reset"},
        "cut": {"kind": "cut", "fraction": 0.3},
        "short": {"kind": "short", "fraction": 0.3},
        "hang": {"kind": "hang"},
        "garbage": {"kind": "garbage"},
        "502": {"kind": "server_error", "status": 502},
    }.items()
]
"""Each by itself: a plain run draws two of the changes that may lose their answer so."""


def spoil(emulator: Emulator, service, kind, **options):
    """Lose the answer of the first call of a service, after the call has taken effect."""
    emulator.fault(kind, service=service, when="after", **options)


def states(row):
    return row.state in {"missing", "pending", "failed", "ignored"}


@pytest.fixture
def failed(fleet):
    """Rows that have failed, all of one device."""
    rows = fleet.rows(lambda row: row.state == "failed")
    device = rows[0].device_id
    return [row for row in rows if row.device_id == device]


@pytest.mark.parametrize("action", ACTIONS)
def test_what_was_planned_is_done_and_read_back(fleet, action):
    if action == "inherit":
        fleet.apply(fleet.plan("ignore", states))
        fleet.sync()
    planned = fleet.plan(action, states)
    before = {device.device_id: fleet.true(device.device_id) for device in planned.devices}
    assert before
    results = fleet.apply(planned)
    assert [result.device for result in results] == list(planned.devices)
    for result in results:
        assert result.is_done
        assert result.confirmed == result.device.changes
        assert (result.skipped, result.failed, result.unknown) == ((), (), ())
        after = fleet.true(result.device.device_id)
        changed = {change.finding_id for change in result.device.changes}
        for number, row in after.items():
            if number not in changed:
                assert row == before[result.device.device_id][number], "never more than planned"
            elif action in POLICIES:
                assert row["policy"] == POLICIES[action]
            elif action == "inherit":
                assert row["policy"] == row["inherited"]
            else:
                assert row["status"] == 2
    assert [call.service for call in fleet.writes()] == [f"patch_{action}"] * len(results)


@pytest.mark.parametrize("action", ACTIONS)
def test_after_it_there_is_nothing_left_to_plan(fleet, action):
    if action == "inherit":
        fleet.apply(fleet.plan("approve", states))
        fleet.sync()
    assert fleet.plan(action).devices
    fleet.apply(fleet.plan(action))
    fleet.sync()
    assert fleet.plan(action).devices == ()


class Watched:
    """A wire that shows each request to a test before it goes out."""

    def __init__(self, wire, watch):
        self._wire, self._watch = wire, watch

    def send(self, request):
        self._watch(request)
        return self._wire.send(request)

    def close(self):
        self._wire.close()


def test_the_journal_has_a_line_before_anything_is_sent_and_after(fleet):
    planned = fleet.plan("approve")
    seen = []

    def watch(request):
        if dict(request.query)["service"] == "patch_approve":
            seen.append([(e.device_id, e.outcome) for e in fleet.journal(planned)])

    fleet.source._client._wire = Watched(fleet.source._client._wire, watch)
    fleet.apply(planned)
    for number, (device, lines) in enumerate(zip(planned.devices, seen, strict=True)):
        assert lines[-1] == (device.device_id, "sent")
        assert len(lines) == 2 * number + 1
    lines = fleet.journal(planned)
    assert [line.outcome for line in lines] == ["sent", "confirmed"] * len(planned.devices)
    for device, sent, confirmed in zip(planned.devices, lines[::2], lines[1::2], strict=True):
        assert sent.device_id == confirmed.device_id == device.device_id
        ids = tuple(change.finding_id for change in device.changes)
        assert sent.finding_ids == confirmed.finding_ids == ids
        assert (sent.action, sent.source, sent.at) == ("approve", "nsight", fleet.now())
        first = device.changes[0]
        assert sent.before[ids[0]] == f"{first.state}, {first.decision}"
        assert sent.line is None
        assert confirmed.line is not None
        assert confirmed.after[ids[0]]["policy"] == 66
        assert "66 Approve" in confirmed.after[ids[0]]["words"]


def test_what_moved_since_the_plan_is_left_alone(fleet):
    planned = fleet.plan("ignore", lambda row: row.state == "missing")
    device = planned.devices[0]
    moved = device.changes[0]
    fleet.source.change("approve", device.device_id, (moved.finding_id,))
    fleet.emulator.clear_calls()
    result = fleet.apply(planned)[0]
    ((change, reason),) = result.skipped
    assert change == moved
    assert reason == "changed since the plan, now 2 Pending, 66 Approve"
    assert result.confirmed == device.changes[1:]
    assert fleet.true(device.device_id)[moved.finding_id]["policy"] == 66
    first = fleet.journal(planned)[0]
    assert (first.outcome, first.finding_ids, first.reason) == (
        "skipped", (moved.finding_id,), reason,
    )  # fmt: skip


def test_what_is_so_already_is_left_alone_and_nothing_is_sent(fleet):
    planned = fleet.plan("approve")
    fleet.apply(planned)
    fleet.emulator.clear_calls()
    results = fleet.apply(planned)
    assert fleet.writes() == []
    reasons = {reason for result in results for _, reason in result.skipped}
    assert reasons == {"approved already", "failed: use retry"}
    assert all(result.is_done and not result.confirmed for result in results)
    assert [line.outcome for line in fleet.journal(planned)].count("sent") == len(planned.devices)


def replaced(planned, **fields):
    """Return the plan with another first change."""
    device = planned.devices[0]
    changes = (replace(device.changes[0], **fields), *device.changes[1:])
    return replace(planned, devices=(replace(device, changes=changes), *planned.devices[1:]))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"finding_id": "1"}, "no longer on the device"),
        ({"patch": "Another title"}, "the id now means another patch"),
    ],
)
def test_a_number_that_is_gone_or_means_something_else_is_left_alone(fleet, fields, reason):
    planned = fleet.plan("approve")
    device = planned.devices[0]
    odd = replace(device.changes[0], **fields)
    planned = replace(planned, devices=(replace(device, changes=(odd, *device.changes)),))
    (result,) = fleet.apply(planned)
    assert result.skipped == ((odd, reason),)
    assert result.confirmed == device.changes


def test_a_list_without_any_patch_of_the_plan_may_be_another_device_s(fleet):
    """Nothing is sent then, and nothing is told to be gone."""
    planned = replaced(fleet.plan("approve"), finding_id="1")
    device = planned.devices[0]
    planned = replace(planned, devices=(replace(device, changes=device.changes[:1]),))
    fleet.emulator.clear_calls()
    (result,) = fleet.apply(planned)
    ((change, said),) = result.failed
    assert change == planned.devices[0].changes[0]
    assert "names no patch of the plan" in said
    assert fleet.writes() == []
    assert [call.service for call in fleet.emulator.calls] == ["patch_list_all"] * 2
    assert not result.is_done


def test_a_device_that_is_refused_does_not_hold_up_the_next(fleet):
    planned = fleet.plan("approve")
    refused = planned.devices[0].device_id
    fleet.emulator.fault(
        "e1", service="patch_approve", device=int(refused), message="No such patch"
    )
    first, *others = fleet.apply(planned)
    assert [change for change, _ in first.failed] == list(first.device.changes)
    assert {reason for _, reason in first.failed} == {"N-able refuses: No such patch (error 4)"}
    assert not first.is_done
    assert others
    assert all(result.confirmed == result.device.changes for result in others)
    outcomes = [line.outcome for line in fleet.journal(planned) if line.device_id == refused]
    assert outcomes == ["sent", "failed"]


def test_a_device_that_cannot_be_read_is_not_changed(fleet):
    planned = fleet.plan("approve")
    device = planned.devices[0].device_id
    fleet.emulator.fault("e1", service="patch_list_all", device=int(device))
    first, *others = fleet.apply(planned)
    assert [change for change, _ in first.failed] == list(first.device.changes)
    assert device not in {call.params["deviceid"] for call in fleet.writes()}
    assert all(result.is_done for result in others)
    assert [e.outcome for e in fleet.journal(planned) if e.device_id == device] == ["failed"]


@pytest.mark.parametrize("service", ["patch_list_all", "patch_approve"])
@pytest.mark.parametrize(("fault", "error"), [("e1", Unauthorized), ("forbidden", Forbidden)])
def test_a_key_that_is_refused_ends_it(fleet, service, fault, error):
    planned = fleet.plan("approve")
    assert len(planned.devices) > 2
    options = {"code": 3, "message": "Login failed"} if fault == "e1" else {}
    second = int(planned.devices[1].device_id)
    fleet.emulator.fault(fault, service=service, device=second, times=None, **options)
    results = apply(planned, fleet.source, fleet.store.journal, now=fleet.now)
    assert next(results).is_done
    with pytest.raises(error):
        next(results)
    lines = [(line.device_id, line.outcome) for line in fleet.journal(planned)]
    assert lines[-1] == (str(second), "failed")
    reached = {call.params["deviceid"] for call in fleet.emulator.calls}
    assert reached == {device.device_id for device in planned.devices[:2]}


@pytest.mark.parametrize("action", ["approve", "retry", "reprocess"])
@pytest.mark.parametrize("loss", LOST)
def test_a_change_whose_answer_is_lost_is_read_back_and_not_sent_again(fleet, action, loss):
    planned = fleet.plan(action)
    spoil(fleet.emulator, f"patch_{action}", **loss)
    results = fleet.apply(planned)
    assert all(result.confirmed == result.device.changes for result in results)
    sent = [call.params["deviceid"] for call in fleet.writes()]
    assert sent == [device.device_id for device in planned.devices]
    for device in planned.devices:
        true = fleet.true(device.device_id)
        for change in device.changes:
            row = true[change.finding_id]
            assert row["policy"] == 66 if action == "approve" else row["status"] == 2
    assert [line.outcome for line in fleet.journal(planned)] == ["sent", "confirmed"] * len(sent)


@pytest.mark.parametrize("action", ["retry", "reprocess"])
@pytest.mark.parametrize("loss", LOST)
def test_a_retry_that_is_lost_on_its_way_is_never_sent_again(fleet, failed, action, loss):
    device = failed[0].device_id
    planned = fleet.plan(action, lambda row: row.device_id == device)
    fleet.emulator.fault(service=f"patch_{action}", **{**loss, "when": "before"})
    (result,) = fleet.apply(planned)
    assert len(fleet.writes()) == 1
    assert [change for change, _ in result.unknown] == list(result.device.changes)
    assert not result.is_done
    assert all("; the list shows 16 Failed" in reason for _, reason in result.unknown)
    assert {line.outcome for line in fleet.journal(planned)} == {"sent", "unknown"}
    # Whoever runs the same plan once more has looked: it is as it was, and may be sent.
    fleet.emulator.clear_calls()
    (again,) = fleet.apply(planned)
    assert len(fleet.writes()) == 1
    assert again.confirmed == again.device.changes


def test_a_retry_that_is_told_to_wait_is_looked_for_and_sent_again(fleet, failed):
    planned = fleet.plan("retry", lambda row: row.device_id == failed[0].device_id)
    fleet.emulator.fault("rate_limited", service="patch_retry", retry_after=0)
    (result,) = fleet.apply(planned)
    assert result.confirmed == result.device.changes
    calls = [(call.service, call.status) for call in fleet.emulator.calls]
    assert calls == [
        ("patch_list_all", 200), ("patch_retry", 429), ("patch_list_all", 200),
        ("patch_retry", 200), ("patch_list_all", 200),
    ]  # fmt: skip


def test_what_is_sent_and_not_there_when_read_back_is_unknown(fleet):
    """An answer that says OK and does nothing: the second list tells."""
    planned = fleet.plan("approve")
    fleet.emulator.fault("pretty", service="patch_approve", when="before")
    first, *others = fleet.apply(planned)
    assert [change for change, _ in first.unknown] == list(first.device.changes)
    assert all(reason.startswith("sent, and the list shows ") for _, reason in first.unknown)
    assert all(result.is_done for result in others)
    lines = [e.outcome for e in fleet.journal(planned) if e.device_id == first.device.device_id]
    assert lines == ["sent", *["unknown"] * len(first.unknown)]


def test_what_is_sent_and_cannot_be_read_back_is_unknown(fleet):
    planned = fleet.plan("approve")
    device = planned.devices[0]
    fleet.emulator.fault(
        "e2", service="patch_list_all", device=int(device.device_id), after=1, message="Busy"
    )
    first = fleet.apply(planned)[0]
    assert {reason for _, reason in first.unknown} == {
        "sent, and reading it back failed: N-able refuses: Busy"
    }
    true = fleet.true(device.device_id)
    assert {true[change.finding_id]["policy"] for change in device.changes} == {66}


def test_ctrl_c_leaves_the_line_that_it_was_sent(fleet):
    planned = fleet.plan("approve")

    def interrupt(request):
        if dict(request.query)["service"] == "patch_approve":
            raise KeyboardInterrupt

    fleet.source._client._wire = Watched(fleet.source._client._wire, interrupt)
    with pytest.raises(KeyboardInterrupt):
        fleet.apply(planned)
    assert [line.outcome for line in fleet.journal(planned)] == ["sent"]
    (left,) = fleet.store.journal.open("nsight")
    assert left.entry.device_id == planned.devices[0].device_id


@pytest.mark.full(group="calls of a long list", share=0.4)
@pytest.mark.parametrize("fault", ["forbidden", "server_error", "e1", "html", "reset"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_each_call_of_a_long_list_speaks_for_itself(fleet, fault, when):
    """The second of several calls fails: what the others did is confirmed, and read for it too."""
    planned = long_plan(fleet)
    (device,) = planned.devices
    parts = -(-planned.findings // 100)
    fleet.emulator.fault(fault, service="patch_inherit", after=1, times=None, when=when)
    try:
        (result,) = fleet.apply(planned)
    except Forbidden:
        result = None
    true = {number for number, row in fleet.true(device.device_id).items() if row["policy"] < 64}
    outcomes = {}
    for line in fleet.journal(planned):
        if line.outcome != "sent":
            outcomes.setdefault(line.outcome, []).extend(line.finding_ids)
    assert set(outcomes.get("confirmed", ())) == true, "what is done is said to be done"
    assert len(true) == (planned.findings if when == "after" else 100)
    assert not set(outcomes.get("failed", ())) & true
    if when == "after":
        assert result.is_done
        assert len(fleet.writes()) == parts
    elif result is not None:
        assert {change.finding_id for change in result.confirmed} == true
        assert len(result.failed) + len(result.unknown) == planned.findings - 100


def test_long_lists_go_out_in_several_calls(fleet):
    planned = long_plan(fleet)
    (result,) = fleet.apply(planned)
    assert len(result.confirmed) == planned.findings > 600
    sent = [call.params["patchids"].split(",") for call in fleet.writes()]
    assert len(sent) > 1
    assert [number for part in sent for number in part] == [c.finding_id for c in result.confirmed]


def long_plan(fleet):
    """Plan to take back what was set on every patch of a device that has hundreds."""
    fleet.emulator.reset(devices=1, customers=1, patches=700, exact_patches=True)
    fleet.sync()
    rows = fleet.rows()
    for start in range(0, len(rows), 100):
        ids = tuple(row.finding_id for row in rows[start : start + 100])
        assert fleet.source.change("ignore", rows[0].device_id, ids).is_done
    fleet.sync()
    return fleet.plan("inherit")
