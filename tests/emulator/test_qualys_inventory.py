"""The emulated inventory over time: a change of a host moves its date, and dates can be wrong."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.qualys.inventory import InventoryCalls
from patchfleet.emulator.qualys.request import Request

HOUR = timedelta(hours=1)


@pytest.fixture
def emulator():
    emulator = Emulator(customers=2, devices=24, patches=20, seed=5)
    emulator.advance(days=3)
    return emulator


@pytest.fixture
def state(emulator):
    return emulator.qualys.state


def asked(emulator, path, since):
    """Return the hosts modified since a time, or their number."""
    calls = InventoryCalls(emulator.qualys.state)
    query = {"pageSize": "300", **({"lastModifiedDate": since.isoformat()} if since else {})}
    return calls.routes["POST", path][1](Request("POST", path, query=query, headers={}, raw=b""))


def modified(emulator, since=None):
    answer = asked(emulator, "/am/v1/assets/host/list", since)
    if answer.status == 204:
        assert asked(emulator, "/am/v1/assets/host/count", since)["count"] == 0
        return {}
    rows = json.loads(answer.body)["assetListData"]["asset"]
    assert asked(emulator, "/am/v1/assets/host/count", since)["count"] == len(rows)
    return {row["assetId"]: row for row in rows}


def silent(state):
    """Return an asset that no scan touches."""
    return next(asset for asset in state.assets.values() if not asset.is_reporting)


CHANGES = {
    "serial": lambda asset, at: asset.describe(at, serial="OTHER"),
    "name": lambda asset, at: asset.describe(at, name="OTHER"),
    "user": lambda asset, at: asset.describe(at, user="other"),
    "tags": lambda asset, at: asset.tag(set(), at),
    "boot": lambda asset, at: asset.restart(at),
    "patch": lambda asset, at: asset.uninstall(next(iter(asset.installed)), at),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_moves_the_date_and_no_other_host_s(emulator, state, change):
    asset, before = silent(state), modified(emulator)
    change(asset, emulator.now)
    after = modified(emulator)
    dates = {number for number, row in after.items() if row["lastModifiedDate"] !=
             before[number]["lastModifiedDate"]}  # fmt: skip
    assert dates == {asset.asset_id} == set(modified(emulator, emulator.now))


def test_a_scan_moves_the_date(emulator):
    began = emulator.now
    emulator.advance(days=1)
    reporting = {one.asset_id for one in emulator.qualys.state.assets.values() if one.is_reporting}
    assert reporting <= set(modified(emulator, began))


def test_who_comes_is_new_and_who_goes_shows_in_the_count_alone(emulator, state):
    asset, before = silent(state), modified(emulator)
    added = state.add_asset(replace(asset.machine, number=9_999, name="NEW"), emulator.now)
    assert set(modified(emulator, emulator.now)) == {added.asset_id}
    state.remove_asset(added)
    assert modified(emulator, emulator.now) == {}
    assert modified(emulator) == before


def test_a_date_may_lie(emulator, state):
    asset, before = silent(state), modified(emulator)
    asset.describe(asset.changed_at, serial="OTHER")
    assert modified(emulator, emulator.now - HOUR).keys().isdisjoint({asset.asset_id})
    host = modified(emulator)[asset.asset_id]
    assert host["biosSerialNumber"] == "OTHER"
    assert host["lastModifiedDate"] == before[asset.asset_id]["lastModifiedDate"]


def test_patches_count_those_that_are_left(emulator, state):
    state.settle_all()
    counts = {n: (one.missing_count, one.installed_count) for n, one in state.patches.items()}
    machine = replace(silent(state).machine, number=9_999, name="NEW")
    state.add_asset(machine, emulator.now)
    emulator.advance(minutes=1)
    state.settle_all()
    state.remove_asset(next(one for one in state.assets.values() if one.name == "NEW"))
    assert {n: (one.missing_count, one.installed_count) for n, one in state.patches.items()
            if n in counts} == counts  # fmt: skip
