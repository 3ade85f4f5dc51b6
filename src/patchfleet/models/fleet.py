"""Whose machines they are: customers, their sites, their devices.

Ids are the source's own, kept as text: what a source calls 17 another may call something else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from patchfleet._renamed import renamed

DeviceKind = Literal["server", "workstation"]
DEVICE_KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)

OWN_CUSTOMER = "Qualys subscription"
"""Customer of the devices that a source without customers cannot assign to one by a tag."""


class Customer(Struct, frozen=True, kw_only=True, gc=False):
    """A customer of the provider; N-able says *client*."""

    id: str
    name: str


class Site(Struct, frozen=True, kw_only=True, gc=False):
    """A place of one customer."""

    id: str
    customer_id: str
    name: str


class Device(Struct, frozen=True, kw_only=True, gc=False):
    """One machine as its source describes it.

    `is_patched` says whether the source manages patches on it: when it does not, no findings are
    expected. `last_seen_at` is aware UTC, or None where the source does not say.
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


class SourceState(Struct, frozen=True, kw_only=True):
    """What a source remembers of the hosts it lists, so that it may ask for those that changed.

    `said` has every host by its number, in a spelling of the source's own. It was so `at` a time,
    as far as the source's own word on changes goes; at `whole_at` all of them were read. Where it
    `is_stale` all have to be read again, and what is here is for what cannot be.
    """

    said: Mapping[str, str]
    at: datetime
    whole_at: datetime
    is_stale: bool = False


class Gap(Struct, frozen=True):
    """One thing that a run could not learn, with whom it concerns.

    `subject` is what was read (`inventory`, `jobs`, `device 4711 SRV-01 (Acme)`), `reason` a
    sentence for people, which may name customers and machines. By `customer_id` and `device_id`,
    the source's own, it is narrowed with the rows. One without a customer is told in full where
    nothing is narrowed and counted elsewhere, unless it `is_general`: it names nobody, and holds
    for every customer of the source. One that a person accepted, so that the run is complete with
    what was known before, `is_accepted`.
    """

    subject: str
    reason: str
    customer_id: str | None = None
    device_id: str | None = None
    is_general: bool = False
    is_accepted: bool = False

    @property
    def sentence(self) -> str:
        """What and why, in one line."""
        return f"{self.subject}: {self.reason}"


class Inventory(Struct, frozen=True, kw_only=True):
    """Everything a source knows of customers, sites and devices, and its own clock when it said so.

    `gaps` are what the source's own counts promise and its lists do not hold: `short` names the
    customers, and the kinds of device, of which it lists fewer than it counts, `contradicted` the
    devices that one of its lists has and another has not. What of those was there before is not
    gone on their word. `undescribed` are devices of which it lists no more than the name; what it
    said of them before stays.

    `hosts` is what the source wants to be handed next time; None leaves what it said before.
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
