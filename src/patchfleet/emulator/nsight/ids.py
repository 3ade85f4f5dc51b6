"""Ids and key of an N-sight account.

Ids follow from ordinal numbers alone and are unique within an account.
"""

from patchfleet.emulator.seeded_random import SeededRandom, scatter
from patchfleet.emulator.world import Customer, Machine, Site

CHECKS_PER_DEVICE = 8
_MOBILES_PER_CLIENT = 10


def api_key(seed: int) -> str:
    """Return the one key of the account: 32 hexadecimal characters."""
    return SeededRandom(seed, "nsight key").digits(32, "0123456789abcdef")


def client_id(customer: Customer) -> int:
    """Return the `clientid` of a customer."""
    return scatter(customer.number, 10_000, 99_989)


def site_id(site: Site) -> int:
    """Return the `siteid` of a site."""
    return scatter(site.number, 200_000, 999_983)


def device_id(machine: Machine) -> int:
    """Return the device id: `serverid`, `workstationid` and `id` in the vendor's answers."""
    return scatter(machine.number, 100_000, 9_999_991)


def mobile_id(customer: Customer, place: int) -> int:
    """Return the id of the customer's mobile device at this place."""
    return scatter(customer.number * _MOBILES_PER_CLIENT + place, 90_000_000, 99_999_999)


def asset_id(machine: Machine) -> int:
    """Return the `assetid`, which is never the device id."""
    return scatter(machine.number, 10_000_000, 19_999_999)


def check_id(machine: Machine, place: int) -> int:
    """Return the `checkid` of the check at a place of a device's list."""
    return scatter(machine.number * CHECKS_PER_DEVICE + place, 20_000_000, 89_999_999)


def row_id(machine: Machine, device_count: int, ordinal: int) -> int:
    """Return the `patchid` of the `ordinal`-th row found on a device.

    No two rows of the account share a number, not even for the same patch on two devices: whether
    they do at the vendor is unknown, and a client must not rely on it.
    """
    return scatter(ordinal * device_count + machine.number, 100_000, 99_999_999)
