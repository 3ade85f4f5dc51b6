"""Machines that are hard to match: added on request, with nothing else changed."""

import hashlib
import json
from collections import Counter, defaultdict

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.near_duplicates import PLACEHOLDERS

from .nsight_calls import ask, devices, tree

KINDS = {
    "re-imaged", "renamed", "cloned", "one serial", "shared hostname", "placeholder serial"
}  # fmt: skip


@pytest.fixture(scope="module")
def emulator():
    return Emulator(customers=3, devices=20, patches=10, seed=3, lookalikes=4)


def entries(emulator):
    """Return the entries of both vendors by machine."""
    found = defaultdict(lambda: ([], []))
    for device in devices(emulator.ground_truth()):
        found[device["machine"]][0].append(device)
    for asset in emulator.ground_truth(vendor="qualys")["assets"]:
        found[asset["machine"]][1].append(asset)
    return found


def of_kind(emulator, kind):
    return {
        machine: (ours, theirs)
        for machine, (ours, theirs) in entries(emulator).items()
        if any(one["look_alike"] == kind for one in (*ours, *theirs))
    }


def test_there_are_as_many_of_each_kind_as_were_asked_for(emulator):
    kinds = Counter(
        next(one["look_alike"] for one in (*ours, *theirs))
        for ours, theirs in entries(emulator).values()
    )
    assert kinds.pop(None) > 20
    assert kinds == {
        "re-imaged": 4, "renamed": 4, "cloned": 4, "one serial": 4, "shared hostname": 8,
        "placeholder serial": 4,
    }  # fmt: skip


def test_without_them_the_world_is_as_it_always_was():
    truth = Emulator().ground_truth()
    for device in devices(truth):
        assert device.pop("look_alike") is None
        assert isinstance(device.pop("machine"), int)
    digest = hashlib.sha256(json.dumps(truth).encode()).hexdigest()
    assert digest == "eb7d6566c05a4695aba1d9d77bfcbcd6230d95b10b470c5f695a2ee9765bf882"


def test_the_first_machines_are_those_of_the_world_without(emulator):
    plain = Emulator(customers=3, devices=20, patches=10, seed=3)
    ours = {one["deviceid"]: one["name"] for one in devices(emulator.ground_truth())}
    for device in devices(plain.ground_truth()):
        assert ours[device["deviceid"]] == device["name"]


def test_a_re_imaged_machine_is_enrolled_twice_or_has_another_face(emulator):
    for ours, theirs in of_kind(emulator, "re-imaged").values():
        assert len({one["serial"] for one in (*ours, *theirs)}) == 1
        assert len({one["name"] for one in (*ours, *theirs)}) == 2
        assert len(theirs) == 1
        silent = {one["name"] for one in ours if one["silent_days"]}
        assert len(silent) == len(ours) - 1


def test_a_renamed_machine_has_two_names_and_one_serial(emulator):
    for (ours,), (theirs,) in of_kind(emulator, "renamed").values():
        assert ours["serial"] == theirs["serial"]
        assert ours["name"] != theirs["name"]


@pytest.mark.parametrize("kind", ["cloned", "one serial"])
def test_clones_are_two_machines_with_one_serial(emulator, kind):
    serials = Counter(ours["serial"] for (ours,), _ in of_kind(emulator, kind).values())
    assert set(serials.values()) == {2}


def test_a_shared_hostname_is_at_two_customers(emulator):
    owner = {
        device["deviceid"]: customer["name"]
        for customer in emulator.ground_truth()["customers"]
        for device in devices({"customers": [customer]})
    }
    named = defaultdict(list)
    known = 0
    for (ours,), theirs in of_kind(emulator, "shared hostname").values():
        named[ours["name"]].append(ours)
        known += len(theirs)
    assert known == 6
    for first, second in named.values():
        assert owner[first["deviceid"]] != owner[second["deviceid"]]
        assert first["serial"] != second["serial"]


def test_a_placeholder_is_a_word(emulator):
    serials = [ours["serial"] for (ours,), _ in of_kind(emulator, "placeholder serial").values()]
    assert set(serials) == set(PLACEHOLDERS[:4])


def test_n_sight_lists_them_and_counts_them(emulator):
    clients = tree(ask(emulator, "list_clients")).iter("client")
    counted = sum(int(one.findtext("workstation_count")) for one in clients)
    counted += sum(
        int(one.findtext("server_count"))
        for one in tree(ask(emulator, "list_clients")).iter("client")
    )
    assert counted == len(list(devices(emulator.ground_truth())))


def test_the_same_seed_makes_the_same_look_alikes():
    again = {"customers": 3, "devices": 20, "patches": 10, "seed": 3, "lookalikes": 4}
    first, second = Emulator(**again), Emulator(**again)
    assert (
        first.ground_truth(vendor="qualys")["assets"]
        == second.ground_truth(vendor="qualys")["assets"]
    )
    assert first.ground_truth() == second.ground_truth()


def test_a_reset_can_ask_for_them():
    emulator = Emulator(devices=6, patches=5)
    body = json.dumps({"lookalikes": 2}).encode()
    assert emulator.handle("POST", "/_control/reset", body=body).status == 200
    found = {one["look_alike"] for one in devices(emulator.ground_truth())}
    assert found == KINDS | {None}
    refused = emulator.handle("POST", "/_control/reset", body=b'{"lookalikes": -1}')
    assert refused.status == 400
    assert b"lookalikes cannot be negative" in refused.body
