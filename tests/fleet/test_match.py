"""Which devices are one machine, line for line of the table, and what people have to say."""

from datetime import UTC, datetime, timedelta

import pytest

from patchfleet.fleet.matching.identifiers import (
    family_of,
    is_same_domain,
    is_same_name,
    macs_of,
    name_and_domain,
    serial_of,
)
from patchfleet.fleet.matching.match import match_devices
from patchfleet.models import Device
from patchfleet.models.machine import MatchDecision, SourcedDevice

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MAC, OTHER_MAC = "AC:10:00:00:00:01", "AC:10:00:00:00:02"
UUID = "0b5ce5a5-16e6-4f4d-9d0a-2f4a3c1d7e01"


def seen(source, id_, name="PC-1", serial=None, mac=None, *, customer="Acme", seen_at=None, **more):
    device = Device(
        id=id_,
        site_id="1",
        customer_id="1",
        kind="workstation",
        name=name,
        serial=serial,
        mac_addresses=() if mac is None else (mac,),
        last_seen_at=seen_at,
        **more,
    )
    return SourcedDevice(source=source, device=device, customer=customer)


def same(left, right, by="anna", days=0, reason="", *, is_same=True):
    at = NOON + timedelta(days=days)
    return MatchDecision(left=left, right=right, is_same=is_same, by=by, at=at, reason=reason)


def apart(left, right, by="anna", days=0):
    return same(left, right, by, days, is_same=False)


def machines(found):
    return [{member.ref for member in machine.members} for machine in found.machines]


def listed(found):
    return {(pair.left[1], pair.right[1]): (pair.kind, pair.score) for pair in found.look_alikes}


def are_joined(found, *refs):
    return set(refs) in machines(found)


# What a pair of two sources has, each as (serial, MAC, name), and what becomes of it; the third
# device, of the first source, is what makes a mark shared.
TABLE = {
    "all the same": (("S123", MAC, "a"), ("S123", MAC, "a"), None, 100),
    "no name": (("S123", MAC, ""), ("S123", MAC, "a"), None, 100),
    "serial and name": (("S123", None, "a"), ("S123", MAC, "a"), None, 90),
    "serial and name, another card": (("S123", OTHER_MAC, "a"), ("S123", MAC, "a"), None, 90),
    "card and name": ((None, MAC, "a"), ("S123", MAC, "a"), None, 80),
    "card and name, one serial on two": (
        ("S123", MAC, "a"), ("S123", MAC, "a"), ("S123", OTHER_MAC, "b"), 80,
    ),
    "renamed": (("S123", MAC, "a"), ("S123", MAC, "b"), None, ("renamed", 65)),
    "renamed, no card": (("S123", None, "a"), ("S123", MAC, "b"), None, ("renamed", 55)),
    "re-imaged": (("S123", OTHER_MAC, "a"), ("S123", MAC, "b"), None, ("re-imaged", 45)),
    "renamed, no serial": ((None, MAC, "a"), (None, MAC, "b"), None, ("renamed", 45)),
    "one card in two": (("S123", MAC, "a"), ("S124", MAC, "a"), None, ("cloned", 40)),
    "one card under two names": (("S123", MAC, "a"), ("S124", MAC, "b"), None, ("cloned", 15)),
    "cloned, one name": (
        ("S123", None, "a"), ("S123", None, "a"), ("S123", None, "b"), ("cloned", 50),
    ),
    "cloned": (("S123", None, "a"), ("S123", None, "c"), ("S123", None, "b"), ("cloned", 25)),
    "cloned cards, one name": (
        (None, MAC, "a"), (None, MAC, "a"), (None, MAC, "b"), ("cloned", 40),
    ),
    "cloned cards": ((None, MAC, "a"), (None, MAC, "c"), (None, MAC, "b"), ("cloned", 15)),
    "a name alone": ((None, None, "a"), ("S123", MAC, "a"), None, ("shared hostname", 40)),
    "a name, other cards": (
        (None, OTHER_MAC, "a"), ("S123", MAC, "a"), None, ("shared hostname", 25),
    ),
    "a name, other serials": (
        ("S124", MAC, "a"), ("S123", None, "a"), None, ("shared hostname", 10),
    ),
    "nothing": (("S124", OTHER_MAC, "a"), ("S123", MAC, "b"), None, None),
    "only words": (("Default string", MAC, "a"), ("Default string", OTHER_MAC, "b"), None, None),
}  # fmt: skip


@pytest.mark.parametrize("line", TABLE)
def test_the_table(line):
    ours, theirs, beside, wanted = TABLE[line]
    devices = [
        seen("nsight", "1", ours[2], ours[0], ours[1]),
        seen("qualys", "9", theirs[2], theirs[0], theirs[1]),
    ]
    if beside:
        devices.append(seen("nsight", "2", beside[2], beside[0], beside[1]))
    found = match_devices(devices)
    if isinstance(wanted, int):
        assert are_joined(found, ("nsight", "1"), ("qualys", "9"))
        (members,) = (one.members for one in found.machines if len(one.members) == 2)
        assert [member.score for member in members] == [wanted, wanted]
        assert all(member.reasons for member in members)
        assert ("1", "9") not in listed(found)
    else:
        assert all(len(one) == 1 for one in machines(found))
        assert listed(found).get(("1", "9")) == wanted


def test_the_reasons_are_sentences():
    found = match_devices(
        [
            seen("nsight", "1", "PC-1", "4X-1234", MAC, domain="corp.example.org"),
            seen("qualys", "9", "pc-1.corp.example.org", "4x1234", MAC.replace(":", "-")),
        ]
    )
    (machine,) = found.machines
    assert machine.id == "nsight/1"
    assert machine.members[0].reasons == (
        "same serial 4X-1234",
        "same MAC address AC:10:00:00:00:01",
        "same name pc-1 in the domain corp.example.org",
    )


def test_a_look_alike_says_what_speaks_for_and_against_it():
    found = match_devices(
        [
            seen("nsight", "1", "PC-1", "S123", MAC),
            seen("qualys", "9", "PC-2", "S123", OTHER_MAC, customer="Birch"),
        ]
    )
    (pair,) = found.look_alikes
    assert (pair.left, pair.right) == (("nsight", "1"), ("qualys", "9"))
    assert pair.reasons_for == ("same serial S123",)
    assert pair.reasons_against == (
        "they have no MAC address in common",
        "the names are PC-1 and PC-2",
        "the customers are Acme and Birch",
    )


def test_one_agent_under_two_accounts_is_one_machine():
    found = match_devices([seen("one", UUID, "a"), seen("two", UUID.upper(), "b")])
    assert are_joined(found, ("one", UUID), ("two", UUID.upper()))


def test_a_number_of_a_source_means_nothing_to_another():
    assert len(match_devices([seen("one", "17", "a"), seen("two", "17", "b")]).machines) == 2


def test_an_agent_in_two_pieces_of_hardware_is_a_clone():
    found = match_devices([seen("one", UUID, "a", "S123"), seen("two", UUID, "b", "S124")])
    assert listed(found) == {(UUID, UUID): ("cloned", 60)}


def test_another_system_is_never_joined():
    found = match_devices(
        [
            seen("nsight", "1", serial="S123", mac=MAC, os="Microsoft Windows 11 Pro"),
            seen("qualys", "9", serial="S123", mac=MAC, os="Ubuntu 24.04 LTS"),
        ]
    )
    assert listed(found) == {("1", "9"): ("re-imaged", 70)}
    assert "the systems are Microsoft Windows 11 Pro and Ubuntu 24.04 LTS" in (
        found.look_alikes[0].reasons_against
    )


def test_only_the_addresses_of_these_two_are_counted():
    def with_cards(source, id_, *cards):
        device = Device(
            id=id_, site_id="1", customer_id="1", kind="server", name=f"a{id_}",
            mac_addresses=cards,
        )  # fmt: skip
        return SourcedDevice(source=source, device=device)

    found = match_devices(
        [
            with_cards("nsight", "1", MAC, OTHER_MAC),
            with_cards("nsight", "2", OTHER_MAC),
            with_cards("qualys", "9", MAC, OTHER_MAC),
        ]
    )
    (pair,) = (one for one in found.look_alikes if (one.left[1], one.right[1]) == ("1", "9"))
    assert pair.reasons_for == (f"same MAC address {MAC}",)


def test_a_card_and_a_name_at_two_customers_in_two_domains_are_not_joined():
    found = match_devices(
        [
            seen("nsight", "1", "a.one.example", None, MAC),
            seen("qualys", "9", "a.two.example", None, MAC, customer="Birch"),
        ]
    )
    assert listed(found) == {("1", "9"): ("cloned", 70)}


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (("PC-1", "S123", 0), ("PC-1", "S123", 0), "re-imaged"),
        (("PC-1", "S123", 30), ("PC-2", "S123", 0), "re-imaged"),
        (("PC-1", "S123", 0), ("PC-2", "S123", 0), "cloned"),
        (("PC-1", None, 0), ("PC-1", None, 0), "shared hostname"),
        (("PC-1", "S123", 0), ("PC-1", "S124", 0), None),
    ],
)
def test_two_devices_of_one_source_are_never_joined(first, second, kind):
    found = match_devices(
        seen("nsight", id_, name, serial, seen_at=NOON - timedelta(days=days))
        for id_, (name, serial, days) in (("1", first), ("2", second))
    )
    assert len(found.machines) == 2
    assert [pair.kind for pair in found.look_alikes] == ([kind] if kind else [])


def test_one_name_at_two_customers_of_a_source_is_no_question():
    found = match_devices([seen("nsight", "1"), seen("nsight", "2", customer="Birch")])
    assert not found.look_alikes


def test_what_is_joined_is_no_question_to_its_namesake():
    """A machine replaced by another of the same name, which both sources know."""
    found = match_devices(
        [
            seen("nsight", "1", serial="S123"),
            seen("qualys", "8", serial="S123"),
            seen("qualys", "9", serial=None, customer="Birch"),
        ]
    )
    assert are_joined(found, ("nsight", "1"), ("qualys", "8"))
    assert not found.look_alikes


def test_two_that_fit_as_well_are_both_left_to_a_person():
    """The cards of one machine, on two devices of the other source that have no serial."""
    both = seen("nsight", "1", "a", "S123", MAC)
    both = SourcedDevice(
        source="nsight",
        device=Device(
            id="1", site_id="1", customer_id="1", name="a", kind="server",
            mac_addresses=(MAC, OTHER_MAC),
        ),
        customer="Acme",
    )  # fmt: skip
    found = match_devices(
        [both, seen("q", "8", "a", None, MAC), seen("q", "9", "a", None, OTHER_MAC)]
    )
    assert len(found.machines) == 3
    assert {("1", "8"), ("1", "9")} <= set(listed(found))
    assert "another device fits as well, and only one can match" in (
        found.look_alikes[0].reasons_against
    )


def test_a_surer_mark_is_not_put_off_by_a_lesser_one():
    """The same, but the serial says which of the two it is."""
    found = match_devices(
        [
            seen("nsight", "1", "a", "S123", MAC),
            seen("q", "8", "a", "S123", OTHER_MAC),
            seen("q", "9", "a", None, MAC),
        ]
    )
    assert are_joined(found, ("nsight", "1"), ("q", "8"))
    assert listed(found)["1", "9"] == ("cloned", 70)


def test_three_sources_are_one_machine_unless_two_of_them_disagree():
    def fleet(serial):
        middle = Device(
            id="2", site_id="1", customer_id="1", name="a", kind="server",
            mac_addresses=(MAC, OTHER_MAC),
        )  # fmt: skip
        return [
            seen("one", "1", "a", "S123", MAC),
            SourcedDevice(source="two", device=middle, customer="Acme"),
            seen("three", "3", "a", serial, OTHER_MAC),
        ]

    assert len(match_devices(fleet("S123")).machines) == 1
    assert len(match_devices(fleet("S124")).machines) == 3


def test_what_stands_on_a_crowd_is_no_mark():
    crowd = [seen("nsight", str(n), f"pc-{n}", "FACTORY1", MAC) for n in range(9)]
    found = match_devices([*crowd, seen("qualys", "x", "pc-3", "FACTORY1", MAC)])
    assert len(found.machines) == 10
    assert listed(found) == {("3", "x"): ("shared hostname", 40)}


def test_a_device_that_comes_twice_is_an_error():
    with pytest.raises(ValueError, match="nsight 1 comes twice"):
        match_devices([seen("nsight", "1"), seen("nsight", "1", "b")])


# People.

A, B, C = ("nsight", "1"), ("qualys", "9"), ("qualys", "8")


def test_a_person_joins_against_the_serials():
    devices = [seen("nsight", "1", serial="S123"), seen("qualys", "9", serial="S124")]
    found = match_devices(devices, [same(A, B, reason="new board")])
    (machine,) = found.machines
    assert machine.members[0].reasons == (
        "anna decided on 2026-11-20 that it is qualys 9: new board",
    )
    assert not found.look_alikes


def test_a_person_parts_what_all_marks_join():
    devices = [seen("nsight", "1", serial="S123", mac=MAC), seen("qualys", "9", "PC-1", "S123")]
    found = match_devices(devices, [apart(B, A)])
    assert len(found.machines) == 2
    assert not found.look_alikes


def test_a_person_joins_two_of_one_source_and_marks_join_the_third():
    devices = [
        seen("nsight", "1", "old", "S123"),
        seen("nsight", "2", "new", "S123"),
        seen("qualys", "9", "new", "S123"),
    ]
    assert len(match_devices(devices).machines) == 3
    found = match_devices(devices, [same(("nsight", "1"), ("nsight", "2"))])
    assert are_joined(found, ("nsight", "1"), ("nsight", "2"), ("qualys", "9"))


def test_a_verdict_holds_for_the_whole_machine():
    """What is not A is not what A is joined with either."""
    devices = [
        seen("nsight", "1", serial="S123"),
        seen("qualys", "9", serial="S123"),
        seen("third", "5", serial="S123"),
    ]
    found = match_devices(devices, [same(A, B), apart(A, ("third", "5"))])
    assert sorted(map(len, machines(found))) == [1, 2]


def test_a_verdict_holds_across_a_device_that_is_gone():
    gone = ("qualys", "gone")
    found = match_devices(
        [seen("nsight", "1", "a"), seen("qualys", "9", "b")],
        [same(A, gone), same(gone, B)],
    )
    assert len(found.machines) == 1


def test_a_persons_later_word_replaces_the_earlier_one():
    devices = [seen("nsight", "1", "a"), seen("qualys", "9", "b")]
    found = match_devices(devices, [apart(A, B, days=1), same(B, A, days=2)])
    assert len(found.machines) == 1
    assert not found.contradictions


def test_two_people_who_disagree_are_reported_and_nothing_is_joined():
    devices = [seen("nsight", "1", serial="S123"), seen("qualys", "9", serial="S123")]
    found = match_devices(devices, [same(A, B), apart(A, B, by="ben", days=1)])
    assert len(found.machines) == 2
    (contradiction,) = found.contradictions
    assert contradiction.reason == (
        "ben decided on 2026-11-21 that nsight 1 and qualys 9 are two machines; "
        "anna decided on 2026-11-20 that nsight 1 and qualys 9 are one machine"
    )


def test_a_circle_of_verdicts_that_cannot_be_is_reported():
    devices = [seen("nsight", "1", "a"), seen("qualys", "9", "b"), seen("qualys", "8", "c")]
    said = [same(A, B), same(B, C), apart(A, C)]
    found = match_devices(devices, said)
    assert len(found.machines) == 3
    (contradiction,) = found.contradictions
    assert len(contradiction.verdicts) == 3


def test_nobody_decides_about_a_device_and_itself():
    with pytest.raises(ValueError, match="about two devices"):
        same(A, A)


# Ids.


def test_an_id_stays_when_its_first_member_goes_and_comes_back():
    ours, theirs = seen("nsight", "1", serial="S123"), seen("qualys", "9", serial="S123")
    assert match_devices([theirs], (), {A: "nsight/1", B: "nsight/1"}).machines[0].id == "nsight/1"
    again = match_devices([ours, theirs], (), {B: "nsight/1"})
    assert [machine.id for machine in again.machines] == ["nsight/1"]


def test_of_two_parts_the_one_with_the_first_member_keeps_the_id():
    devices = [seen("nsight", "1", serial="S123"), seen("qualys", "9", serial="S123")]
    before = {A: "qualys/9", B: "qualys/9"}
    found = match_devices(devices, [apart(A, B)], before)
    assert {m.members[0].ref: m.id for m in found.machines} == {A: "nsight/1", B: "qualys/9"}


def test_an_id_is_never_given_to_another_machine():
    found = match_devices(
        [seen("nsight", "1", "a", "S123"), seen("qualys", "9", "b", "S124")], (), {B: "nsight/1"}
    )
    assert {m.members[0].ref: m.id for m in found.machines} == {A: "nsight/1~2", B: "nsight/1"}


# Spellings.


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("4x-12 34", "4X1234"),
        *((word, "") for word in (
            None, "", "0", "None", "N/A", "To be filled by O.E.M.", "to be filled by o.e.m",
            "Default string", "System Serial Number", "123456789", "1234567890", "987654321",
            "0123456789", "00000000", "........", "XXXXXXXX", "Not Specified",
            "VMware-56 4d 12 ab 34 cd 56 ef-00 11 22 33 44 55 66 77",
        )),
    ],
)  # fmt: skip
def test_serials(text, serial):
    assert serial_of(text) == serial


@pytest.mark.parametrize("text", ["ac:10:00:00:00:01", "AC-10-00-00-00-01", "ac10.0000.0001"])
def test_spellings_of_an_address(text):
    assert macs_of([text]) == {"AC1000000001"}


@pytest.mark.parametrize(
    "text",
    ["", "00:00:00:00:00:00", "FF:FF:FF:FF:FF:FF", "00:05:9A:3C:7A:00", "02-42-AC-11-00-02",
     "0A:00:27:00:00:0F", "00:E0:4C:36:01:22", "00:50:56:C0:00:08", "01:00:5E:00:00:01", "what"],
)  # fmt: skip
def test_addresses_that_say_nothing(text):
    assert not macs_of([text])


def test_the_card_of_a_virtual_machine_is_its_own():
    assert macs_of(["00:50:56:9A:12:34"])


@pytest.mark.parametrize(
    ("name", "domain", "both"),
    [
        ("PC-1", None, ("pc-1", "")),
        (" PC-1 ", "CORP", ("pc-1", "corp")),
        ("pc-1.corp.example.org.", "other", ("pc-1", "corp.example.org")),
        ("PC-1", "WORKGROUP", ("pc-1", "")),
        ("10.0.0.7", None, ("", "")),
        ("localhost.localdomain", None, ("", "")),
    ],
)
def test_names(name, domain, both):
    assert name_and_domain(name, domain) == both


def test_netbios_leaves_fifteen_characters():
    assert is_same_name("warehouse-front-desk", "warehouse-front")
    assert not is_same_name("warehouse-front-desk", "warehouse")
    assert not is_same_name("", "")


def test_short_and_long_domains():
    assert is_same_domain("corp", "corp.example.org")
    assert not is_same_domain("corp.example.org", "corp.example.com")


def test_families_of_systems():
    assert family_of("Microsoft Windows Server 2022") == "windows"
    assert family_of("macOS 15.6") == "macos"
    assert family_of("Ubuntu 24.04 LTS") == "linux"
    assert family_of(None) == ""
