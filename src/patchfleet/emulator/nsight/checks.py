"""The checks of a device: a handful each, one of which watches its patches.

Law of this file: parameters in, bytes out; what a check says follows from the device.
[O: peer, wait, vendor-mcp for list_checks and list_failing_checks; D: run_task_now.htm]
"""

from dataclasses import dataclass
from datetime import timedelta

from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.envelope import (
    SERVER_ZONE,
    group,
    invalid_value,
    plain,
    result,
    stamp,
    text,
)
from patchfleet.emulator.nsight.parameters import Parameters, number, one_of
from patchfleet.emulator.nsight.state import FAILED, MISSING, Device
from patchfleet.emulator.world import Customer, Site

PASSED, FAILED_CHECK = 5, 1
"""The `statusid` of list_checks; 0 is not run, 4 failed and parked: not emulated [O: pyd]."""
TASK = 1023
"""The `check_type` of an automated task [O?: wait]."""
_CLASSES = {1: "24x7", 2: "daily safety check", 3: "task"}


@dataclass(frozen=True, slots=True)
class Check:
    """Describe a check as it stands: `dsc_247` is 1 for 24x7, 2 for daily, 3 for a task."""

    checkid: int
    check_type: int
    dsc_247: int
    description: str
    output: str
    passes: bool


def checks_of(device: Device) -> list[Check]:
    """Return the checks of a device, in the order of their ids' places."""
    machine = device.machine
    rows = device.rows.values()
    missing = sum(row.status == MISSING for row in rows)
    failed = sum(row.status == FAILED for row in rows)
    full = machine.number % 11 == 10
    told = [
        (1012, 2, "Disk Space Check - drive C:", "91% used" if full else "48% used", not full),
        (1002, 2, "Antivirus Update Check", "Definitions are up to date", True),
    ]
    if machine.is_managed:
        told.append((1045, 2, "Patch Status Check", f"{missing} missing, {failed} failed",
                     failed == 0))  # fmt: skip
    if machine.kind == "server":
        told.append((1018, 1, "Performance Monitoring Check - CPU", "Average 12%", True))
    told.append((TASK, 3, "Script Check - Clean temporary files", "Task completed", True))
    return [Check(ids.check_id(machine, place), *rest) for place, rest in enumerate(told)]


def failing(device: Device) -> list[Check]:
    """Return the checks of a device that fail."""
    return [check for check in checks_of(device) if not check.passes]


def counts(device: Device) -> list[bytes]:
    """Return one `checkcount` block for each class of check [D: listing_devices_at_client_.htm]."""
    blocks = []
    checks = checks_of(device)
    for kind in _CLASSES:
        own = [check for check in checks if check.dsc_247 == kind]
        passing = sum(check.passes for check in own)
        blocks.append(
            group(
                "checkcount",
                plain("dsc_247", kind),
                plain("pass", passing),
                plain("clear", 0),
                plain("fail", len(own) - passing),
            )
        )
    return blocks


def list_checks(account: Account, parameters: Parameters) -> bytes:
    """Answer with the checks of a device."""
    device = account.device(number(parameters, "deviceid"))
    run_at = account.now - timedelta(minutes=7)
    local = run_at.astimezone(device.machine.site.zone)
    checks = [
        group(
            "check",
            plain("uid", check.checkid * 10 + 1),
            plain("sync_status", 1),
            text("description", check.description),
            plain("statusid", PASSED if check.passes else FAILED_CHECK),
            plain("date", local.strftime("%Y-%m-%d")),
            plain("time", local.strftime("%H:%M:%S")),
            plain("utc_run", stamp(run_at)),
            *(plain(name, 0) for name in ("email", "sms", "emailrecovery", "smsrecovery")),
            plain("checkid", check.checkid),
            plain("check_type", check.check_type),
            plain("dsc_247", check.dsc_247),
            plain("consecutive_fails", 0 if check.passes else 3),
        )
        for check in checks_of(device)
    ]
    return result(account.now, group("items", *checks))


def list_failing_checks(account: Account, parameters: Parameters) -> bytes:
    """Answer with what fails, by client and site; `random` means all [O: vendor-mcp]."""
    wanted = one_of(parameters, "check_type", ("checks", "tasks", "random")) or "random"
    customers = list(account.world.customers)
    if parameters.get("clientid"):
        customers = [account.client(number(parameters, "clientid"))]
    clients = [_failing_client(account, customer, wanted) for customer in customers]
    return result(account.now, group("items", *filter(None, clients)))


def _failing_client(account: Account, customer: Customer, wanted: str) -> bytes:
    sites = [
        _failing_site(account, site, wanted)
        for site in account.world.sites
        if site.customer is customer
    ]
    sites = [site for site in sites if site]
    if not sites:
        return b""
    return group(
        "client",
        plain("clientid", ids.client_id(customer)),
        text("name", customer.name),
        *sites,
    )


def _failing_site(account: Account, site: Site, wanted: str) -> bytes:
    parts = []
    for kind in ("server", "workstation"):
        devices = [
            _failing_device(account, device, wanted)
            for device in account.devices.values()
            if device.machine.site is site and device.machine.kind == kind
        ]
        if any(devices):
            parts.append(group(f"{kind}s", *devices))
    if not parts:
        return b""
    return group("site", plain("siteid", ids.site_id(site)), text("name", site.name), *parts)


def _failing_device(account: Account, device: Device, wanted: str) -> bytes:
    checks = [
        check
        for check in failing(device)
        if wanted == "random" or (check.check_type == TASK) == (wanted == "tasks")
    ]
    silent = b"" if wanted == "tasks" else _silent(account, device)
    if not checks and not silent:
        return b""
    local = account.now.astimezone(device.machine.site.zone)
    listed = [
        group(
            "check",
            plain("checkid", check.checkid),
            plain("check_type", check.check_type),
            plain("dsc_247", check.dsc_247),
            text("description", check.description),
            plain("date", local.strftime("%Y-%m-%d")),
            plain("time", local.strftime("%H:%M:%S")),
            text("formatted_output", check.output),
            text("checkstatus", "testerror"),
        )
        for check in checks
    ]
    return group(
        device.machine.kind,
        plain("id", device.deviceid),
        text("name", device.machine.name),
        silent,
        group("failed_checks", *listed),
    )


def _silent(account: Account, device: Device) -> bytes:
    """Return since when nothing was heard of a device, nothing for one that reports.

    An element with children, on servers `offline`, on workstations `overdue`; a device of which
    nothing else is to be said is listed all the same [O: two live dashboards].
    """
    days = device.machine.silent_days
    if not days:
        return b""
    name, told = ("offline", "Server offline") if device.machine.kind == "server" else (
        "overdue", "Workstation overdue"
    )  # fmt: skip
    since = (account.now - timedelta(days=days)).astimezone(SERVER_ZONE)
    return group(
        name,
        text("description", told),
        plain("startdate", since.strftime("%Y-%m-%d")),
        plain("starttime", since.strftime("%H:%M:%S")),
    )


def get_formatted_check_output(account: Account, parameters: Parameters) -> bytes:
    """Answer with the one line a check last said."""
    device, place = account.check(number(parameters, "checkid"))
    return result(account.now, text("formatted_output", _check(device, place).output))


def task_run_now(account: Account, parameters: Parameters) -> bytes:
    """Answer with the minutes until an automated task begins [D: run_task_now.htm]."""
    device, place = account.check(number(parameters, "checkid"))
    if _check(device, place).check_type != TASK:
        raise invalid_value("checkid")
    minutes = 5 if device.machine.kind == "server" else 15
    attributes = f' time="{minutes}"'
    return result(account.now, plain("message", f"{minutes} minutes", attributes))


def _check(device: Device, place: int) -> Check:
    checks = checks_of(device)
    if place >= len(checks):
        raise invalid_value("checkid")
    return checks[place]
