"""Check that a source reads the account that is on record under its name.

A changed server, key or user may be the same account: a key is renewed, a server moves. The devices
that it lists decide, before anything is recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from patchfleet.errors import WrongAccount
from patchfleet.fleet.source import HasAccount, Source
from patchfleet.models import Account, Device, Inventory

if TYPE_CHECKING:
    from patchfleet.store import Store
    from patchfleet.store.types import KnownDevice

SAME_SHARE = 0.5
"""Share of the listed devices that have to be on record for an account to be the same."""


def account_of(source: Source) -> Account | None:
    """Return the account of a source, None for a source that does not tell."""
    if isinstance(source, HasAccount) and source.account_digest:
        return Account(source.vendor, source.account_digest)
    return None


def check_account(source: Source, store: "Store", on_call: Callable[[], None]) -> Inventory | None:
    """Return None if the account is the recorded one, or the inventory that shows that it is.

    Raises `WrongAccount` if the inventory is of another account.
    """
    account = account_of(source)
    if account is None or store.sources.accounts().get(source.name) == account:
        return None
    known = store.sources.known_devices(source.name)
    if not known:
        return None
    listed = source.inventory(on_call, None)
    same = _recognised(known, listed.devices)
    if same < max(1, SAME_SHARE * len(listed.devices)):
        raise WrongAccount(
            f"the account of {source.name} is not the one on record under this name: of "
            f"{len(listed.devices):,} listed devices, {same:,} are among its {len(known):,}; "
            "nothing was recorded",
            hint="give another account a name of its own with `patchfleet account add`, "
            "or use another record with --store",
        )
    return listed


def check_changes(store: "Store", name: str, account: Account) -> None:
    """Raise `WrongAccount` if changes for source `name` would go to another account."""
    recorded = store.sources.accounts().get(name)
    if recorded is not None and recorded != account:
        raise WrongAccount(
            f"the server, key or user of {name} is not the one of its last sync; nothing was sent",
            hint=f"`patchfleet sync --account {name}` finds out whether it is the same account",
        )


def _recognised(known: "Mapping[str, KnownDevice]", devices: Sequence[Device]) -> int:
    """Count the devices that are on record under their id as the same machine."""
    return sum(one.id in known and _is_same(known[one.id], one) for one in devices)


def _is_same(known: "KnownDevice", listed: Device) -> bool:
    """Compare serial numbers, else network cards, else names: whichever both have."""
    if known.serial and listed.serial:
        return known.serial == listed.serial
    if known.mac_addresses and listed.mac_addresses:
        return not set(known.mac_addresses).isdisjoint(listed.mac_addresses)
    return known.name.casefold() == listed.name.casefold()
