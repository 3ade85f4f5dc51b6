"""Normalised identifiers of a device: serial, MAC addresses, agent id, name and domain.

Placeholders (`placeholders`) count as unknown. The identifiers of the whole fleet are in memory
together, so they hold no reference to a device and no text twice.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address
from sys import intern

from msgspec import Struct

from patchfleet.fleet.matching import placeholders as noise
from patchfleet.models.machine import DeviceRef, SourcedDevice

NETBIOS = 15
"""Length of a NetBIOS name, which some sources have in place of the host name."""

_CARD = re.compile(r"[0-9A-F][02468ACE][0-9A-F]{10}")
"""A MAC address of one card: an odd second digit means a multicast address."""
_SIGN = re.compile(r"[\W_]+")
_UUID = re.compile(r"[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}", re.IGNORECASE)
_COUNTED = "01234567890123456789"
_FAMILIES = (
    ("windows", ("windows",)),
    ("macos", ("macos", "mac os", "os x")),
    (
        "linux",
        ("linux", "ubuntu", "debian", "centos", "rocky", "fedora", "suse", "red hat", "alma"),
    ),
)


class Identifiers(Struct, frozen=True, kw_only=True, gc=False):
    """Identifiers of one device; "" and () mean unknown.

    `name` is the host name without its domain, `family` that of the operating system. `agent` is
    the id of the device if it is a UUID: other ids mean nothing outside their source. `macs` are
    sorted. The `raw_` values are those of the source, not normalised.
    """

    ref: DeviceRef
    agent: str
    serial: str
    macs: tuple[str, ...]
    name: str
    domain: str
    family: str
    customer: str
    raw_serial: str
    raw_name: str
    raw_os: str
    raw_customer: str
    last_seen_at: datetime | None

    @property
    def source(self) -> str:
        """Return the source that lists the device."""
        return self.ref[0]


def identifiers_of(seen: SourcedDevice) -> Identifiers:
    """Return the identifiers of a device."""
    device = seen.device
    name, domain = name_and_domain(device.name, device.domain)
    serial = serial_of(device.serial)
    return Identifiers(
        ref=seen.ref,
        agent=device.id.replace("-", "").lower() if _UUID.fullmatch(device.id) else "",
        serial=serial,
        macs=tuple(sorted(macs_of(device.mac_addresses))),
        name=name,
        domain=intern(domain),
        family=family_of(device.os),
        customer=intern(" ".join(seen.customer.casefold().split())),
        raw_serial=serial if device.serial == serial else device.serial or "",
        raw_name=device.name,
        raw_os=intern(device.os or ""),
        raw_customer=intern(seen.customer),
        last_seen_at=device.last_seen_at,
    )


def serial_of(text: str | None) -> str:
    """Return a serial in capitals without punctuation, "" for a placeholder."""
    serial = _SIGN.sub("", text or "").upper()
    if len(serial) < noise.SHORTEST_SERIAL or len(set(serial)) == 1:
        return ""
    if serial in noise.SERIALS or serial.startswith(noise.SERIAL_BEGINNINGS):
        return ""
    return "" if serial in _COUNTED or serial in _COUNTED[::-1] else serial


def macs_of(texts: Iterable[str]) -> frozenset[str]:
    """Return MAC addresses as twelve hexadecimal digits, without placeholders."""
    return frozenset(filter(None, map(_mac, texts)))


def _mac(text: str) -> str:
    mac = text.replace(":", "").replace("-", "").replace(".", "").strip().upper()
    if not _CARD.fullmatch(mac) or mac in noise.MACS or mac.startswith(noise.MAC_BEGINNINGS):
        return ""
    return mac


def name_and_domain(name: str, domain: str | None) -> tuple[str, str]:
    """Return the host name and the domain, from a qualified name or from both."""
    whole = name.strip().casefold().rstrip(".")
    if whole in noise.NAMES or _is_address(whole):
        whole = ""
    short, _, rest = whole.partition(".")
    home = (rest or (domain or "").strip().casefold()).rstrip(".")
    return short, "" if home in noise.DOMAINS else home


def _is_address(text: str) -> bool:
    if not text[:1].isdigit() and ":" not in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def family_of(os: str | None) -> str:
    """Return windows, macos or linux, or "" for any other system."""
    text = (os or "").casefold()
    for family, words in _FAMILIES:
        if any(word in text for word in words):
            return family
    return ""


def is_same_name(left: str, right: str) -> bool:
    """Return whether two names are equal, or one is the NetBIOS name of the other."""
    if left == right:
        return bool(left)
    short, long = sorted((left, right), key=len)
    return len(short) == NETBIOS and long.startswith(short)


def is_same_domain(left: str, right: str) -> bool:
    """Return whether two domains are equal, or one is the short name of the other."""
    return left == right or left.partition(".")[0] == right or right.partition(".")[0] == left
