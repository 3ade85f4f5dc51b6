"""JSON form of a host in the asset inventory.

The fields are those observed in public code [O: qualysdk, qy]. Some of the vendor's habits are
reproduced: dates that are the words "Not Announced", lists of one written as the element alone,
times as milliseconds beside times as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patchfleet.emulator.qualys.asset import Asset, Tag
from patchfleet.emulator.qualys.timestamps import iso, milliseconds
from patchfleet.emulator.world import Machine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the inventory: a machine, and its asset unless it has no agent."""

    number: int
    uuid: str
    machine: Machine
    asset: Asset | None
    tags: tuple[Tag, ...]
    seen_at: datetime

    @property
    def modified_at(self) -> datetime:
        """Return when the inventory last changed anything about it."""
        return max(self.seen_at, self.asset.changed_at) if self.asset else self.seen_at


def written_host(host: Host) -> dict[str, Any]:
    """Return a host with all its fields."""
    machine = host.machine
    return {
        "assetId": host.number,
        "assetUUID": host.uuid,
        "hostId": host.number + 300_000_000,
        "lastModifiedDate": iso(host.modified_at),
        "agentId": host.asset.uuid if host.asset else None,
        "createdDate": iso(_midnight(host)),
        "sensorLastUpdatedDate": iso(host.seen_at),
        "assetType": "HOST",
        "address": machine.ip,
        "dnsName": f"{machine.name.lower()}.example.invalid",
        "assetName": machine.name,
        "netbiosName": machine.name[:15].upper(),
        "timeZone": machine.site.zone.key,
        "biosDescription": f"{machine.manufacturer} 1.{machine.number % 30}",
        "lastBoot": iso(host.asset.restarted_at if host.asset else machine.restarted_at),
        "totalMemory": machine.memory_bytes >> 20,
        "cpuCount": machine.processor_count,
        "lastLoggedOnUser": machine.user or None,
        "domainRole": "Member Server" if machine.kind == "server" else "Member Workstation",
        "hwUUID": machine.guid,
        "biosSerialNumber": machine.serial,
        "biosAssetTag": None,
        "isContainerHost": False,
        "operatingSystem": _system(machine),
        "hardware": _hardware(machine),
        "userAccountListData": {"userAccount": [{"name": "Administrator"}]},
        "openPortListData": None,
        "volumeListData": {"volume": _volumes(machine)},
        "networkInterfaceListData": {"networkInterface": _interfaces(machine)},
        "softwareListData": {"software": software(machine)},
        "provider": None,
        "cloudProvider": None,
        "agent": _agent(host),
        "sensor": _sensor(host),
        "container": None,
        "inventory": _inventory(host),
        "activity": None,
        "tagList": {"tag": [_tag(tag) for tag in host.tags]},
        "serviceList": None,
        "lastLocation": None,
        "criticality": {"score": 2 + machine.number % 3, "isDefault": True, "lastUpdated": None},
        "riskScore": machine.number * 37 % 1000,
        "whois": None,
        "customAttributes": None,
        "processor": {"description": "Emulated CPU", "speed": 2400},
    }


def category(machine: Machine) -> tuple[str, str]:
    """Return the two parts of the category of the operating system."""
    family = "Linux" if machine.system.platform == "linux" else "Windows"
    return family, "Server" if machine.kind == "server" or family == "Linux" else "Client"


def source(host: Host) -> str:
    """Return how the host was discovered."""
    return "AGENT" if host.asset else "SCANNER"


def modules(host: Host) -> list[str]:
    """Return the modules enabled on the host's agent."""
    return ["GAV", "PM", "VM"] if host.asset else ["VM"]


def software(machine: Machine) -> list[dict[str, str]]:
    """Return some of the programs a machine has."""
    names = machine.lines[5:12] if machine.lines else ("openssl", "openssh", "curl")
    return [
        {"fullName": name.title(), "name": name, "version": f"{1 + (machine.number + place) % 9}.0"}
        for place, name in enumerate(names)
    ]


def _midnight(host: Host) -> datetime:
    return host.seen_at.replace(
        year=host.machine.installed_on.year,
        month=host.machine.installed_on.month,
        day=host.machine.installed_on.day,
    )


def _system(machine: Machine) -> dict[str, Any]:
    name = machine.system.name
    first, second = category(machine)
    is_linux = first == "Linux"
    return {
        "osName": name,
        "fullName": name,
        "category": f"{first} / {second}",
        "category1": first,
        "category2": second,
        "productName": name.removeprefix("Microsoft "),
        "publisher": name.split()[0],
        "edition": name.split()[-1],
        "marketVersion": None,
        "version": machine.system.build,
        "update": None,
        "architecture": "64-Bit",
        "lifecycle": {
            "gaDate": "2024-04-25T00:00:00.000Z" if is_linux else "2021-10-05T00:00:00.000Z",
            "eolDate": "Not Announced" if is_linux else "2031-10-14T00:00:00.000Z",
            "eosDate": "Not Announced",
            "stage": "GA",
            "lifeCycleConfidence": "Exact",
        },
        "taxonomy": {"id": None, "name": f"{first} / {second}"},
        "installDate": f"{machine.installed_on.isoformat()}T00:00:00.000Z",
        "release": None,
        "cpe": None,
    }


def _hardware(machine: Machine) -> dict[str, Any]:
    kind = "Computers / Server" if machine.kind == "server" else "Computers / Desktop"
    return {
        "fullName": f"{machine.manufacturer} {machine.model}",
        "category": kind,
        "manufacturer": machine.manufacturer,
        "productName": machine.model,
        "model": machine.model,
        "lifecycle": {"eosDate": "Not Announced", "stage": "Unknown"},
    }


def _volumes(machine: Machine) -> list[dict[str, Any]]:
    name = "/" if machine.system.platform == "linux" else "C:"
    return [{"name": name, "size": 256 << 30, "free": (40 + machine.number % 90) << 30}]


def _interfaces(machine: Machine) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the network cards; a single card is not in a list."""
    cards = [
        {
            "hostname": machine.name,
            "addressIpV4": machine.ip if place == 0 else None,
            "addressIpV6": None,
            "macAddress": mac,
            "interfaceName": f"Ethernet {place}",
            "gatewayAddress": None,
        }
        for place, mac in enumerate(machine.macs)
    ]
    return cards[0] if len(cards) == 1 else cards


def _sensor(host: Host) -> dict[str, Any]:
    return {"activatedForModules": modules(host), "lastFullScan": milliseconds(host.seen_at)}


def _inventory(host: Host) -> dict[str, Any]:
    seen = milliseconds(host.seen_at)
    return {"source": source(host), "created": seen, "lastUpdated": seen}


def _agent(host: Host) -> Mapping[str, Any] | None:
    if host.asset is None:
        return None
    seen = milliseconds(host.seen_at)
    return {
        "version": "6.2.5.4",
        "configurationProfile": "Initial Profile",
        "activations": [{"key": None, "status": "ACTIVE"}],
        "connectedFrom": host.machine.site.external_ip,
        "lastActivity": seen,
        "lastCheckedIn": seen,
        "lastInventory": milliseconds(host.seen_at),
    }


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "tagId": tag.number,
        "tagName": tag.name,
        "foregroundColor": 0,
        "backgroundColor": 0,
        "businessImpact": None,
        "criticalityScore": None,
    }
