import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from patchfleet.emulator import DEFAULT_START, Emulator
from patchfleet.emulator.catalogue import Catalogue
from patchfleet.emulator.product_lines import LINES
from patchfleet.emulator.seeded_random import scatter

from .nsight_calls import devices

_LIFE = """
import hashlib, json, sys
from patchfleet.emulator import Emulator
emulator = Emulator(devices=12, customers=3, seed=5)
emulator.advance(days=9, hours=5)
sink = hashlib.sha256(json.dumps(emulator.ground_truth()).encode())
for customer in emulator.ground_truth()["customers"]:
    for site in customer["sites"]:
        for device in site["devices"]:
            for service in ("patch_list_all", "list_device_asset_details", "list_checks"):
                pairs = [("apikey", emulator.api_key), ("service", service),
                         ("deviceid", str(device["deviceid"]))]
                sink.update(emulator.handle("GET", "/api/", pairs).body)
print(sink.hexdigest())
"""


@pytest.fixture(scope="module")
def truth():
    return Emulator().ground_truth()


def test_two_processes_make_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", _LIFE],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path), "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed, zone in (("1", "UTC"), ("77", "Asia/Tokyo"))
    }
    assert len(digests) == 1


def test_another_seed_makes_another_world():
    first, second = (Emulator(devices=5, patches=20, seed=seed) for seed in (1, 2))
    assert first.api_key != second.api_key
    assert first.ground_truth() != second.ground_truth()


def test_the_default_world_has_the_promised_size(truth):
    rows = [len(device["patches"]) for device in devices(truth)]
    assert len(truth["customers"]) == 6
    assert len(rows) == 60
    assert 11_000 < sum(rows) < 13_000
    assert all(2 <= len(customer["sites"]) <= 3 for customer in truth["customers"])
    sizes = sorted(sum(len(s["devices"]) for s in c["sites"]) for c in truth["customers"])
    assert sizes[0] >= 1
    assert sizes[-1] >= 3 * sizes[0]


def test_the_history_is_believable(truth):
    rows = [row for device in devices(truth) for row in device["patches"]]
    share = Counter(row["status"] for row in rows)
    assert share[8] > 0.85 * len(rows)
    assert all(share[status] >= 5 for status in (1, 2, 16, 32, 64))
    now = datetime.fromisoformat(truth["now"])
    ages = [now - datetime.fromisoformat(row["released_at"]) for row in rows]
    assert min(ages) >= timedelta(0)
    assert max(ages) > timedelta(days=1000)
    for row in rows:
        if row["installed_at"]:
            assert row["released_at"] < row["installed_at"] < truth["now"]
            assert row["status"] in (8, 64)


def test_critical_patches_are_long_overdue_at_one_customer(truth):
    cut = (datetime.fromisoformat(truth["now"]) - timedelta(days=30)).isoformat()
    overdue = Counter(
        customer["name"]
        for customer in truth["customers"]
        for device in devices({"customers": [customer]})
        for row in device["patches"]
        if row["status"] == 1 and row["severity"] == "Critical" and row["released_at"] < cut
    )
    assert overdue.most_common(1)[0][1] >= 30


def test_every_kind_of_machine_is_there(truth):
    kinds = Counter((device["kind"], device["platform"]) for device in devices(truth))
    assert kinds["server", "windows"] >= 5
    assert kinds["workstation", "windows"] >= 25
    assert any(platform != "windows" for _, platform in kinds)
    assert any(device["silent_days"] for device in devices(truth))
    assert all(not device["patches"] for device in devices(truth) if not device["is_managed"])


def test_no_number_is_used_twice(truth):
    patchids = [row["patchid"] for device in devices(truth) for row in device["patches"]]
    assert len(set(patchids)) == len(patchids)
    assert all(6 <= len(str(patchid)) <= 8 for patchid in patchids)
    deviceids = [device["deviceid"] for device in devices(truth)]
    assert len(set(deviceids)) == 60
    assert all(6 <= len(str(deviceid)) <= 7 for deviceid in deviceids)


def test_a_device_has_a_patch_once(truth):
    for device in devices(truth):
        known = [(row["title"], row["released_at"]) for row in device["patches"]]
        assert len(set(known)) == len(known), device["name"]


def test_titles_test_the_reader(truth):
    titles = {row["title"] for device in devices(truth) for row in device["patches"]}
    assert any(title.startswith("=") for title in titles)
    for sign in '®éü&<"':
        assert any(sign in title for title in titles), sign
    for title in titles:
        title.encode("latin-1")
    assert {row["is_deployable"] for d in devices(truth) for row in d["patches"]} == {True, False}


def test_exactly_so_many_rows_on_windows_everywhere():
    exact = Emulator(devices=9, patches=37, exact_patches=True).ground_truth()
    assert [len(device["patches"]) for device in devices(exact)] == [37] * 9
    assert {device["platform"] for device in devices(exact)} == {"windows"}


@pytest.mark.parametrize("patches", [0, 1, 2, 600])
def test_small_and_large_lists(patches):
    exact = Emulator(devices=3, patches=patches, exact_patches=True).ground_truth()
    assert [len(device["patches"]) for device in devices(exact)] == [patches] * 3


@pytest.mark.parametrize(
    "settings",
    [{"customers": 0}, {"devices": -1}, {"patches": -1}, {"blocked_agents": "("},
     {"non_windows": "maybe"}, {"start": datetime(2026, 1, 1)}],  # noqa: DTZ001
)  # fmt: skip
def test_settings_that_make_no_world_are_refused(settings):
    with pytest.raises(ValueError):
        Emulator(**settings)


def test_more_customers_than_devices():
    truth = Emulator(customers=30, devices=4, patches=3).ground_truth()
    assert len({customer["name"] for customer in truth["customers"]}) == 30
    assert len(list(devices(truth))) == 4


def test_the_start_can_be_set():
    start = datetime(2025, 3, 1, tzinfo=UTC)
    emulator = Emulator(devices=2, patches=5, start=start)
    assert emulator.now == start
    released = [
        row["released_at"] for d in devices(emulator.ground_truth()) for row in d["patches"]
    ]
    assert max(released, default="") <= start.isoformat()


@pytest.mark.parametrize("line", list(LINES))
def test_releases_are_the_same_however_they_are_asked_for(line):
    begin, end = DEFAULT_START - timedelta(days=800), DEFAULT_START + timedelta(days=400)
    whole = Catalogue(3).released(line, begin, end)
    parts, catalogue = [], Catalogue(3)
    while begin < end:
        parts += catalogue.released(line, begin, begin + timedelta(days=11))
        begin += timedelta(days=11)
    parts = [patch for patch in parts if patch.released_at <= end]
    assert [patch.title for patch in parts] == [patch.title for patch in whole]
    assert len(whole) >= 3
    assert [patch.released_at for patch in whole] == sorted(p.released_at for p in whole)


def test_scatter_never_meets_itself():
    assert len({scatter(number, 100, 10_099) for number in range(9_999)}) == 9_999
    with pytest.raises(ValueError, match="no more ids"):
        scatter(9_999, 100, 10_099)


def test_the_truth_is_plain_json(truth):
    assert json.loads(json.dumps(truth)) == truth
    assert len(hashlib.sha256(json.dumps(truth).encode()).hexdigest()) == 64
