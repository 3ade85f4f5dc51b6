"""Checks of a device, their outages and automated tasks; one check watches the patches.

A check's result follows from the device's state. [O: peer, wait, vendor-mcp for list_checks and
list_failing_checks; zamak, peer, vendor-mcp for list_outages; D: run_task_now.htm]
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from patchfleet.emulator.nsight import ids
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.device import FAILED, MISSING, Device
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
from patchfleet.emulator.world import Customer, Site

NOT_RUN, FAILED_CHECK, PARKED, PASSED = 0, 1, 4, 5
"""The `statusid` of list_checks; parked is failed and cleared by a person [O: pyd]."""
TASK = 1023
"""The `check_type` of an automated task [O?: wait]."""
_CLASSES = {1: "24x7", 2: "daily safety check", 3: "task"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `dsc_247` is 1 for 24x7, 2 for daily, 3 for a task."""

    checkid: int
    check_type: int
    dsc_247: int
    description: str
    output: str
    status: int

    @property
    def has_failed(self) -> bool:
        """Return whether the last run failed, parked or not."""
        return self.status in (FAILED_CHECK, PARKED)


def checks_of(device: Device) -> list[Check]:
    """Return the checks of a device, in the order of their ids."""
    machine = device.machine
    rows = device.rows.values()
    missing = sum(row.status == MISSING for row in rows)
    failed = sum(row.status == FAILED for row in rows)
    full = machine.number % 11 == 10
    checks = [
        (1012, 2, "Disk Space Check - drive C:", "91% used" if full else "48% used",
         FAILED_CHECK if full else PASSED),
        (1002, 2, "Antivirus Update Check", *(
            ("Definitions are 40 days old", PARKED) if machine.number % 9 == 4
            else ("Definitions are up to date", PASSED)
        )),
    ]  # fmt: skip
    if machine.is_managed:
        checks.append((1045, 2, "Patch Status Check", f"{missing} missing, {failed} failed",
                     FAILED_CHECK if failed else PASSED))  # fmt: skip
    if machine.kind == "server":
        checks.append((1018, 1, "Performance Monitoring Check - CPU", "Average 12%", PASSED))
    has_run = machine.number % 8 != 5
    checks.append((TASK, 3, "Script Check - Clean temporary files",
                 "Task completed" if has_run else "Not run yet",
                 PASSED if has_run else NOT_RUN))  # fmt: skip
    return [Check(ids.check_id(machine, place), *rest) for place, rest in enumerate(checks)]


def failing(device: Device) -> list[Check]:
    """Return the failing checks of a device; a parked one does not count (choice)."""
    return [check for check in checks_of(device) if check.status == FAILED_CHECK]


def counts(device: Device) -> list[bytes]:
    """Return one `checkcount` block for each class of check [D: listing_devices_at_client_.htm]."""
    blocks = []
    checks = checks_of(device)
    for kind in _CLASSES:
        own = [check.status for check in checks if check.dsc_247 == kind]
        blocks.append(
            group(
                "checkcount",
                plain("dsc_247", kind),
                plain("pass", own.count(PASSED)),
                plain("clear", own.count(PARKED)),
                plain("fail", own.count(FAILED_CHECK)),
            )
        )
    return blocks


def list_checks(account: Account, parameters: Parameters) -> bytes:
    """Answer with the checks of a device."""
    device = account.device(number(parameters, "deviceid"))
    at = account.now - timedelta(minutes=7)
    local = at.astimezone(device.machine.site.zone)
    checks = [
        group(
            "check",
            plain("uid", check.checkid * 10 + 1),
            plain("sync_status", 1),
            text("description", check.description),
            plain("statusid", check.status),
            plain("date", local.strftime("%Y-%m-%d") if check.status else ""),
            plain("time", local.strftime("%H:%M:%S") if check.status else ""),
            plain("utc_run", stamp(at if check.status else None)),
            *(plain(name, 0) for name in ("email", "sms", "emailrecovery", "smsrecovery")),
            plain("checkid", check.checkid),
            plain("check_type", check.check_type),
            plain("dsc_247", check.dsc_247),
            plain("consecutive_fails", 3 if check.has_failed else 0),
        )
        for check in checks_of(device)
    ]
    return result(account.now, group("items", *checks))


def list_failing_checks(account: Account, parameters: Parameters) -> bytes:
    """Answer with failing checks by client and site; `random` means all [O: vendor-mcp]."""
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
    """Return since when a device has not reported, nothing for one that reports.

    An element with children, on servers `offline`, on workstations `overdue`; a device without
    anything else to report is listed too [O: two live dashboards].
    """
    days = device.machine.silent_days
    if not days:
        return b""
    name, description = ("offline", "Server offline") if device.machine.kind == "server" else (
        "overdue", "Workstation overdue"
    )  # fmt: skip
    since = (account.now - timedelta(days=days)).astimezone(SERVER_ZONE)
    return group(
        name,
        text("description", description),
        plain("startdate", since.strftime("%Y-%m-%d")),
        plain("starttime", since.strftime("%H:%M:%S")),
    )


def list_outages(account: Account, parameters: Parameters) -> bytes:
    """Answer with the outages of a device: one for each failed check, and on some a closed one.

    The fields are those that clients read; words and order are choices [O: three clients].
    """
    device = account.device(number(parameters, "deviceid"))
    checks = checks_of(device)
    outages = [_outage(check, account.now, None) for check in checks if check.has_failed]
    if device.machine.number % 5 == 0:
        outages.append(_outage(checks[-1], account.now, account.now - timedelta(days=2)))
    return result(account.now, group("items", *outages))


def _outage(check: Check, now: datetime, until: datetime | None) -> bytes:
    """Return one outage; without `until` it is still open."""
    return group(
        "outage",
        plain("outage_id", check.checkid + 1),
        text("reason", "Check failed"),
        plain("state", "closed" if until else "open"),
        plain("utc_start", stamp((until or now) - timedelta(hours=9))),
        plain("utc_end", stamp(until)),
        plain("check_id", check.checkid),
        plain("check_type", check.check_type),
        text("check_description", check.description),
        text("check_status", "testok" if until else "testerror"),
        text("check_frequency", _CLASSES[check.dsc_247]),
        text("cause", check.output),
    )


def get_formatted_check_output(account: Account, parameters: Parameters) -> bytes:
    """Answer with the last output line of a check."""
    device, place = account.check(number(parameters, "checkid"))
    return result(account.now, text("formatted_output", _check(device, place).output))


def task_run_now(account: Account, parameters: Parameters) -> bytes:
    """Answer with the minutes until an automated task starts [D: run_task_now.htm]."""
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
