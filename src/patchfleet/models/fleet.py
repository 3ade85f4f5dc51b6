"""Fleet of a source: customers, their sites and their devices.

Ids are the source's own, kept as text, and unique within one source.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet._renamed.fields import FormerFields

DeviceKind = Literal["server", "workstation"]
DEVICE_KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)

OWN_CUSTOMER = "Qualys subscription"
"""Customer of the devices that a source without customers cannot assign to one by a tag."""


MAPPED = "="
"""The first character of the id of a customer that the settings map, the same in every account."""

OF_ACCOUNT = "@"
"""The first character of the id of another account's customer, followed by `account/id`."""


def customer_home(source: str, customer_id: str) -> str:
    """Return the id by which a customer of a source is the same in every account."""
    if customer_id.startswith((MAPPED, OF_ACCOUNT)):
        return customer_id
    return f"{OF_ACCOUNT}{source}/{customer_id}"


class Account(Struct, frozen=True, gc=False):
    """An account of a vendor: `digest` identifies its server and its key or user."""

    vendor: str
    digest: str


class Customer(Struct, frozen=True, kw_only=True, gc=False):
    """A customer of the provider, a *client* at N-able."""

    id: str
    name: str


class Site(Struct, frozen=True, kw_only=True, gc=False):
    """A place of one customer."""

    id: str
    customer_id: str
    name: str


class Device(Struct, frozen=True, kw_only=True, gc=False):
    """One machine as its source describes it.

    `is_patched`: the source manages patches on it; otherwise no findings are expected. Times are
    aware UTC, or None if the source omits them.
    """

    id: str
    site_id: str
    customer_id: str
    name: str
    kind: DeviceKind
    is_patched: bool = True
    os: str | None = None
    description: str | None = None
    user: str | None = None
    serial: str | None = None
    mac_addresses: tuple[str, ...] = ()
    domain: str | None = None
    last_seen_at: datetime | None = None
    last_boot_at: datetime | None = None


class SourceState(Struct, frozen=True, kw_only=True, metaclass=FormerFields):
    """State that a source keeps between syncs, to read only the hosts that changed.

    `payloads` has each host by its id, in a format of the source. It is of the time `at`, as far as
    the source reports changes; at `whole_at` all hosts were read. If it `is_stale` all have to be
    read again, and the payloads serve for those that cannot be.
    """

    payloads: Mapping[str, str]
    at: datetime
    whole_at: datetime
    is_stale: bool = False


class Gap(Struct, frozen=True):
    """Something that a run could not read, with the customer and device it concerns.

    `subject` is what was read (`inventory`, `jobs`, `device 4711 SRV-01 (Acme)`), `reason` a
    sentence for people, which may name customers and machines. `customer_id` and `device_id`, the
    source's own, filter gaps together with rows. A gap without a customer is shown in full without
    a selection and counted otherwise, unless it `is_general`: without any name, and true for every
    customer of the source. An `is_accepted` gap does not keep its run from being complete.
    """

    subject: str
    reason: str
    customer_id: str | None = None
    device_id: str | None = None
    is_general: bool = False
    is_accepted: bool = False

    @property
    def sentence(self) -> str:
        """Return subject and reason in one line."""
        return f"{self.subject}: {self.reason}"


class Inventory(Struct, frozen=True, kw_only=True):
    """All customers, sites and devices of a source, at the time of its own clock.

    `gaps` are the contradictions in its lists. `short` has the customers, with the kind of device,
    of which it lists fewer devices than it counts, `contradicted` the devices that are in one list
    and not in another: a device missing there does not count as gone. `undescribed` are devices
    listed without details; they keep their earlier ones.

    `hosts` is the state for the next inventory; None keeps the earlier one.
    """

    as_of: datetime
    customers: tuple[Customer, ...]
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]
    gaps: tuple[Gap, ...] = ()
    short: frozenset[tuple[str, DeviceKind]] = frozenset()
    contradicted: frozenset[str] = frozenset()
    undescribed: frozenset[str] = frozenset()
    hosts: SourceState | None = None


__getattr__ = renamed(__name__)
