"""Customers that several accounts know: mapped by settings, or taken from the same machine."""

import pytest
from msgspec.structs import replace

from patchfleet import NAble, Qualys
from patchfleet.config import CustomerRule
from patchfleet.emulator import Emulator
from patchfleet.errors import ConfigError
from patchfleet.fleet import NSightSource, QualysSource, sync
from patchfleet.fleet.customers import CustomerMap
from patchfleet.models import OWN_CUSTOMER, Customer, Device, Gap, Inventory, Site
from patchfleet.models.fleet import customer_home
from patchfleet.store import Store, queries


def rule(name, *names, **fields):
    return CustomerRule(name=name, names=names, **fields)


def fleet(*customers):
    """Return an inventory of one site and one device a customer, with a gap each."""
    return Inventory(
        as_of=None,
        customers=tuple(Customer(id=f"c{n}", name=one) for n, one in enumerate(customers)),
        sites=tuple(
            Site(id=f"s{n}", customer_id=f"c{n}", name=f"{one} site")
            for n, one in enumerate(customers)
        ),
        devices=tuple(
            Device(id=f"d{n}", site_id=f"s{n}", customer_id=f"c{n}", name=one, kind="server")
            for n, one in enumerate(customers)
        ),
        gaps=tuple(Gap("x", one, customer_id=f"c{n}") for n, one in enumerate(customers)),
    )


def homes(inventory):
    names = {one.id: one.name for one in inventory.customers}
    assert len(names) == len(inventory.customers)
    sites = {one.id: one.customer_id for one in inventory.sites}
    for one in inventory.devices:
        assert sites[one.site_id] == one.customer_id
    return {one.name: (one.customer_id, names[one.customer_id]) for one in inventory.devices}


def test_names_of_one_account_become_one_customer():
    mapped = CustomerMap([rule("Acme", "Acme Ltd", "ACME g*")]).apply(
        fleet("acme ltd", "Acme GmbH", "Acme", "Other")
    )
    acme = ("=Acme", "Acme")
    assert homes(mapped) == {
        "acme ltd": acme, "Acme GmbH": acme, "Acme": acme, "Other": ("c3", "Other"),
    }  # fmt: skip
    assert [gap.customer_id for gap in mapped.gaps] == ["=Acme", "=Acme", "=Acme", "c3"]


def test_a_site_has_a_customer_of_its_own():
    mapped = CustomerMap([rule("Branch", sites=("b* site",))]).apply(fleet("A", "B"))
    assert homes(mapped) == {"A": ("c0", "A"), "B": ("=Branch", "Branch")}


def test_a_rule_takes_in_the_customer_of_another():
    mapped = CustomerMap([rule("Group", "Acme"), rule("Acme", "Acme Ltd")]).apply(
        fleet("Acme Ltd", "Acme")
    )
    assert set(homes(mapped).values()) == {("=Group", "Group")}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([rule("A", "B"), rule("B", "A")], "customers are mapped in a circle: A -> B -> A"),
        ([rule("A", "B"), rule("B", "C"), rule("C", "A")], "in a circle: A -> C -> B -> A"),
        ([rule("A", "x"), rule("B", "X")], "names 'X' is mapped to two customers, A and B"),
        ([rule("A", tags=("x",)), rule("B", tags=("x",))], "tags 'x' is mapped to two"),
        ([rule("A", sites=("x",)), rule("B", sites=("x",))], "sites 'x' is mapped to two"),
    ],
)
def test_rules_that_contradict_each_other(rules, message):
    with pytest.raises(ConfigError, match=message):
        CustomerMap(rules)


def test_no_rule_changes_nothing():
    inventory = fleet("A", "B")
    assert CustomerMap().apply(inventory) is inventory


def test_the_home_of_a_customer_is_the_same_in_every_account():
    assert customer_home("emea", "7") == customer_home("qualys", "@emea/7") == "@emea/7"
    assert customer_home("emea", "=Acme") == customer_home("apac", "=Acme") == "=Acme"
    assert customer_home("emea", "7") != customer_home("apac", "7")


@pytest.fixture(scope="module")
def host():
    with Emulator(devices=24, customers=3, patches=6, seed=3).running() as running:
        yield running


def sources(host, *, tags=()):
    qualys = host.emulator.qualys
    return (
        NSightSource(NAble(None, host.api_key, base_url=host.url, rate_limit=None)),
        QualysSource(
            Qualys(
                qualys.username,
                qualys.password,
                override_platform={"gateway_url": host.url},
                rate_limit=None,
            ),
            customer_tags=tags,
        ),
    )


def test_a_joined_machine_takes_the_customer_of_the_other_account(host, tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        first, second = sources(host)
        for _ in range(3):  # the second and third time the machines are known before
            assert sync(first, store).is_complete
            outcome = sync(second, store)
            assert outcome.is_complete
            assert not outcome.vanished
            with store.snapshot() as snapshot:
                joined = [
                    row
                    for row in queries.machines(snapshot)
                    if {"nsight", "qualys"} <= set(row.sources)
                ]
                places = {(row.source, row.device_id): row for row in queries.devices(snapshot)}
                members = snapshot._connection.execute(
                    "SELECT machine_id, source, device_id FROM machines"
                ).fetchall()
            assert joined
            by_machine = {}
            for machine, source, device_id in members:
                by_machine.setdefault(machine, {})[source] = places[source, device_id]
            both = [one for one in by_machine.values() if len(one) == 2]
            assert len(both) == len(joined)
            for one in both:
                mine, other = one["nsight"], one["qualys"]
                assert other.customer == mine.customer
                assert other.customer_id == f"@nsight/{mine.customer_id}"
            alone = [one["qualys"] for one in by_machine.values() if set(one) == {"qualys"}]
            assert {row.customer for row in alone} == {OWN_CUSTOMER}


def test_one_customer_over_both_vendors(host, tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        first, _ = sources(host)
        names = [one.name for one in first.inventory().customers]
        rules = CustomerMap([rule("Everybody", *names, tags=("*",)), rule("Nobody", OWN_CUSTOMER)])
        for source in sources(host, tags=rules.tags):
            assert sync(source, store, customers=rules).is_complete
        with store.snapshot() as snapshot:
            rows = queries.customers(snapshot)
        assert {(row.customer_id, row.customer) for row in rows} <= {
            ("=Everybody", "Everybody"), ("=Nobody", "Nobody"),
        }  # fmt: skip
        assert {row.source for row in rows if row.customer == "Everybody"} == {"nsight", "qualys"}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_machine_joins_a_mapped_customer_that_others_have_by_a_tag(host, tmp_path, number):
    """The customer is there by a tag, with the site of the tag; the machine has no such tag."""
    first, second = sources(host)
    listed = second.inventory()
    with Store.open(tmp_path / "fleet.db") as store:
        names = [one.name for one in first.inventory().customers]
        rules = CustomerMap([rule("Everybody", *names)])
        sync(first, store, customers=rules)
        tagged = listed.devices[number]
        own = Customer(id="Everybody", name="Everybody")
        place = Site(id="Everybody", customer_id="Everybody", name="Everybody")

        class Tagged(QualysSource):
            """The account, with the tag of a customer on one asset."""

            def inventory(self, on_call=lambda: None, known=None):
                found = super().inventory(on_call, known)
                devices = tuple(
                    replace(one, customer_id=own.id, site_id=place.id)
                    if one.id == tagged.id
                    else one
                    for one in found.devices
                )
                return replace(
                    found,
                    customers=(*found.customers, own),
                    sites=(*found.sites, place),
                    devices=devices,
                )

        source = Tagged(second._client)
        for _ in range(2):
            assert sync(source, store, customers=rules).is_complete
        with store.snapshot() as snapshot:
            rows = [row for row in queries.devices(snapshot) if row.source == "qualys"]
        assert {row.device_id for row in rows} == {one.id for one in listed.devices}
        assert {row.customer for row in rows} == {"Everybody", OWN_CUSTOMER}
