"""Services about one device: monitoring details, asset details, software, hardware.

Both details services have no `<items>` [D: listing_device_monitoring_deta.htm, Listing Device Asset
Details]; software and hardware are requested by asset id, not by device id [D].
"""

from datetime import datetime, timedelta

from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.checks import (
    FAILED_CHECK,
    NOT_RUN,
    PARKED,
    PASSED,
    Check,
    checks_of,
)
from patchfleet.emulator.nsight.device import INSTALLED, Device
from patchfleet.emulator.nsight.envelope import SERVER_ZONE, group, plain, result, stamp, text
from patchfleet.emulator.nsight.inventory import asset_role, features, seen_at
from patchfleet.emulator.nsight.parameters import Parameters, number
from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine

_LAPTOPS = (8, 9, 10, 11, 14)
_PROGRAMS = 20
_WORDS = {
    NOT_RUN: "testnotrun", FAILED_CHECK: "testerror", PARKED: "testcleared", PASSED: "testok",
}  # fmt: skip
"""[testok and testerror O; the other two are choices]"""
_EVERYWHERE = ("remote agent", "take control viewer")


def list_device_monitoring_details(account: Account, parameters: Parameters) -> bytes:
    """Answer with the state of a device's agent and checks."""
    device = account.device(number(parameters, "deviceid"))
    machine, checks = device.machine, checks_of(device)
    seen = seen_at(device, account.now)
    last_boot = None if machine.has_blank_times else device.restarted_at
    details = group(
        machine.kind,
        plain("id", device.deviceid),
        text("name", machine.name),
        text("description", machine.description),
        text("username", machine.user),
        plain("guid", machine.guid),
        text("os", machine.system.name),
        text("agent", "Agent v10.13.8"),
        plain("lastresponse", stamp(seen, SERVER_ZONE)),
        plain("lastresponse_utc", stamp(seen)),
        plain("lastboot", stamp(last_boot, SERVER_ZONE)),
        group(
            "checks",
            *(_check(check, account.now) for check in checks),
            attributes=f' count="{len(checks)}"',
        ),
        group("outages", *(_outage(check, account.now) for check in checks if check.has_failed)),
        group("notes", *_notes(device, account.now)),
        *features(machine),
    )
    return result(account.now, details)


def _check(check: Check, now: datetime) -> bytes:
    run_at = now - timedelta(minutes=7)
    alerts = ("emailalerts", "smsalerts", "emailrecoveryalerts", "smsrecoveryalerts")
    return group(
        "check",
        plain("checkid", check.checkid),
        plain("dsc_247", check.dsc_247),
        text("description", check.description),
        text("checkstatus", _WORDS[check.status]),
        text("extra", check.output),
        plain("datetime", stamp(run_at, SERVER_ZONE)),
        plain("consecutive_fails", 3 if check.has_failed else 0),
        *(plain(name, 0) for name in alerts),
        plain("servertime", stamp(run_at, SERVER_ZONE)),
    )


def _outage(check: Check, now: datetime) -> bytes:
    return group(
        "outage",
        plain("id", check.checkid + 1),
        plain("checkid", check.checkid),
        plain("descriptorid", check.check_type),
        text("checkstatusicon", "testerror"),
        text("description", check.description),
        plain("isclosed", 0),
        plain("startdate", stamp(now - timedelta(hours=9), SERVER_ZONE)),
    )


def _notes(device: Device, now: datetime) -> list[bytes]:
    """Return a note on one machine in thirteen."""
    if device.machine.number % 13:
        return []
    note = group(
        "note",
        plain("noteid", device.deviceid + 5),
        plain("created", stamp(now - timedelta(days=40), SERVER_ZONE)),
        text("description", "Asset"),
        text("devicename", device.machine.name),
        text("note", 'Do not restart during stocktaking: "até às 18 h" & <later>'),
        text("public_note", ""),
    )
    return [note]


def list_device_asset_details(account: Account, parameters: Parameters) -> bytes:
    """Answer with the asset record of a device, directly under the root."""
    device = account.device(number(parameters, "deviceid"))
    machine = device.machine
    scanned = None if machine.has_blank_times else device.scanned_at
    macs = dict(enumerate(machine.macs, 1))
    return result(
        account.now,
        text("client", machine.customer.name),
        _chassis(machine),
        plain("ip", machine.ip),
        *(plain(f"mac{place}", macs.get(place)) for place in (1, 2, 3)),
        text("user", machine.user),
        text("manufacturer", machine.manufacturer),
        text("model", machine.model),
        text("os", machine.system.name),
        text("serialnumber", machine.serial),
        text("productkey", machine.product_key),
        plain("role", asset_role(machine)),
        plain("servicepack", ""),
        plain("ram", machine.memory_bytes),
        plain("scantime", stamp(scanned, SERVER_ZONE)),
        plain("osinstalldate", f"{machine.installed_on} 09:00:00"),
        *(_custom(place) for place in range(1, 11)),
        group("hardware", *(_part(device, place) for place in range(len(_parts(machine))))),
        group("software", *_updates(device)),
    )


def _chassis(machine: Machine) -> bytes:
    """Return the chassis number; some laptops have a word instead, as in the example [D]."""
    is_laptop = machine.chassis in _LAPTOPS and machine.number % 5 == 0
    return text("chassistype", "Laptop") if is_laptop else plain("chassistype", machine.chassis)


def _custom(place: int) -> bytes:
    value = "Rack 4" if place == 1 else ""
    return text(f"custom{place}", value, attributes=f' customname="Custom{place}"')


def _parts(machine: Machine) -> tuple[tuple[int, str, str, str], ...]:
    """Return type number [O: peer], name, maker and details of the parts of a machine."""
    return (
        (2, f"BIOS {machine.model}", machine.manufacturer, f"Serial {machine.serial}"),
        (13, "Intel(R) Xeon(R)" if machine.kind == "server" else "Intel(R) Core(TM)", "Intel", ""),
        (11, "Physical Memory", machine.manufacturer, f"{machine.memory_bytes >> 30} GB"),
        (9, "Disk drive", "", "512 GB"),
        (1, "Ethernet Connection", "Intel", machine.macs[0]),
    )


def _part(device: Device, place: int) -> bytes:
    kind, name, maker, details = _parts(device.machine)[place]
    return group(
        "item",
        plain("hardwareid", _part_id(device.machine, place)),
        text("name", name),
        plain("type", kind),
        text("manufacturer", maker),
        text("details", details),
        text("status", "OK"),
        plain("deleted", 0),
        plain("modified", 0),
    )


def _part_id(machine: Machine, place: int) -> int:
    return ids.check_id(machine, place) + 1_000


def _programs(machine: Machine) -> list[tuple[str, str, str]]:
    """Return name, version and install date of the installed programs."""
    random = SeededRandom(machine.number, "programs", machine.serial)
    installed = machine.installed_on.isoformat()
    return [
        (line.title(), f"{random.between(1, 30)}.{random.between(0, 9)}", installed)
        for line in (*_EVERYWHERE, *machine.lines[:_PROGRAMS])
    ]


def _updates(device: Device) -> list[bytes]:
    """Return programs and, as hotfixes, the newest installed patches that have a KB number."""
    rows = [row for row in device.rows.values() if row.status == INSTALLED and row.patch.kb]
    hotfixes = [(row.patch.kb or "", "", "") for row in rows[-5:]]
    listed = [(*program, "Licenced") for program in _programs(device.machine)]
    listed += [(*hotfix, "Hotfix") for hotfix in hotfixes]
    return [
        group(
            "item",
            text("name", name),
            plain("softwareid", place + 1),
            text("version", version),
            plain("install_date", installed),
            plain("type", kind),
            plain("deleted", 0),
            plain("modified", 0),
        )
        for place, (name, version, installed, kind) in enumerate(listed)
    ]


def list_all_software(account: Account, parameters: Parameters) -> bytes:
    """Answer with the programs of an asset."""
    device = account.asset(number(parameters, "assetid"))
    programs = [
        group(
            "software",
            plain("softwareid", ids.check_id(device.machine, 0) + place),
            plain("catalogid", 1_000 + place),
            text("name", name),
            text("version", version),
            plain("install_date", installed),
        )
        for place, (name, version, installed) in enumerate(_programs(device.machine))
    ]
    return result(account.now, group("items", *programs))


def list_all_hardware(account: Account, parameters: Parameters) -> bytes:
    """Answer with the parts of an asset."""
    device = account.asset(number(parameters, "assetid"))
    parts = [
        group(
            "hardware",
            plain("hardwareid", _part_id(device.machine, place)),
            plain("type", kind),
            text("name", name),
            text("manufacturer", maker),
            text("details", details),
        )
        for place, (kind, name, maker, details) in enumerate(_parts(device.machine))
    ]
    return result(account.now, group("items", *parts))
