"""Customers across accounts: one customer for what several accounts know under several names.

A mapped customer has the id `=NAME` in every account. A device of an account without customers
takes the customer of the machine that it is, as `@ACCOUNT/ID`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from patchfleet.config import CustomerRule
from patchfleet.errors import ConfigError
from patchfleet.models import OWN_CUSTOMER, Customer, Device, Inventory, Site
from patchfleet.models.fleet import MAPPED, customer_home
from patchfleet.models.selection import is_named

if TYPE_CHECKING:
    from patchfleet.models.machine import Identity
    from patchfleet.store import Store


class CustomerMap:
    """The rules of all customers. Raises `ConfigError` for rules that contradict each other."""

    def __init__(self, rules: Sequence[CustomerRule] = ()) -> None:
        self._rules = tuple(rules)
        _check_distinct(self._rules)
        self._ends = {rule.name: self._end_of(rule.name, ()) for rule in self._rules}

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Each pattern of a tag with its customer, for sources that have tags."""
        return tuple((tag, rule.name) for rule in self._rules for tag in rule.tags)

    def apply(self, inventory: Inventory) -> Inventory:
        """Return an inventory in which mapped customers have their common name and id."""
        if not self._rules:
            return inventory
        by_id = {one.id: self._customer_of(one.name, "names") for one in inventory.customers}
        by_site = {
            one.id: self._customer_of(one.name, "sites") or by_id.get(one.customer_id)
            for one in inventory.sites
        }
        moved = {id_: one.id for id_, one in by_id.items() if one is not None}
        new = {one.id: one for one in (*by_id.values(), *by_site.values()) if one is not None}
        return replace(
            inventory,
            customers=(
                *(one for one in inventory.customers if by_id[one.id] is None),
                *new.values(),
            ),
            sites=tuple(
                one if (home := by_site[one.id]) is None else replace(one, customer_id=home.id)
                for one in inventory.sites
            ),
            devices=tuple(
                one if (home := by_site.get(one.site_id)) is None
                else replace(one, customer_id=home.id)
                for one in inventory.devices
            ),
            gaps=tuple(
                replace(gap, customer_id=moved.get(gap.customer_id or "", gap.customer_id))
                for gap in inventory.gaps
            ),
        )  # fmt: skip

    def _customer_of(self, name: str, field: str) -> Customer | None:
        """Return the mapped customer of a customer's or a site's name."""
        for rule in self._rules:
            is_own = field == "names" and rule.name.casefold() == name.casefold()
            if is_own or any(is_named(term, name, name) for term in getattr(rule, field)):
                end = self._ends[rule.name]
                return Customer(id=MAPPED + end, name=end)
        return None

    def _end_of(self, name: str, seen: tuple[str, ...]) -> str:
        """Follow the rules that take in another rule's customer; raise if they go in a circle."""
        if name in seen:
            circle = " -> ".join((*seen[seen.index(name) :], name))
            raise ConfigError(
                f"customers are mapped in a circle: {circle}",
                hint="take one of them out of `names`",
            )
        for rule in self._rules:
            if rule.name != name and any(is_named(term, name, name) for term in rule.names):
                return self._end_of(rule.name, (*seen, name))
        return name


def _check_distinct(rules: Sequence[CustomerRule]) -> None:
    for field in ("names", "tags", "sites"):
        known: dict[str, str] = {}
        for rule in rules:
            for term in getattr(rule, field):
                other = known.setdefault(term.casefold(), rule.name)
                if other != rule.name:
                    raise ConfigError(
                        f"{field} {term!r} is mapped to two customers, {other} and {rule.name}",
                        hint="name it in one of them",
                    )


def inherit_customers(source: str, inventory: Inventory, store: "Store") -> Inventory:
    """Return an inventory whose devices without a customer take that of their known machine."""
    ids = store.machines.ids()
    members: dict[str, list[tuple[str, str]]] = {}
    for ref, machine in ids.items():
        members.setdefault(machine, []).append(ref)
    refs = [(source, one.id) for one in _homeless(inventory)]
    machines = {ref[1]: members[ids[ref]] for ref in refs if ref in ids}
    return _inherited(source, inventory, machines, store)


def inherit_recognised(
    source: str, inventory: Inventory, identity: "Identity", store: "Store"
) -> Inventory:
    """Return an inventory whose devices take the customer of the machine just recognised."""
    homeless = {one.id for one in _homeless(inventory)}
    machines = {
        member.device_id: [(one.source, one.device_id) for one in machine.members]
        for machine in identity.machines
        if len(machine.members) > 1
        for member in machine.members
        if member.source == source and member.device_id in homeless
    }
    return _inherited(source, inventory, machines, store)


def _homeless(inventory: Inventory) -> Iterable[Device]:
    return (one for one in inventory.devices if one.customer_id == OWN_CUSTOMER)


def _inherited(
    source: str,
    inventory: Inventory,
    machines: Mapping[str, Sequence[tuple[str, str]]],
    store: "Store",
) -> Inventory:
    """Give devices the customer of the others of their machine, if those have one and the same."""
    others = {name for refs in machines.values() for name, _ in refs if name != source}
    homes: dict[tuple[str, str], Customer] = {}
    for other in others:
        known = store.sources.last_inventory(other)
        if known is None:
            continue
        names = {one.id: one.name for one in known.customers}
        for device in known.devices:
            own = device.customer_id
            if own != OWN_CUSTOMER:
                homes[other, device.id] = Customer(id=customer_home(other, own), name=names[own])
    found: dict[str, Customer] = {}
    for device_id, refs in machines.items():
        near = {one.id: one for ref in refs if (one := homes.get(ref)) is not None}
        if len(near) == 1:
            found[device_id] = next(iter(near.values()))
    if not found:
        return inventory
    new = {one.id: one for one in found.values()}
    # A mapped customer may be there with a site of another id.
    customers = {one.id for one in inventory.customers}
    sites = {one.id for one in inventory.sites}
    return replace(
        inventory,
        customers=(*inventory.customers, *(new[id_] for id_ in sorted(new.keys() - customers))),
        sites=(
            *inventory.sites,
            *(
                Site(id=id_, customer_id=id_, name=new[id_].name)
                for id_ in sorted(new.keys() - sites)
            ),
        ),
        devices=tuple(
            one if (home := found.get(one.id)) is None
            else replace(one, customer_id=home.id, site_id=home.id)
            for one in inventory.devices
        ),
    )  # fmt: skip
