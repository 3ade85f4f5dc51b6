"""Ground truth of the account as plain data, for tests to compare with.

It reads state only and shares no code with the answers.
"""

from typing import Any

from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.device import Device, Row


def truth_of(account: Account, seed: int, deviceid: int | None) -> dict[str, Any]:
    """Return the account as a tree of dicts and lists; raise ValueError for an unknown device.

    Times are ISO-8601 in UTC. With `deviceid` the tree has only that device and its site and
    client.
    """
    chosen = list(account.devices.values())
    if deviceid is not None:
        if deviceid not in account.devices:
            raise ValueError(f"no device {deviceid} in the emulated world")
        chosen = [account.devices[deviceid]]
    machines: dict[int, list[Any]] = {}
    for device in chosen:
        machines.setdefault(device.machine.site.number, []).append(_device(device))
    customers = []
    for customer in account.world.customers:
        sites = [
            {
                "siteid": ids.site_id(site),
                "name": site.name,
                "zone": site.zone.key,
                "devices": machines.get(site.number, []),
            }
            for site in account.world.sites
            if site.customer is customer and (deviceid is None or site.number in machines)
        ]
        if sites:
            customers.append(
                {
                    "clientid": ids.client_id(customer),
                    "name": customer.name,
                    "mobile_count": customer.mobile_count,
                    "sites": sites,
                }
            )
    return {"now": account.now.isoformat(), "seed": seed, "customers": customers}


def _device(device: Device) -> dict[str, Any]:
    machine = device.machine
    return {
        "deviceid": device.deviceid,
        "assetid": ids.asset_id(machine),
        "machine": machine.itself,
        "look_alike": machine.look_alike,
        "name": machine.name,
        "kind": machine.kind,
        "platform": machine.system.platform,
        "os": machine.system.name,
        "serial": machine.serial,
        "is_managed": machine.is_managed,
        "silent_days": machine.silent_days,
        "schedule": machine.schedule.described(),
        "restart": machine.restart,
        "auto_approved": sorted(device.policy.auto_approved),
        "attempts_allowed": device.policy.attempts,
        "scanned_at": device.scanned_at.isoformat(),
        "restarted_at": device.restarted_at.isoformat(),
        "patches": [_row(device, row) for row in device.rows.values()],
    }


def _row(device: Device, row: Row) -> dict[str, Any]:
    patch = row.patch
    return {
        "patchid": row.patchid,
        "title": patch.title,
        "kb": patch.kb,
        "product": patch.product,
        "severity": patch.severity,
        "url": patch.url,
        "released_at": patch.released_at.isoformat(),
        "is_deployable": patch.is_deployable,
        "is_uninstallable": patch.is_uninstallable,
        "policy": row.policy,
        "inherited": device.policy.inherited(patch),
        "status": row.status,
        "attempts": row.attempts,
        "tries": row.tries,
        "installed_at": row.installed_at.isoformat() if row.installed_at else None,
    }
