"""Patch lists: typed, complete, the same however the vendor happens to write them."""

import csv
import io
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from patchfleet.errors import Rejected, Unreadable
from patchfleet.nsight import Patch
from patchfleet.nsight.operations.patches import list_patches, read_patches
from patchfleet.transport.messages import Request, Response

Read = Callable[[str], Response]

WIRE_NAMES = [
    "patchid",
    "policy",
    "status",
    "policyLabel",
    "patchicon",
    "selectpatch",
    "statusLabel",
    "patchUrl",
    "patchTitle",
    "product",
    "severity",
    "severityLabel",
    "releaseDate",
    "releaseDateText",
    "installdate",
    "installDateText",
    "deployable",
    "uninstallable",
]

PENDING = {
    "patchid": 700101,
    "policy": 66,
    "status": 2,
    "policyLabel": "Approve",
    "patchicon": "aw-image-patch-pending",
    "selectpatch": "checkshow",
    "statusLabel": "Pending",
    "patchUrl": "https://example.invalid/kb",
    "patchTitle": "2025-01 Cumulative Update for Windows 10 (KB5049981)",
    "product": "Windows 10",
    "severity": 1,
    "severityLabel": "Critical",
    "releaseDate": 1736812800,
    "releaseDateText": "14-Jan-2025",
    "installdate": None,
    "installDateText": None,
    "deployable": True,
    "uninstallable": False,
}
INSTALLED = {
    "patchid": 700102,
    "policy": 4,
    "status": 8,
    "policyLabel": "Do Nothing",
    "patchicon": "aw-image-patch-installed",
    "selectpatch": "checkhide",
    "statusLabel": "Installed",
    "patchUrl": "https://example.invalid/acc?a=1&b=2",
    "patchTitle": "Comptabilité & Co <façade> 9.1",
    "product": "Comptabilité",
    "severity": 3,
    "severityLabel": "Moderate",
    "releaseDate": 1722384000,
    "releaseDateText": "31-Jul-2024",
    "installdate": 1722470400,
    "installDateText": "01-Aug-2024 00:00",
    "deployable": True,
    "uninstallable": True,
}
IGNORED = {
    "patchid": 700103,
    "policy": 65,
    "status": 32,
    "policyLabel": "Ignore",
    "patchicon": "aw-image-patch-ignored",
    "selectpatch": "checkshow",
    "statusLabel": "Ignored",
    "patchUrl": None,
    "patchTitle": '=HYPERLINK("x") 2',
    "product": "Office",
    "severity": 0,
    "severityLabel": "Unspecified",
    "releaseDate": None,
    "releaseDateText": None,
    "installdate": None,
    "installDateText": None,
    "deployable": False,
    "uninstallable": False,
}

SAME = [
    "many",
    "many_escaped",
    "many_utf8",
    "many_no_declaration",
    "many_no_encoding",
    "many_pretty",
    "many_trailing_blanks",
    "many_upper_case",
    "many_lower_case",
    "many_another_order",
    "many_mixed_layout",
]


@pytest.mark.parametrize("case", SAME)
def test_however_it_is_written_it_says_the_same(case: str, reply: Read) -> None:
    patches = read_patches(reply(f"patch_list_all/{case}"))
    assert [dict(patch) for patch in patches] == [PENDING, INSTALLED, IGNORED]
    assert all(type(patch) is Patch for patch in patches)


def test_the_request() -> None:
    operation = list_patches(700002)
    assert operation.name == "patch_list_all"
    assert operation.repeatable
    assert operation.request == Request(
        path="/api/", query=(("service", "patch_list_all"), ("deviceid", "700002"))
    )


@pytest.mark.parametrize(
    ("case", "count"), [("none", 0), ("none_open_close", 0), ("one", 1), ("many", 3)]
)
def test_none_one_and_many_are_a_list(case: str, count: int, reply: Read) -> None:
    patches = read_patches(reply(f"patch_list_all/{case}"))
    assert isinstance(patches, list)
    assert len(patches) == count


def test_a_record_reads_as_object_and_as_mapping(reply: Read) -> None:
    patch = read_patches(reply("patch_list_all/one"))[0]
    assert patch.patch_id == patch["patchid"] == patch["PatchID"] == patch["patch_id"] == 700101
    assert patch.patch_title == patch["patchTitle"] == patch["patchtitle"]
    assert patch.get("installDateText") is None
    assert patch.get("nothing") is None
    assert patch.get("nothing", "else") == "else"
    with pytest.raises(KeyError, match="nothing"):
        patch["nothing"]
    assert "patchTitle" in patch
    assert "patchtitle" in patch
    assert "nothing" not in patch
    assert 700101 not in patch
    assert list(patch) == patch.keys() == WIRE_NAMES
    assert len(patch) == len(dict(patch)) == len(patch.items()) == 18
    assert {**patch} == dict(patch)


def test_a_record_can_be_written_as_a_table(reply: Read) -> None:
    patches = read_patches(reply("patch_list_all/many"))
    table = io.StringIO()
    writer = csv.DictWriter(table, patches[0].keys())
    writer.writerows([dict(patch) for patch in patches])
    assert table.getvalue().startswith("700101,66,2,Approve,")


def test_a_record_survives_a_pickle(reply: Read) -> None:
    patches = read_patches(reply("patch_list_all/unknown_elements"))
    assert pickle.loads(pickle.dumps(patches)) == patches


def test_unknown_elements_are_kept_under_their_own_names(reply: Read) -> None:
    (patch,) = read_patches(reply("patch_list_all/unknown_elements"))
    assert patch.extra == {
        "cveList": "CVE-2025-0001",
        "rollout": '<rollout ring="2"><stage>pilot</stage></rollout>',
    }
    assert patch["cveList"] == patch["CVELIST"] == "CVE-2025-0001"
    assert dict(patch) == PENDING | patch.extra


def test_malformed_values_do_not_stop_a_list_and_stay_readable(reply: Read) -> None:
    (patch,) = read_patches(reply("patch_list_all/bad_dates"))
    assert patch.severity is None
    assert patch["severity"] == "high"
    assert patch.extra == {"severity": "high", "releaseDate": "soon"}
    assert patch["releaseDateText"] == "31-Foo-2024"
    assert patch.released_at is None
    assert patch.installed_at is None, "a number no calendar holds, and the placeholder"
    assert len(patch) == len(dict(patch)) == 18


def test_unknown_numbers_survive_with_the_wires_label(reply: Read) -> None:
    labelled, bare = read_patches(reply("patch_list_all/unknown_ids"))
    assert (labelled.policy, labelled.policy_name, labelled.choice) == (80, "Quarantine", None)
    assert labelled.is_set_by_user
    assert (labelled.status, labelled.status_name) == (128, "Deferred")
    assert (bare.policy, bare.policy_name, bare.choice) == (16, "Unknown (16)", None)
    assert not bare.is_set_by_user
    assert (bare.status, bare.status_name) == (23, "Ignored"), "what the existing wrapper says"


@pytest.mark.parametrize(
    ("policy", "choice", "by_user", "name"),
    [
        (1, "ignore", False, "Ignore"),
        (65, "ignore", True, "Ignore"),
        (2, "approve", False, "Approve"),
        (66, "approve", True, "Approve"),
        (4, "do_nothing", False, "Do Nothing"),
        (68, "do_nothing", True, "Do Nothing"),
        (0, None, False, "Unknown (0)"),
        (64, None, True, "Unknown (64)"),
        (72, None, True, "Unknown (72)"),
    ],
)
def test_a_policy_is_a_choice_and_who_made_it(
    policy: int, choice: str | None, by_user: bool, name: str
) -> None:
    patch = Patch(patch_id=1, policy=policy, status=1)
    assert (patch.choice, patch.is_set_by_user, patch.policy_name) == (choice, by_user, name)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (1, "Missing"),
        (2, "Pending"),
        (4, "Queued"),
        (8, "Installed"),
        (16, "Failed"),
        (23, "Ignored"),
        (32, "Ignored"),
        (64, "Reboot Required"),
        (3, "Unknown (3)"),
    ],
)
def test_a_status_has_a_word(status: int, name: str) -> None:
    assert Patch(patch_id=1, policy=1, status=status).status_name == name
    labelled = Patch(patch_id=1, policy=1, status=status, status_label="Installing")
    assert labelled.status_name == "Installing", "the wire's own label comes first"


def test_times_and_kb(reply: Read) -> None:
    pending, installed, ignored = read_patches(reply("patch_list_all/many"))
    assert pending.kb == "5049981"
    assert installed.kb is None
    assert pending.released_at == datetime(2025, 1, 14, tzinfo=UTC)
    assert installed.installed_at == datetime(2024, 8, 1, tzinfo=UTC)
    assert (pending.installed_at, ignored.released_at) == (None, None)


@pytest.mark.parametrize("case", ["no_number", "no_status"])
def test_a_row_that_cannot_be_told_apart_stops_the_list(case: str, reply: Read) -> None:
    with pytest.raises(Unreadable):
        read_patches(reply(f"patch_list_all/{case}"))


def test_an_empty_result_is_not_an_empty_list(reply: Read) -> None:
    with pytest.raises(Unreadable, match="root is <result>, not <patches>"):
        read_patches(reply("patch_list_all/result_root"))


def test_an_unknown_device_is_an_error(reply: Read) -> None:
    with pytest.raises(Rejected, match="Invalid value for parameter: deviceid") as caught:
        read_patches(reply("patch_list_all/unknown_device"))
    assert (caught.value.code, caught.value.parameter) == (4, "deviceid")
    assert caught.value.hint == "the id does not exist, or this key may not see it"


def test_values_that_msgspec_cannot_type_never_reach_the_caller_untyped(reply: Read) -> None:
    for case in SAME:
        for patch in read_patches(reply(f"patch_list_all/{case}")):
            typed: list[Any] = [patch.patch_id, patch.policy, patch.status]
            assert all(type(value) is int for value in typed)
            assert type(patch.deployable) is bool
