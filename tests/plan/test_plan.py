"""What an action would change, and why not: as a table; and a plan in the order it was asked."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.models import STATES
from patchfleet.plan import plan
from patchfleet.plan.plan import no_op_reason
from patchfleet.store.queries import FindingRow

NOW = datetime(2026, 11, 17, 6, 0, 5, tzinfo=UTC)
ACTIONS = ("approve", "ignore", "do_nothing", "inherit", "retry", "reprocess")
DECISIONS = ("approve", "ignore", "do_nothing", "unknown")
INSTALLED = {"installed", "reboot_required"}

TABLE = {
    # action: (state, decision, own) -> why not, for every state that is open and not failed
    "approve": {"approve": ("approved already", "approved already")},
    "ignore": {"ignore": (None, "set to ignore already")},
    "do_nothing": {"do_nothing": (None, "set to do nothing already")},
}
"""By action and decision that already is: inherited, and set on the device itself."""


def expected(action, state, decision, own):
    """Say the whole table once more, in other words."""
    if action in {"retry", "reprocess"}:
        return None if state == "failed" else f"not failed ({state.replace('_', ' ')})"
    if action == "inherit":
        return None if own else "inherited already"
    if state in INSTALLED:
        return "installed already"
    if (action, decision, state) == ("approve", "approve", "failed"):
        return "failed: use retry"
    return TABLE[action].get(decision, (None, None))[own]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_whole_table(action):
    for state, decision, own in product(STATES, DECISIONS, (False, True)):
        case = (state, decision, own)
        assert no_op_reason(action, *case) == expected(action, *case), case


@pytest.mark.parametrize(
    ("action", "state", "decision", "own", "reason"),
    [
        ("approve", "missing", "do_nothing", False, None),
        ("approve", "ignored", "ignore", True, None),
        ("approve", "pending", "approve", True, "approved already"),
        ("approve", "pending", "do_nothing", False, None),
        ("approve", "failed", "do_nothing", False, None),
        ("approve", "failed", "approve", True, "failed: use retry"),
        ("approve", "installed", "do_nothing", False, "installed already"),
        ("approve", "reboot_required", "approve", True, "installed already"),
        ("approve", "unknown", "unknown", False, None),
        ("ignore", "failed", "approve", True, None),
        ("ignore", "ignored", "ignore", False, None),
        ("ignore", "ignored", "ignore", True, "set to ignore already"),
        ("do_nothing", "pending", "approve", True, None),
        ("inherit", "installed", "approve", True, None),
        ("inherit", "missing", "do_nothing", False, "inherited already"),
        ("retry", "failed", "approve", False, None),
        ("retry", "reboot_required", "approve", False, "not failed (reboot required)"),
        ("reprocess", "pending", "approve", False, "not failed (pending)"),
    ],
)
def test_cases_somebody_would_look_up(action, state, decision, own, reason):
    assert no_op_reason(action, state, decision, own) == reason


def row(number, device="d1", state="missing", decision="do_nothing", own=False, **fields):
    known = {
        "source": "nsight", "customer_id": "c1", "customer": "Acme", "site_id": "s1",
        "site": "Main", "device_id": device, "device": device.upper(), "kind": "server",
        "finding_id": str(number), "patch_id": number, "patch": f"Patch {number}",
        "product": None, "kb": None, "severity": "critical", "vendor_severity": None,
        "state": state, "decision": decision, "is_own_decision": own, "vendor_status": "",
        "vendor_decision": "", "released_at": None, "installed_at": None, "first_seen_at": NOW,
        "changed_at": NOW, "scanned_at": NOW, "age_days": None, "is_installable": True,
        "is_removable": None, "url": None,
    }  # fmt: skip
    return FindingRow(**{**known, **fields})


def made(action, *rows):
    return plan(action, "nsight", rows, as_of=NOW - timedelta(hours=1), now=NOW)


def test_devices_stand_together_in_the_order_they_were_given():
    planned = made(
        "approve", row(5, "d2"), row(1, "d1"), row(4, "d2"), row(9, "d3", "installed"), row(2, "d1")
    )
    assert [(d.device_id, [c.finding_id for c in d.changes]) for d in planned.devices] == [
        ("d2", ["5", "4"]),
        ("d1", ["1", "2"]),
    ]
    assert planned.findings == 4
    assert [(s.device, s.patch, s.reason) for s in planned.skipped] == [
        ("D3", "Patch 9", "installed already")
    ]
    assert (planned.source, planned.action, planned.made_at) == ("nsight", "approve", NOW)
    assert planned.as_of == NOW - timedelta(hours=1)


def test_a_change_keeps_what_it_was_planned_from():
    (device,) = made("ignore", row(7, state="failed", decision="approve", own=True)).devices
    (change,) = device.changes
    assert (change.finding_id, change.patch) == ("7", "Patch 7")
    assert (change.state, change.decision, change.is_own_decision) == ("failed", "approve", True)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("installable", [True, False, None])
def test_what_cannot_be_installed_is_not_approved(action, installable):
    """Approve leaves such a patch as it is [D: approve_patch.htm]; the others do not install."""
    planned = made(action, row(1, state="failed", own=True, is_installable=installable))
    reasons = [skipped.reason for skipped in planned.skipped]
    if action == "approve" and installable is False:
        assert reasons == ["cannot be installed automatically"]
    else:
        assert "cannot be installed automatically" not in reasons


def test_nothing_is_a_plan_too():
    planned = made("approve")
    assert (planned.devices, planned.skipped, planned.findings) == ((), (), 0)


def test_plans_made_in_one_second_have_names_of_their_own():
    names = {made("approve").id for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("20261117T060005-") for name in names)


rows = st.builds(
    row,
    st.integers(1, 99),
    st.sampled_from(["d1", "d2", "d3"]),
    st.sampled_from(STATES),
    st.sampled_from(DECISIONS),
    st.booleans(),
    is_installable=st.sampled_from([True, False, None]),
)


@given(st.sampled_from(ACTIONS), st.lists(rows))
def test_everything_asked_for_is_changed_or_left_alone_with_a_reason(action, asked):
    planned = made(action, *asked)
    assert planned.findings + len(planned.skipped) == len(asked)
    changed = [(d.device_id, c.finding_id) for d in planned.devices for c in d.changes]
    left = [(s.device.lower(), s.patch.split()[1]) for s in planned.skipped]
    assert sorted(changed + left) == sorted((r.device_id, r.finding_id) for r in asked)
    assert all(skipped.reason for skipped in planned.skipped)
    assert len({d.device_id for d in planned.devices}) == len(planned.devices)
