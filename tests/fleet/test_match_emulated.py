"""Both vendors' own lists of one world, over HTTP: no false join, and no machine left in two."""

from collections import Counter
from contextlib import ExitStack

import pytest

from patchfleet.emulator import Emulator
from patchfleet.fleet import NSightSource, QualysSource
from patchfleet.fleet.matching.match import match_devices
from patchfleet.models import OWN_CUSTOMER
from patchfleet.models.machine import MatchDecision, SourcedDevice
from patchfleet.nsight import NAble
from patchfleet.qualys import Qualys, Retries

ONCE = Retries(attempts=1)
UNDECIDED = {"re-imaged", "renamed", "cloned"}
"""Kinds of machine that only a person can tell."""


@pytest.fixture(scope="module", params=["tags", "no tags"])
def world(request):
    """What both sources list, and which machine each of them is in truth."""
    emulator = Emulator(customers=5, devices=120, patches=5, seed=8, lookalikes=12)
    with emulator.running() as host, ExitStack() as stack:
        account = emulator.qualys
        nable = NAble(base_url=host.url, key=host.api_key, rate_limit=None, retries=ONCE)
        gateway = Qualys(
            account.username,
            account.password,
            override_platform={"gateway_url": host.url},
            retries=ONCE,
        )
        stack.enter_context(gateway)
        stack.callback(nable.close)
        customers = [customer["name"] for customer in emulator.ground_truth()["customers"]]
        tags = customers if request.param == "tags" else []
        sources = NSightSource(nable), QualysSource(gateway, customer_tags=tags)
        yield [one for source in sources for one in seen_by(source)], truth_of(emulator)


def seen_by(source):
    inventory = source.inventory()
    names = {customer.id: customer.name for customer in inventory.customers}
    for device in inventory.devices:
        customer = names[device.customer_id]
        known = "" if customer == OWN_CUSTOMER else customer
        yield SourcedDevice(source=source.name, device=device, customer=known)


def truth_of(emulator):
    """Return number and kind of the machine of each device."""
    truth = {
        ("qualys", asset["uuid"]): (asset["machine"], asset["look_alike"])
        for asset in emulator.ground_truth(vendor="qualys")["assets"]
    }
    for customer in emulator.ground_truth()["customers"]:
        for site in customer["sites"]:
            for device in site["devices"]:
                ref = "nsight", str(device["deviceid"])
                truth[ref] = device["machine"], device["look_alike"]
    return truth


def test_nothing_is_joined_that_is_not_one_machine(world):
    seen, truth = world
    assert {one.ref for one in seen} == set(truth)
    for machine in match_devices(seen).machines:
        assert len({truth[member.ref][0] for member in machine.members}) == 1


def test_every_machine_that_is_plain_is_joined(world):
    seen, truth = world
    parts = Counter(truth[machine.members[0].ref] for machine in match_devices(seen).machines)
    apart = {number: kind for (number, kind), count in parts.items() if count > 1}
    assert set(apart.values()) == UNDECIDED
    both = {number for (source, _), (number, _) in truth.items() if source == "nsight"} & {
        number for (source, _), (number, _) in truth.items() if source == "qualys"
    }
    assert len(both - apart.keys()) > 90


def test_what_a_person_must_tell_is_never_joined(world):
    seen, truth = world
    for machine in match_devices(seen).machines:
        kinds = {truth[member.ref][1] for member in machine.members}
        assert len(machine.members) == 1 or not kinds & UNDECIDED


def test_what_is_not_joined_is_listed_for_a_person(world):
    """Every pair of entries of one machine is joined or listed: its serial is on both."""
    seen, truth = world
    found = match_devices(seen)
    serials = {one.ref: one.device.serial for one in seen}
    listed = {frozenset((pair.left, pair.right)) for pair in found.look_alikes}
    home = {member.ref: machine.id for machine in found.machines for member in machine.members}
    asked = 0
    for one in truth:
        for other in truth:
            if one < other and truth[one][0] == truth[other][0] and home[one] != home[other]:
                asked += 1
                assert frozenset((one, other)) in listed or None in (serials[one], serials[other])
    assert asked >= 30


def test_no_more_is_asked_than_there_is_to_ask(world):
    """Nobody is asked about two ordinary machines."""
    seen, truth = world
    for pair in match_devices(seen).look_alikes:
        kinds = {truth[pair.left][1], truth[pair.right][1]}
        assert kinds & {*UNDECIDED, "one serial", "shared hostname"}, pair


def test_when_people_have_said_it_all_the_machines_are_those_of_the_world(world):
    seen, truth = world
    said = []
    for _ in range(3):
        asked = match_devices(seen, said).look_alikes
        if not asked:
            break
        said += [
            MatchDecision(
                left=pair.left,
                right=pair.right,
                is_same=truth[pair.left][0] == truth[pair.right][0],
                by="anna",
                at=Emulator(devices=0).now,
            )
            for pair in asked
        ]
    found = match_devices(seen, said)
    assert not found.look_alikes
    assert not found.contradictions
    parts = Counter(truth[machine.members[0].ref][0] for machine in found.machines)
    without_serial = {truth[one.ref][0] for one in seen if one.device.serial is None}
    assert {number for number, count in parts.items() if count > 1} <= without_serial
