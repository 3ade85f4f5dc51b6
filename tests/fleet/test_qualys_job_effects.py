"""How a patch stands on an asset of Qualys: its lists, and what jobs did and will do."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from qualys_ground_truth import true_decisions, true_states
from qualys_reading import calling, listed, reading, states_of

from patchfleet.emulator import Emulator
from patchfleet.errors import NotFound, Unreadable
from patchfleet.fleet.sources.qualys.findings import Catalogue, Conditions, as_patch, patch_states
from patchfleet.fleet.sources.qualys.job_effects import PatchAttempt, PendingJob, attempts_of
from patchfleet.qualys import PMAsset, PMAssetJobView, PMJob, PMPatch
from patchfleet.qualys.records.values import Door

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"


def tried(view):
    """Return what a result says of each patch."""
    return dict(attempts_of(view, PMJob(id=A), Door(NOON)))


def compared(host):
    """Compare all findings with the subscription; count their states and decisions."""
    truth = host.emulator.ground_truth(vendor="qualys")
    with reading(host) as source:
        answers = listed(source)
    states = states_of(answers)
    assert states == true_states(truth)
    approved = {
        (device, finding.id)
        for device, findings in answers.items()
        for finding in findings
        if finding.decision == "approve"
    }
    assert approved == true_decisions(truth) & states.keys()
    return Counter([*states.values(), *("approved" for _ in approved)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_states_are_those_of_the_subscription_as_time_passes(seed):
    with Emulator(customers=2, devices=30, patches=40, seed=seed).running(https=True) as host:
        for hours in (0, 11, 24 * 6, 24 * 8, 24 * 30):
            host.emulator.advance(hours=hours)
            seen = compared(host)
            assert seen["missing"]
            assert seen["installed"]


def test_a_job_approves_installs_fails_and_waits_for_a_restart():
    with Emulator(customers=2, devices=40, patches=40, seed=4).running() as host:
        truth = host.emulator.ground_truth(vendor="qualys")
        assets = [one for one in truth["assets"] if one["platform"] == "Windows"]
        with calling(host) as client:
            job = client.create_job(
                "Windows",
                "Catch up",
                "Install",
                "On-demand",
                assetIds=[asset["uuid"] for asset in assets],
                approvedPatches=sorted({patch for asset in assets for patch in asset["missing"]}),
            )
            assert not compared(host)["approved"]
            client.change_job_status("Enabled", [job.id])
        course = [compared(host)]
        for minutes in (20, 20, 20, 20, 20, 20, 60, 24 * 60):
            host.emulator.advance(minutes=minutes)
            course.append(compared(host))
    assert course[0]["approved"] > course[-1]["approved"], "what ended is not to be done again"
    assert any(seen["reboot_required"] for seen in course)
    assert any(seen["failed"] for seen in course)
    assert course[-1]["missing"] < course[0]["missing"]


def test_a_rollback_is_no_reason_why_a_patch_is_missing():
    with (
        Emulator(customers=2, devices=30, patches=40, seed=4).running() as host,
        calling(host) as client,
    ):
        can_go = {patch.id for patch in client.get_patches("windows") if patch.isRollback}
        truth = host.emulator.ground_truth(vendor="qualys")
        asset = next(
            one
            for one in truth["assets"]
            if one["is_reporting"] and can_go.intersection(one["installed"])
        )
        patch = min(can_go.intersection(asset["installed"]))
        job = client.create_job(
            "Windows",
            "Take it back",
            "Rollback",
            "On-demand",
            assetIds=[asset["uuid"]],
            approvedPatches=[patch],
        )
        client.change_job_status("Enabled", [job.id])
        with reading(host) as source:
            host.emulator.advance(minutes=30)
            assert compared(host)["installed"]
            host.emulator.advance(days=1)
            compared(host)
            answers = listed(source)
    (finding,) = (one for one in answers[asset["uuid"]] if one.id == patch)
    assert (finding.state, finding.decision) == ("missing", "do_nothing")


def test_an_asset_that_leaves_something_out_is_an_error():
    asset = PMAsset(id=A, installedPatches=[B], missingPatches=[])
    assert patch_states(asset, {}) == {B: ("Installed", "")}
    for broken in (
        PMAsset(id=A, installedPatches=[B]),
        PMAsset(id=A, missingPatches=[B]),
        PMAsset(id=A, installedPatches=[], missingPatches=[B], missingPatchCount=2),
        PMAsset(id=A, installedPatches="none", missingPatches=[]),
        PMAsset(id=A, installedPatches=[None], missingPatches=[]),
    ):
        with pytest.raises(Unreadable, match=A):
            patch_states(broken, {})


def test_a_patch_in_both_lists_is_missing_and_says_so():
    asset = PMAsset(id=A, installedPatches=[B], missingPatches=[B])
    ((word, said),) = patch_states(asset, {}).values()
    condition = Conditions().of(word, said, is_approved=False)
    assert (condition.state, condition.vendor_status) == ("missing", "Missing; Installed")


def test_the_word_of_a_job_is_kept():
    asset = PMAsset(id=A, installedPatches=[], missingPatches=[B])
    view = PMAssetJobView(status="Job Failed", failed=[B], endDateTime_raw=NOON.timestamp() * 1000)
    ((word, said),) = patch_states(asset, tried(view)).values()
    condition = Conditions().of(word, said, is_approved=True)
    assert condition.state == "failed"
    assert condition.vendor_status == "Missing; Job Failed: failed"
    assert condition.vendor_decision == "named by an enabled job"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"success": [B]}, "missing"),
        ({"success": [B], "pendingReboot": 1}, "reboot_required"),
        ({"success": [B], "pendingReboot": True}, "reboot_required"),
        ({"failed": [B], "pendingReboot": 1}, "failed"),
        ({"notApplicable": [B]}, "missing"),
        ({}, "missing"),
    ],
)
def test_what_a_result_says_of_a_missing_patch(fields, expected):
    asset = PMAsset(id=A, installedPatches=[], missingPatches=[B])
    attempts = tried(PMAssetJobView(status="Completed", **fields))
    ((word, said),) = patch_states(asset, attempts).values()
    assert Conditions().of(word, said, is_approved=False).state == expected


def test_what_is_installed_is_so_whatever_a_job_said():
    asset = PMAsset(id=A, installedPatches=[B], missingPatches=[])
    assert patch_states(asset, {B: PatchAttempt(NOON, "Failed", "")}) == {B: ("Installed", "")}


@pytest.mark.parametrize(
    ("job", "is_for"),
    [
        ({"assets": A}, True),
        ({"assets": B}, False),
        ({"assets": A, "excluded": A}, False),
        ({"tags": "xz"}, True),
        ({"tags": "xz", "wants_all": True}, False),
        ({"tags": "xy", "wants_all": True}, True),
        ({"tags": "x", "all_tags": "z"}, False),
        ({"all_tags": "xy"}, True),
        ({"assets": A, "excluded_tags": "y"}, False),
        ({"assets": A, "excluded_tags": "yz", "excludes_all": True}, True),
        ({}, False),
    ],
)
def test_which_assets_a_job_is_for(job, is_for):
    given = {
        name: value
        if isinstance(value, bool)
        else frozenset([value] if name in {"assets", "excluded"} else value)
        for name, value in job.items()
    }
    tags = frozenset({"x", "y"})
    assert PendingJob(frozenset({B}), **given).is_for(A, tags) is is_for
    assert not PendingJob(frozenset({B}), **given, done_on=frozenset({A})).is_for(A, tags)


def test_a_patch_nobody_knows_is_a_finding_with_its_number():
    with (
        Emulator(customers=1, devices=8, patches=20, seed=2).running() as host,
        calling(host) as client,
    ):
        known = host.emulator.ground_truth(vendor="qualys")["patches"]
        linux = next(patch for patch in known if patch["platform"] == "Linux")
        catalogue = Catalogue(Door(NOON))
        assert catalogue.look_up(client, [linux["uuid"], A, "no-uuid"]) == 2
        assert catalogue.look_up(client, [linux["uuid"], A, "no-uuid"]) == 0
    assert catalogue.patches[linux["uuid"]].title == linux["title"]
    for number in (A, "no-uuid"):
        patch = catalogue.patches[number]
        assert (patch.title, patch.vendor_id) == (f"Qualys patch {number}", number)


def test_every_field_of_a_patch():
    patch = as_patch(
        B,
        PMPatch(
            title="Update",
            kb="KB5001001",
            cve=["CVE-2026-10001", "CVE-2026-10002"],
            product=["Windows", "Office"],
            vendorSeverity="Critical",
            publishedDate_raw=NOON.timestamp() * 1000,
            isSuperseded=True,
            rebootRequired=False,
            isRollback=True,
            vendorlink="https://vendor.example/5001",
        ),
        Door(NOON),
    )
    assert (patch.kb, patch.product, patch.severity) == ("5001001", "Windows, Office", "critical")
    assert (patch.released_at, patch.cves) == (NOON, ("CVE-2026-10001", "CVE-2026-10002"))
    assert (patch.is_superseded, patch.needs_reboot, patch.is_removable) == (True, False, True)
    assert (patch.vendor_id, patch.vendor_severity) == (B, "Critical")


def test_odd_types_do_not_spoil_a_patch():
    patch = as_patch(
        B,
        PMPatch(title=7, vendorSeverity=4, publishedDate_raw="Not Announced", isSuperseded="?"),
        Door(NOON),
    )
    assert (patch.title, patch.vendor_severity, patch.severity) == ("7", "4", "unspecified")
    assert (patch.released_at, patch.is_superseded) == (None, None)


def test_a_device_that_is_gone_is_an_error_of_its_own():
    with (
        Emulator(customers=1, devices=8, patches=20, seed=2).running() as host,
        reading(host) as source,
    ):
        first, second = source.inventory().devices[:2]
        gone = type(first)(id=A, site_id="", customer_id="", name="gone", kind="server")
        answers = {device.id: answer for device, answer in source.listings([first, gone, second])}
    assert isinstance(answers.pop(A), NotFound)
    assert {number for number, answer in answers.items() if answer.findings} == {
        first.id,
        second.id,
    }
