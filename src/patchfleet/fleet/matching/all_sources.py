"""Matching over all sources of a store, at the end of a sync.

The synced source takes part with its new inventory, every other one with its last complete one.
Manual decisions are read from the record and never recomputed.
"""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from patchfleet.fleet.matching.match import match_devices
from patchfleet.models import OWN_CUSTOMER, Inventory
from patchfleet.models.fleet import OF_ACCOUNT
from patchfleet.models.machine import Identity, SourcedDevice

if TYPE_CHECKING:
    from patchfleet.store import Store


def match_all_sources(store: "Store", source: str, inventory: Inventory) -> Identity:
    """Match the devices of `inventory` with those of all other sources."""
    seen = chain(
        _seen(source, inventory),
        # One source at a time: an inventory takes more memory than its identifiers.
        (
            one
            for name in store.sources.names()
            if name != source
            for one in _last_seen(store, name)
        ),
    )
    return match_devices(seen, store.machines.decisions(), store.machines.ids())


def _last_seen(store: "Store", source: str) -> Iterator[SourcedDevice]:
    known = store.sources.last_inventory(source)
    return iter(()) if known is None else _seen(source, known)


def _seen(source: str, inventory: Inventory) -> Iterator[SourcedDevice]:
    names = {customer.id: customer.name for customer in inventory.customers}
    for device in inventory.devices:
        # No evidence: the customer of untagged devices, and one taken from the pair itself.
        is_own = device.customer_id != OWN_CUSTOMER and device.customer_id[:1] != OF_ACCOUNT
        customer = names[device.customer_id] if is_own else ""
        yield SourcedDevice(source=source, device=device, customer=customer)
