"""What holds for every fleet: the laws of joining, on small worlds in which most marks collide."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

import sampling
from patchfleet.fleet.matching.match import match_devices
from patchfleet.models import Device
from patchfleet.models.machine import MatchDecision, SourcedDevice

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCES = ("nsight", "qualys", "third")
FEW = settings(max_examples=sampling.examples(60, 150), deadline=None)


@st.composite
def fleets(draw, most=10):
    devices = []
    for number in range(draw(st.integers(0, most))):
        device = Device(
            id=f"{number:02}",
            site_id="1",
            customer_id="1",
            kind="server",
            name=draw(st.sampled_from(["web", "web.example.org", "DB", "app", ""])),
            serial=draw(st.sampled_from([None, "None", "S111", "s-222", "S333"])),
            mac_addresses=tuple(
                f"AC:10:00:00:00:0{card}" for card in draw(st.sets(st.integers(1, 4), max_size=2))
            ),
            domain=draw(st.sampled_from([None, "example.org", "corp"])),
            os=draw(st.sampled_from([None, "Windows 11", "Windows 10", "Ubuntu"])),
            last_seen_at=draw(st.sampled_from([None, NOON, NOON - timedelta(days=20)])),
        )
        customer = draw(st.sampled_from(["Acme", "Birch", ""]))
        devices.append(
            SourcedDevice(source=draw(st.sampled_from(SOURCES)), device=device, customer=customer)
        )
    return devices


@st.composite
def judged(draw):
    """A fleet, and what people said of some pairs of it; never two things of one pair."""
    fleet = draw(fleets())
    refs = [one.ref for one in fleet] + [("qualys", "gone")]
    pairs = [(one, other) for place, one in enumerate(refs) for other in refs[:place]]
    said = {}
    for pair in draw(st.lists(st.sampled_from(pairs), max_size=5)) if pairs else []:
        said[pair] = draw(st.booleans())
    verdicts = [
        MatchDecision(left=left, right=right, is_same=is_same, by="anna", at=NOON)
        for (left, right), is_same in said.items()
    ]
    return fleet, verdicts


def home_of(found):
    return {member.ref: machine.id for machine in found.machines for member in machine.members}


def groups_of(found):
    return {frozenset(member.ref for member in machine.members) for machine in found.machines}


@FEW
@given(judged(), st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_matter(world, chance: random.Random):
    fleet, verdicts = world
    found = match_devices(fleet, verdicts)
    chance.shuffle(fleet)
    chance.shuffle(verdicts)
    assert match_devices(fleet, verdicts) == found


@FEW
@given(judged())
def test_every_device_is_in_one_machine_and_ids_are_unique(world):
    fleet, verdicts = world
    found = match_devices(fleet, verdicts)
    refs = [member.ref for machine in found.machines for member in machine.members]
    assert sorted(refs) == sorted(one.ref for one in fleet)
    assert len({machine.id for machine in found.machines}) == len(found.machines)


@FEW
@given(judged())
def test_either_side_of_a_verdict_is_the_left_one(world):
    fleet, verdicts = world
    turned = [
        MatchDecision(left=one.right, right=one.left, is_same=one.is_same, by=one.by, at=one.at)
        for one in verdicts
    ]
    found, again = match_devices(fleet, verdicts), match_devices(fleet, turned)
    assert (again.machines, again.look_alikes) == (found.machines, found.look_alikes)


@FEW
@given(fleets())
def test_the_names_of_sources_do_not_matter(fleet):
    """Turned round, what was left is right; the machines and the pairs are the same."""
    turned = {"nsight": "c", "qualys": "b", "third": "a"}
    found = match_devices(fleet)
    again = match_devices(
        [
            SourcedDevice(source=turned[s.source], device=s.device, customer=s.customer)
            for s in fleet
        ]
    )
    back = {new: old for old, new in turned.items()}
    assert groups_of(found) == {
        frozenset((back[source], id_) for source, id_ in group) for group in groups_of(again)
    }

    def pairs(identity, names):
        return {
            (frozenset((names[source], id_) for source, id_ in (pair.left, pair.right)),
             pair.kind, pair.score, pair.reasons_for, pair.reasons_against)
            for pair in identity.look_alikes
        }  # fmt: skip

    assert pairs(found, {name: name for name in SOURCES}) == pairs(again, back)


@FEW
@given(judged())
def test_a_stranger_changes_nothing(world):
    fleet, verdicts = world
    device = Device(
        id="stranger", site_id="1", customer_id="1", kind="server", name="nobody-else",
        serial="Z999", mac_addresses=("AC:99:00:00:00:01",),
    )  # fmt: skip
    stranger = SourcedDevice(source="nsight", device=device, customer="Acme")
    found, more = match_devices(fleet, verdicts), match_devices([*fleet, stranger], verdicts)
    assert set(more.machines) - set(found.machines) == {
        machine for machine in more.machines if machine.members[0].ref == stranger.ref
    }
    assert len(more.machines) == len(found.machines) + 1
    assert (more.look_alikes, more.contradictions) == (found.look_alikes, found.contradictions)


@FEW
@given(judged())
def test_verdicts_win_or_are_reported(world):
    fleet, verdicts = world
    found = match_devices(fleet, verdicts)
    home = home_of(found)
    disputed = [one for dispute in found.contradictions for one in dispute.verdicts]
    for one in verdicts:
        if one.left not in home or one.right not in home:
            continue
        together = home[one.left] == home[one.right]
        if one in disputed:
            assert not together
        else:
            assert together == one.is_same


@FEW
@given(judged())
def test_nobody_is_asked_what_is_decided(world):
    fleet, verdicts = world
    found = match_devices(fleet, verdicts)
    home = home_of(found)
    decided = {frozenset((one.left, one.right)) for one in verdicts}
    for pair in found.look_alikes:
        assert home[pair.left] != home[pair.right]
        assert frozenset((pair.left, pair.right)) not in decided
        assert pair.left < pair.right
        assert 1 <= pair.score <= 70
        assert pair.reasons_for


@FEW
@given(fleets())
def test_two_devices_of_one_source_are_never_joined_by_marks(fleet):
    for machine in match_devices(fleet).machines:
        sources = [member.source for member in machine.members]
        assert len(set(sources)) == len(sources)


@FEW
@given(fleets())
def test_what_is_joined_has_one_serial_and_one_system(fleet):
    serials = {one.ref: (one.device.serial or "").upper().replace("-", "") for one in fleet}
    systems = {one.ref: (one.device.os or "").split(" ")[0] for one in fleet}
    for machine in match_devices(fleet).machines:
        refs = [member.ref for member in machine.members]
        assert len({serials[ref] for ref in refs} - {"", "NONE"}) <= 1
        assert len({systems[ref] for ref in refs} - {""}) <= 1
        if len(refs) > 1:
            assert all(70 < member.score <= 100 for member in machine.members)
            assert all(member.reasons for member in machine.members)


@FEW
@given(judged())
def test_ids_stay_when_nothing_changes(world):
    fleet, verdicts = world
    found = match_devices(fleet, verdicts)
    assert match_devices(fleet, verdicts, home_of(found)) == found


@FEW
@given(judged(), st.data())
def test_ids_stay_when_devices_go_or_come(world, data):
    """A machine whose members stay together keeps its id, whoever goes and whoever comes."""
    fleet, verdicts = world
    stay = [one for one in fleet if data.draw(st.booleans())]
    before, after = (
        match_devices(fleet, verdicts),
        match_devices(stay, verdicts, home_of(match_devices(fleet))),
    )
    assert len({machine.id for machine in after.machines}) == len(after.machines)
    home = home_of(before)
    again = match_devices(stay, verdicts, home)
    for group in groups_of(before) & groups_of(again):
        (ref, *_) = group
        assert home_of(again)[ref] == home[ref]
    back = match_devices(fleet, verdicts, {**home, **home_of(again)})
    assert len({machine.id for machine in back.machines}) == len(back.machines)
