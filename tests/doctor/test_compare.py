"""Every kind of difference is found, with its line of the page; the emulator has none to itself."""

from functools import partial

import pytest
from recordings import recording_of

from patchfleet.doctor import READ_LISTS, Recording, compare
from patchfleet.doctor.recording import Answers
from patchfleet.doctor.shape import Shape
from patchfleet.doctor.shaping import Shaper
from patchfleet.doctor.vocabulary import NSIGHT, QUALYS
from patchfleet.emulator import Emulator


def differences(seen, baseline):
    return compare(seen, baseline, READ_LISTS).differences


@pytest.mark.full(share=0.4)
@pytest.mark.parametrize("seed", [5, 7, 11, 23])
def test_another_world_of_the_emulator_is_no_difference(recorded, baseline, seed):
    assert differences(recorded(seed=seed), baseline) == []


def test_a_recording_does_not_differ_from_itself(baseline):
    comparison = compare(baseline, baseline, READ_LISTS)
    assert comparison.differences == []
    assert {vendor for vendor, _, _ in comparison.not_seen} <= {"nsight", "qualys"}


def of_patches(*patches):
    """Return a recording of N-sight with one more answer to list_patches."""
    from xml.etree.ElementTree import fromstring

    shaper = Shaper(NSIGHT)
    rows = "".join(
        f"<patch>{''.join(f'<{name}>{text}</{name}>' for name, text in row.items())}</patch>"
        for row in patches
    )
    from patchfleet.doctor.answer import _document

    shape = _document(fromstring(f"<patches>{rows}</patches>"), shaper)
    answers = Answers(works=1, calls=1, statuses={"200": 1}, outcomes={"read": 1}, success=shape)
    return Recording({"nsight": {"list_patches": answers}})


PATCH = {
    "patchid": "14271672", "policy": "4", "policyLabel": "Do Nothing",
    "patchicon": "aw-image-patch-installed", "status": "8", "selectpatch": "checkhide",
    "statusLabel": "Installed", "patchUrl": "https://example.invalid/", "patchTitle": "A title",
    "product": "Windows", "severity": "0", "severityLabel": "Unspecified",
    "releaseDate": "1702400400", "releaseDateText": "12-Dec-2023", "installdate": "1703668860",
    "installDateText": "27-Dec-2023 09:21", "deployable": "1", "uninstallable": "0",
}  # fmt: skip


def of_list_patches(seen, baseline):
    return [one for one in differences(seen, baseline) if one.read == "list_patches"]


def test_a_documented_patch_is_no_difference(baseline):
    assert of_list_patches(of_patches(PATCH), baseline) == []


@pytest.mark.parametrize(
    ("change", "path", "seen", "by", "line"),
    [
        ({"status": "128"}, "status", "code 128", "both",
         "whether there are more than the seven statuses"),
        ({"statusLabel": "Quarantined"}, "statusLabel", "1 words that are not listed", "both",
         "whether there are more than the seven statuses"),
        ({"severity": "1", "severityLabel": "Low"}, "severity & severityLabel", "1 Low",
         "emulator", "what severity numbers mean"),
        ({"policy": "130"}, "policy", "code 130", "both",
         "labels of policies that were set on the device"),
        ({"releaseDateText": "12/31/2023"}, "releaseDateText", "ASCII text", "parser",
         "the time zone of dates like `31-Jul-2024`"),
        ({"rebootRequired": "1"}, "rebootRequired", "sent in 1 of 1: 0 or 1", "both",
         "names, case and order of the elements after `severity`"),
        ({"patchid": "none"}, "patchid", "no value: none", "emulator",
         "names, case and order of the elements after `severity`"),
        ({"deployable": "yes"}, "deployable", "word", "parser",
         "names, case and order of the elements after `severity`"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_each_news_of_a_patch_is_a_row(baseline, change, path, seen, by, line):
    rows = [
        one
        for one in of_list_patches(of_patches(PATCH | change), baseline)
        if one.path == f"patches.patch.{path}"
    ]
    found = [(row.seen, row.assumed_by, row.settles) for row in rows]
    assert (seen, by, line) in found


def test_a_field_that_is_never_sent_is_a_row(baseline):
    less = {name: text for name, text in PATCH.items() if name != "patchid"}
    rows = [
        (one.seen, one.assumed, one.assumed_by)
        for one in of_list_patches(of_patches(less), baseline)
    ]
    assert ("never sent in 1", "always sent", "emulator") in rows
    assert ("missing in 1 of 1", "in every record", "parser") in rows


def of_json(read, value, status="200", headers=(), **more):
    shaper = Shaper(QUALYS)
    shape = {"success": shaper.of_json(value)} if status == "200" else {
        "failure": shaper.of_json(value)
    }  # fmt: skip
    answers = Answers(
        works=1, calls=1, statuses={status: 1}, headers=dict.fromkeys(headers, Shape()),
        **{"outcomes": {"read": 1}, **shape, **more},
    )  # fmt: skip
    return Recording({"qualys": {read: answers}})


def rows_of(baseline, *asked, **more):
    return {(one.read, one.path): one for one in differences(of_json(*asked, **more), baseline)}


def test_statuses_outcomes_and_headers_are_rows(baseline):
    rows = rows_of(
        baseline, "get_asset_count", {"oops": 1}, "410", headers=["x-ratelimit-limit"],
        outcomes={"Rejected": 1},
    )  # fmt: skip
    status = rows["get_asset_count", "status of the answer"]
    assert (status.seen, status.assumed) == ("410 (1 times)", "200")
    assert status.settles == "whether an asset's count exists, and counts what is listed"
    assert rows["get_asset_count", "result of reading of the answer"].seen == "Rejected (1 times)"
    header = rows["every read", "header x-ratelimit-limit"]
    assert header.seen == "sent"
    assert header.settles == "how many calls are allowed, and how long to wait"


def test_kinds_of_json_are_rows(baseline):
    row = partial(rows_of, baseline)
    job = {"id": 7, "tags": {}, "status": "Half-way", "created": {"date": "tomorrow"}}
    rows = row("list_jobs", [job])
    assert rows["list_jobs", "[].id"].assumed_by in {"parser", "emulator"}
    assert rows["list_jobs", "[].tags"].seen == "object"
    assert rows["list_jobs", "[].status"].settles.startswith("status words of jobs")
    assert rows["list_jobs", "[].created.date"].seen == "word"
    single = row("get_all_assets", {"assetListData": {"asset": {"assetId": [1]}}})
    assert single["get_all_assets", "assetListData.asset"].seen == "object"
    assert single["get_all_assets", "assetListData.asset[].assetId"].assumed_by == "parser"


def test_reads_without_an_answer_are_named(baseline):
    seen = of_json("get_version", {"appVersion": "3.12.0.0-7"})
    comparison = compare(seen, baseline, READ_LISTS)
    missing = {(vendor, read) for vendor, read, _ in comparison.not_seen}
    assert ("nsight", "every read") in missing
    assert ("qualys", "list_jobs") in missing
    assert ("qualys", "get_version") not in missing


@pytest.mark.parametrize(
    "fault", ["lower_dates", "no_declaration", "unknown_elements", "unknown_fields"]
)
def test_faults_of_the_emulator_are_differences(baseline, fault):
    emulator = Emulator(customers=3, devices=20, patches=40, seed=7)
    emulator.fault(fault, times=None)
    assert differences(recording_of(emulator), baseline)
