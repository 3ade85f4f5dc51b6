"""Services that list clients, sites, servers, workstations and devices at a client.

Fields are in the documented order [D: listing_clients_.htm, listing_sites.htm, listing_servers.htm,
listing_workstations_.htm, listing_devices_at_client_.htm]; texts are CDATA [O: ps-rmm].
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby

from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.checks import counts, failing
from patchfleet.emulator.nsight.device import Device
from patchfleet.emulator.nsight.envelope import SERVER_ZONE, group, plain, result, stamp, text
from patchfleet.emulator.nsight.parameters import Parameters, number, one_of, required
from patchfleet.emulator.world import Customer, Kind, Machine

DEVICE_TYPES = ("server", "workstation", "mobile_device")


def list_clients(account: Account, parameters: Parameters) -> bytes:
    """Answer with all clients, or those that have devices of a type."""
    wanted = one_of(parameters, "devicetype", DEVICE_TYPES)
    kinds = Counter((machine.customer.number, machine.kind) for machine in account.world.machines)
    clients = []
    for customer in account.world.customers:
        count = {
            "server": kinds[customer.number, "server"],
            "workstation": kinds[customer.number, "workstation"],
            "mobile_device": customer.mobile_count,
        }
        if not wanted or count[wanted]:
            clients.append(_client(customer, count))
    return result(account.now, group("items", *clients))


def _client(customer: Customer, count: dict[str, int]) -> bytes:
    return group(
        "client",
        text("name", customer.name),
        plain("clientid", ids.client_id(customer)),
        plain("view_dashboard", 0),
        plain("view_wkstsn_assets", 0),
        text("dashboard_username", "none" if customer.number % 2 else ""),
        plain("timezone", ""),
        plain("creation_date", customer.created_on),
        *(plain(f"{kind}_count", count[kind]) for kind in DEVICE_TYPES),
        plain("device_count", sum(count.values())),
    )


def list_sites(account: Account, parameters: Parameters) -> bytes:
    """Answer with the sites of a client."""
    customer = account.client(number(parameters, "clientid"))
    sites = [
        group(
            "site",
            plain("siteid", ids.site_id(site)),
            text("name", site.name),
            plain("connection_ok", 1),
            plain("creation_date", site.created_on),
            text("primary_router", "192.0.2.1" if site.number % 2 else ""),
            text("secondary_router", ""),
        )
        for site in account.world.sites
        if site.customer is customer
    ]
    return result(account.now, group("items", *sites))


def list_servers(account: Account, parameters: Parameters) -> bytes:
    """Answer with the servers of a site."""
    return _devices_of_site(account, parameters, "server")


def list_workstations(account: Account, parameters: Parameters) -> bytes:
    """Answer with the workstations of a site."""
    return _devices_of_site(account, parameters, "workstation")


def list_agentless_assets(account: Account, parameters: Parameters) -> bytes:
    """Answer with no assets: the feature no longer exists [O: mspbots, empty live]."""
    account.site(number(parameters, "siteid"))
    return result(account.now, group("items"))


def _devices_of_site(account: Account, parameters: Parameters, kind: Kind) -> bytes:
    site = account.site(number(parameters, "siteid"))
    devices = [
        group(kind, *_device(device, account.now), *_asset(device))
        for device in account.devices.values()
        if device.machine.site is site and device.machine.kind == kind
    ]
    return result(account.now, group("items", *devices))


def seen_at(device: Device, now: datetime) -> datetime:
    """Return when the agent of a device last reported."""
    machine = device.machine
    if machine.silent_days:
        return device.scanned_at
    return now - timedelta(seconds=20 + machine.number * 37 % 280)


def _device(device: Device, now: datetime) -> tuple[bytes, ...]:
    """Return the agent's part of a device; `online` stays 1 on silent ones [O: peer docs]."""
    machine = device.machine
    seen = seen_at(device, now)
    blank = machine.has_blank_times
    offset = seen.astimezone(machine.site.zone).utcoffset() or timedelta(0)
    boot = int(device.restarted_at.timestamp())
    return (
        plain("guid", machine.guid),
        text("name", machine.name),
        text("description", machine.description),
        plain("install_date", machine.installed_on),
        plain("last_boot_time", ("" if machine.number % 2 else "Not Available") if blank else boot),
        plain("dsc_active", 1),
        plain("atz_dst_date", "0000-03-05:00T02:00:00"),
        plain("utc_apt", stamp(seen)),
        plain("utc_offset", -int(offset.total_seconds())),
        text("user", machine.user),
        text("domain", "" if machine.kind == "workstation" else "corp.example.invalid"),
        text("manufacturer", machine.manufacturer),
        text("model", machine.model),
        plain("ip", machine.ip),
        plain("external_ip", machine.site.external_ip),
        *(plain(f"mac{place + 1}", _mac(machine, place)) for place in range(3)),
        text("os", machine.system.name + " " * (machine.number % 2)),
        text("os_details", f"{machine.system.name}, 64-bit (build {machine.system.build})"),
        plain(f"{machine.kind}id", device.deviceid),
        plain("agent_version", "10_13_8"),
        plain("agent_mode", 1),
        plain("online", 1),
        *_rounds(device, seen),
        *_zone_rules(offset),
    )


def _mac(machine: Machine, place: int) -> str:
    return machine.macs[place] if place < len(machine.macs) else ""


def _rounds(device: Device, seen: datetime) -> tuple[bytes, ...]:
    """Return the 24x7 block and that of the daily check."""
    machine = device.machine
    local = seen.astimezone(machine.site.zone)
    daily = seen.replace(hour=6, minute=5, second=0) - timedelta(days=1)
    local_daily = daily.astimezone(machine.site.zone)
    return (
        plain("active_247", int(machine.kind == "server")),
        plain("check_interval_247", 5),
        plain("status_247", 1),
        plain("local_date_247", local.strftime("%Y-%m-%d")),
        plain("local_time_247", local.strftime("%H:%M:%S")),
        plain("utc_time_247", stamp(seen)),
        plain("dsc_hour", 8),
        plain("dsc_status", 5 if failing(device) else 1),
        plain("dsc_local_date", local_daily.strftime("%Y-%m-%d")),
        plain("dsc_local_time", local_daily.strftime("%H:%M:%S")),
        plain("dsc_utc_time", stamp(daily)),
    )


def _zone_rules(offset: timedelta) -> tuple[bytes, ...]:
    """Return the agent's time zone block in the vendor's odd form [O: peer docs]."""
    return (
        plain("tz_bias", -int(offset.total_seconds()) // 60),
        plain("tz_dst_bias", -60),
        plain("tz_std_bias", 0),
        plain("tz_mode", 1),
        plain("tz_dst_date", "0000-03-05:00T01:00:00"),
        plain("tz_std_date", "0000-10-05:00T02:00:00"),
    )


def _asset(device: Device) -> tuple[bytes, ...]:
    """Return the asset block; a device without an asset record has none."""
    machine = device.machine
    if machine.number % 23 == 22:
        return ()
    scanned = None if machine.has_blank_times else device.scanned_at
    return (
        plain("assetid", ids.asset_id(machine)),
        text("wins_name", machine.name[:15]),
        plain("role", asset_role(machine)),
        plain("chassis_type", machine.chassis),
        text("device_serial", machine.serial),
        plain("processor_count", machine.processor_count),
        plain("total_memory", machine.memory_bytes),
        plain("service_pack", ""),
        text("os_serial_number", f"00330-80000-00000-AA{machine.number % 1000:03}"),
        text("os_product_key", machine.product_key),
        plain("os_type", 3 if machine.kind == "server" else 1),
        plain("last_scan_time", stamp(scanned, SERVER_ZONE)),
    )


def asset_role(machine: Machine) -> int:
    """Return the role number of the asset services [D: Listing Device Asset Details]."""
    if machine.system.platform == "windows":
        return 3 if machine.kind == "server" else 1
    return 101 if machine.system.platform == "linux" else 102


def list_devices_at_client(account: Account, parameters: Parameters) -> bytes:
    """Answer with the devices of one type at a client, by site."""
    customer = account.client(number(parameters, "clientid"))
    required(parameters, "devicetype")
    kind = one_of(parameters, "devicetype", DEVICE_TYPES)
    sites = []
    if kind == "mobile_device" and customer.mobile_count:
        site = next(site for site in account.world.sites if site.customer is customer)
        phones = [_phone(customer, place) for place in range(customer.mobile_count)]
        sites.append(_site_group(ids.site_id(site), site.name, *phones))
    for site, machines in groupby(account.machines(customer, kind), key=lambda one: one.site):
        listed = [_at_client(account.devices[ids.device_id(machine)]) for machine in machines]
        sites.append(_site_group(ids.site_id(site), site.name, *listed))
    if not sites:
        return result(account.now, group("items"))
    client = group(
        "client", plain("id", ids.client_id(customer)), text("name", customer.name), *sites
    )
    return result(account.now, group("items", client))


def _site_group(siteid: int, name: str, *devices: bytes) -> bytes:
    return group("site", plain("id", siteid), text("name", name), *devices)


def features(machine: Machine) -> tuple[bytes, ...]:
    """Return the flags of a device's features; `mavbreck` is the vendor's name."""
    flags = {
        "takecontrol": machine.kind == "server" or machine.number % 3 == 0,
        "patch": machine.is_managed,
        "mav": machine.system.platform == "windows",
        "mob": machine.kind == "server",
        "systray": machine.kind == "workstation",
        "mavbreck": False,
    }
    return tuple(plain(name, int(on)) for name, on in flags.items())


def _at_client(device: Device) -> bytes:
    machine = device.machine
    return group(
        machine.kind,
        plain("id", device.deviceid),
        text("name", machine.name),
        text("username", machine.user),
        text("description", machine.description),
        text("status", "Failed" if failing(device) else "Ok"),
        *counts(device),
        *features(machine),
        plain("webprotection", 0),
        plain("riskintelligence", 0),
    )


def _phone(customer: Customer, place: int) -> bytes:
    """Return a mobile device, which has no patches and no checks."""
    return group(
        "mobile_device",
        plain("id", ids.mobile_id(customer, place)),
        text("name", f"Phone {place + 1}"),
        text("username", ""),
        text("description", ""),
        text("status", "Ok"),
        *(plain(name, 0) for name in ("takecontrol", "patch", "mav", "mob", "systray")),
        plain("mavbreck", 0),
    )
