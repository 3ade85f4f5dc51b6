"""Translation of N-able's statuses, policies and severities, case by case."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.fleet import NSightSource
from patchfleet.models import SEVERITIES, STATES
from patchfleet.nsight import NAble, Patch


def told(**fields):
    """Return the finding that a row with these fields becomes."""
    row = Patch(**{"patch_id": 1, "patch_title": "A", "policy": 2, "status": 1, **fields})

    class Told(NAble):
        def list_patches(self, deviceid):
            return [row]

    (finding,) = NSightSource(Told("us", "key")).findings_of("7")
    return finding


@pytest.mark.parametrize(
    ("status", "label", "state", "spoken"),
    [
        (1, "Missing", "missing", "1 Missing"),
        (2, "Pending", "pending", "2 Pending"),
        (4, "Installing", "installing", "4 Installing"),
        (4, None, "installing", "4 Queued"),
        (8, "Installed", "installed", "8 Installed"),
        (16, "Failed", "failed", "16 Failed"),
        (23, "Ignored", "ignored", "23 Ignored"),
        (32, None, "ignored", "32 Ignored"),
        (64, "Reboot Required", "reboot_required", "64 Reboot Required"),
        (0, None, "unknown", "0 Unknown (0)"),
        (128, "Deferred", "unknown", "128 Deferred"),
        (1, "Ausstehend", "missing", "1 Ausstehend"),
    ],
)
def test_states(status, label, state, spoken):
    finding = told(status=status, status_label=label)
    assert (finding.state, finding.vendor_status) == (state, spoken)


@pytest.mark.parametrize(
    ("policy", "decision", "own", "spoken"),
    [
        (1, "ignore", False, "1 Ignore"),
        (2, "approve", False, "2 Approve"),
        (4, "do_nothing", False, "4 Do Nothing"),
        (65, "ignore", True, "65 Ignore"),
        (66, "approve", True, "66 Approve"),
        (68, "do_nothing", True, "68 Do Nothing"),
        (0, "unknown", False, "0 Unknown (0)"),
        (64, "unknown", True, "64 Unknown (64)"),
        (3, "unknown", False, "3 Unknown (3)"),
        (80, "unknown", True, "80 Unknown (80)"),
    ],
)
def test_decisions(policy, decision, own, spoken):
    finding = told(policy=policy)
    assert (finding.decision, finding.is_own_decision) == (decision, own)
    assert finding.vendor_decision == spoken


@pytest.mark.parametrize(
    ("number", "label", "severity", "spoken"),
    [
        (1, "Critical", "critical", "Critical"),
        (2, "IMPORTANT", "important", "IMPORTANT"),
        (3, "Moderate", "moderate", "Moderate"),
        (4, "low", "low", "low"),
        (0, "Unspecified", "unspecified", "Unspecified"),
        (None, None, "unspecified", None),
        (3, None, "unspecified", "3"),
        (9, "Kritisch", "unspecified", "Kritisch"),
    ],
)
def test_severities(number, label, severity, spoken):
    """The words decide: the numbers are not documented."""
    patch = told(severity=number, severity_label=label).patch
    assert (patch.severity, patch.vendor_severity) == (severity, spoken)


@pytest.mark.parametrize(
    ("title", "kb"),
    [
        ("2026-11 Cumulative Update (KB5049981)", "5049981"),
        ("Update kb890830 and KB5049981", "890830"),
        ("KB 5049981", "5049981"),
        ("Firefox 145", None),
        ("KBABCDEFG", None),
        ("KB12", None),
    ],
)
def test_numbers_in_titles(title, kb):
    assert told(patch_title=title).patch.kb == kb


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.text(max_size=9), st.text(max_size=9))
def test_every_number_has_a_word_of_ours_and_keeps_its_own(status, policy, label, severity):
    finding = told(
        status=status, policy=policy, status_label=label or None, severity_label=severity or None
    )
    assert finding.state in STATES
    assert finding.decision in {"approve", "ignore", "do_nothing", "unknown"}
    assert finding.is_own_decision == bool(policy & 64)
    assert finding.patch.severity in SEVERITIES
    assert finding.vendor_status.split(" ", 1)[0] == str(status)
    assert finding.vendor_decision.split(" ", 1)[0] == str(policy)
    assert label in finding.vendor_status


@pytest.mark.parametrize("field", ["deployable", "uninstallable"])
@pytest.mark.parametrize("value", [True, False, None])
def test_what_can_be_done_with_a_patch(field, value):
    patch = told(**{field: value}).patch
    assert (patch.is_installable if field == "deployable" else patch.is_removable) is value


def test_when_it_was_installed():
    at = datetime(2024, 7, 31, 12, 5, tzinfo=UTC)
    finding = told(status=8, install_date=int(at.timestamp()))
    assert finding.installed_at == at
    assert told(status=8).installed_at is None


def test_equal_rows_share_what_they_say():
    """Memory grows with the catalogue, not with the devices."""
    first, second = (Patch(patch_id=n, patch_title="A", policy=2, status=1) for n in (1, 2))

    class Told(NAble):
        def list_patches(self, deviceid):
            return [first, second]

    one, two = NSightSource(Told("us", "key")).findings_of("7")
    assert one.patch is two.patch
    assert [one.id, two.id] == ["1", "2"]


def test_the_words_of_all_actions_are_calls(emulator, source, device):
    (row, *_) = source.findings_of(str(device))
    emulator.clear_calls()
    for action, service in {
        "approve": "patch_approve",
        "ignore": "patch_ignore",
        "do_nothing": "patch_do_nothing",
        "inherit": "patch_inherit",
        "retry": "patch_retry",
        "reprocess": "patch_reprocess",
    }.items():
        source.change(action, str(device), (row.id,))
        sent, *_, read_back = [call for call in emulator.calls if call.service != "list_clients"]
        assert (sent.service, sent.params["patchids"]) == (service, row.id)
        assert read_back.service == "patch_list_all"
        emulator.clear_calls()


def test_all_states_and_decisions_are_reached():
    reached = {
        (told(status=status, policy=policy).state, told(status=status, policy=policy).decision)
        for status, policy in product((1, 2, 4, 8, 16, 32, 64, 99), (1, 2, 4, 99))
    }
    assert {state for state, _ in reached} == set(STATES)
    assert len({decision for _, decision in reached}) == 4
