"""Assets of Qualys as devices: both lists joined by the agent, whatever types their fields are."""

from datetime import UTC, datetime

import pytest
from qualys_reading import calling, reading

from patchfleet.emulator import Emulator
from patchfleet.fleet.sources.qualys.devices import (
    agentless,
    as_device,
    as_places,
    customer_of,
)
from patchfleet.fleet.sources.qualys.hosts import read_hosts
from patchfleet.models import OWN_CUSTOMER, Gap
from patchfleet.qualys import Host, PMAsset
from patchfleet.qualys.records.jobs import Interface, NamedId
from patchfleet.qualys.records.values import Door

NOW = datetime(2026, 11, 17, 6, 0, tzinfo=UTC)


def device(about=None, customer_tags=(), **fields):
    return as_device("a", PMAsset(id="a", **fields), about, customer_tags, Door(NOW))


def read(*hosts):
    """Return what a whole reading makes of hosts."""

    class Listed:
        @staticmethod
        def iter_all_assets(lastModifiedDate):
            assert lastModifiedDate is None
            return hosts

        @staticmethod
        def count_assets():
            return len(hosts)

    return read_hosts(Listed(), Door(NOW), None, lambda: None)


def about(**fields):
    """Return what is kept of one host."""
    known = read(Host(assetId=1, agentId="a", **fields))
    assert known.gaps == []
    return known.hosts["a"]


def test_both_lists_agree_with_the_subscription():
    with Emulator(customers=3, devices=24, patches=20, seed=5).running(https=True) as host:
        truth = {one["uuid"]: one for one in host.emulator.ground_truth(vendor="qualys")["assets"]}
        with calling(host) as client:
            listed = {asset.id: asset for asset in client.get_assets("all")}
        with reading(host) as source:
            inventory = source.inventory()
    assert inventory.as_of == host.emulator.now
    assert {one.id for one in inventory.devices} == set(truth)
    for one in inventory.devices:
        told, asset = truth[one.id], listed[one.id]
        assert (one.name, one.kind, one.os) == (told["name"], told["kind"], told["os"])
        assert one.serial == (told["serial"] or None)
        assert set(one.mac_addresses) == {card.macAddress for card in asset.interfaces}
        assert one.user == asset.lastLoggedOnUser
        assert one.last_seen_at == asset.statusDateTime
        assert one.is_patched
        assert one.last_boot_at is not None


def test_the_inventory_fills_in_what_patch_management_lacks():
    more = about(
        assetName="SRV-1",
        dnsName="srv-1.corp.example",
        biosSerialNumber="4X7",
        lastLoggedOnUser="ann",
        hardware={"category": "Computers / Server"},
        networkInterfaceListData={"networkInterface": {"macAddress": "02:00"}},
        tagList={"tag": [{"tagId": 1, "tagName": "Customer: Acme"}]},
        lastBoot_raw="2026-03-01T00:00:00Z",
    )
    one = device(more, ["Customer: *"], operatingSystem="Windows 11")
    assert (one.name, one.kind, one.serial, one.user) == ("SRV-1", "server", "4X7", "ann")
    assert (one.domain, one.mac_addresses, one.customer_id) == ("corp.example", ("02:00",), "Acme")
    assert one.last_boot_at.year == 2026


def test_a_card_in_both_lists_is_one_address():
    more = about(networkInterfaceListData={"networkInterface": [{"macAddress": "02:00"}, {}]})
    cards = [Interface(macAddress="02:00"), Interface(macAddress="02:01"), Interface()]
    assert device(more, interfaces=cards).mac_addresses == ("02:00", "02:01")


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        ("Microsoft Windows Server 2022", "server"),
        ("Microsoft Windows 11 Pro", "workstation"),
        ("Red Hat Enterprise Linux 9", "server"),
        ("Ubuntu Desktop 24.04", "workstation"),
        (None, "server"),
    ],
)
def test_the_kind_by_the_system_where_the_inventory_is_silent(system, kind):
    assert device(operatingSystem=system).kind == kind


@pytest.mark.parametrize(
    ("active", "unsupported", "is_patched"),
    [
        (None, None, True),
        ([], [], True),
        (["PM", "VM"], None, True),
        (["VM"], None, False),
        (["PM"], ["PM"], False),
    ],
)
def test_whether_patches_are_managed(active, unsupported, is_patched):
    one = device(activatedModules=active, osNotSupportedForModules=unsupported)
    assert one.is_patched is is_patched


def test_odd_types_do_not_spoil_a_device():
    more = about(dnsName=7, hardware="none", networkInterfaceListData="none", tagList={"tag": 1})
    one = device(more, name=7, lastLoggedOnUser=8, statusDateTime_raw="Not Announced")
    assert (one.name, one.user, one.last_seen_at) == ("7", "8", None)


def test_a_tag_names_the_customer():
    assert customer_of(["x", "Customer: Acme"], ["Customer: *"]) == "Acme"
    assert customer_of(["Acme"], ["Acme", "Customer: *"]) == "Acme"
    assert customer_of(["Customer: Acme"], []) == OWN_CUSTOMER
    assert customer_of(["Customer: "], ["Customer: *"]) == OWN_CUSTOMER
    assert customer_of(["b", "a"], ["*"]) == "a"
    one = device(None, ["Customer: *"], tags=[NamedId(id="t", name="Customer: Acme")])
    customers, sites = as_places([one])
    assert {customer.name for customer in customers} == {"Acme", OWN_CUSTOMER}
    assert {site.customer_id for site in sites} == {"Acme", OWN_CUSTOMER}


def test_an_agent_that_is_there_twice_is_a_gap():
    cloned = [Host(assetId=number, agentId="a", assetName=f"PC-{number}") for number in (10, 9)]
    known = read(*cloned)
    assert [host.name for host in known.hosts.values()] == ["PC-10"]
    reason = "agent a is in the inventory twice; the last host counts"
    assert known.gaps == [Gap("inventory", reason)]


def test_machines_without_an_agent_are_counted_and_named():
    tagged = {"tagList": {"tag": {"tagName": "Customer: Acme"}}}
    of_acme = Host(assetId=9, assetName="NAS", **tagged)
    alone = read(*(Host(assetId=n, assetName=f"PRINT-{n}") for n in range(4)), of_acme)
    said = "in the inventory and not in patch management"
    assert agentless(alone.hosts, {}, ["Customer: *"]) == [
        Gap("inventory", f"Acme: 1 machine is {said}: NAS", "Acme"),
        Gap(
            "inventory",
            f"{OWN_CUSTOMER}: 4 machines are {said}: PRINT-0, PRINT-1, PRINT-2, …",
            OWN_CUSTOMER,
        ),
    ]
