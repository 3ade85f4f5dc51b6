"""A machine that one source has many times: one line, however often; a crowd is no machine."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchfleet.fleet.matching.match import match_devices
from patchfleet.models import Device
from patchfleet.models.machine import MatchDecision, SourcedDevice

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEW = settings(max_examples=60, deadline=None)


def seen(id_, name, serial, *macs, source="nsight", customer="Acme", days=0):
    device = Device(
        id=id_,
        site_id="1",
        customer_id="1",
        kind="workstation",
        name=name,
        serial=serial,
        mac_addresses=macs,
        last_seen_at=NOON - timedelta(days=days),
    )
    return SourcedDevice(source=source, device=device, customer=customer)


def card(number):
    return f"AC:10:00:00:{number // 256:02X}:{number % 256:02X}"


def enrolled(host, times, source="nsight", serial=True, cards=True):
    return [
        seen(f"{host}-{number:03}", f"pc-{host}", f"SER{host}" if serial else None,
             *([card(host)] if cards else []), source=source, days=number)
        for number in range(times)
    ]  # fmt: skip


def lines_of(found, host):
    return [
        line for line in found.look_alikes
        if {line.left[1].split("-")[0], line.right[1].split("-")[0]} == {str(host)}
    ]  # fmt: skip


@pytest.mark.parametrize("marks", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("times", [2, 3, 7, 8, 9, 10, 50])
def test_one_line_says_how_often_a_machine_is_enrolled(times, marks):
    serial, cards = marks
    found = match_devices(enrolled(100, times, serial=serial, cards=cards))
    (line,) = found.look_alikes
    assert line.kind == "re-imaged"
    assert line.reasons_for[0].startswith(f"one machine enrolled {times} times: 100-000, 100-001")
    assert len(found.machines) == times


@FEW
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.integers(0, 40),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_every_machine_that_is_enrolled_often_has_one_line_beside_any_crowd(
    often, crowd, elsewhere, chance
):
    """The crowd shares a placeholder that nobody has listed, and a card of its own each."""
    fleet = [one for host, times in enumerate(often) for one in enrolled(host, times)]
    fleet += [
        seen(f"c{n}-0", f"crowd-{n}", "PLACEHOLDERX", card(5000 + n)) for n in range(crowd)
    ]  # fmt: skip
    fleet += [one for host in range(elsewhere) for one in enrolled(host, 1, source="qualys")]
    chance.shuffle(fleet)
    found = match_devices(fleet)
    for host, times in enumerate(often):
        within = [line for line in lines_of(found, host) if line.left[0] == line.right[0]]
        assert len(within) == (times > 1)
        assert all(f"enrolled {times} times" in line.reasons_for[0] for line in within)
        across = [line for line in lines_of(found, host) if line.left[0] != line.right[0]]
        assert len(across) <= 1
    assert not any(
        "enrolled" in line.reasons_for[0] for line in found.look_alikes
        if line.left[1].startswith("c") or line.right[1].startswith("c")
    )  # fmt: skip


@FEW
@given(st.integers(2, 60), st.booleans(), st.booleans())
def test_a_crowd_that_shares_only_a_placeholder_is_many_machines(size, has_cards, has_one_name):
    """One serial, and either names or cards of their own."""
    if not (has_cards or not has_one_name):
        has_cards = True
    fleet = [
        seen(f"{n:03}", "golden" if has_one_name else f"pc-{n}", "PLACEHOLDERX",
             *([card(n)] if has_cards else []))
        for n in range(size)
    ]  # fmt: skip
    found = match_devices(fleet)
    assert not any("enrolled" in line.reasons_for[0] for line in found.look_alikes)
    assert len(found.machines) == size


def test_a_name_twice_under_a_placeholder_is_no_machine():
    fleet = [seen(f"{n:02}", f"pc-{n // 2}", "PLACEHOLDERX", customer=f"c{n}") for n in range(40)]
    assert not match_devices(fleet).look_alikes


@FEW
@given(st.integers(2, 20), st.data())
def test_each_decision_of_a_person_leaves_one_line_fewer_devices(times, data):
    fleet = enrolled(7, times)
    ids = [one.ref for one in fleet]
    decided = data.draw(st.integers(1, times - 1))
    verdicts = [
        MatchDecision(left=ids[0], right=ids[n], is_same=True, by="anna", at=NOON)
        for n in range(1, decided + 1)
    ]
    found = match_devices(fleet, verdicts)
    left = times - decided
    assert len(found.machines) == left
    assert len(found.look_alikes) == (left > 1)
    if left > 1:
        assert f"enrolled {left} times" in found.look_alikes[0].reasons_for[0]
        (line,) = found.look_alikes
        apart = [*verdicts]
        apart.append(
            MatchDecision(left=line.left, right=line.right, is_same=False, by="anna", at=NOON)
        )
        again = match_devices(fleet, apart)
        assert {(one.left, one.right) for one in again.look_alikes}.isdisjoint(
            {(line.left, line.right)}
        )
