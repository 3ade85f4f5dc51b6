"""Details of one device beyond its patches: monitoring, assets, checks, tasks."""

from functools import partial
from operator import attrgetter
from typing import Literal
from xml.etree.ElementTree import Element

from patchfleet.errors import ConfigError, Unreadable
from patchfleet.nsight.codes import whole_number
from patchfleet.nsight.document import printable
from patchfleet.nsight.envelope import (
    Answer,
    answer,
    child,
    children,
    name_of,
    opened,
    text_of,
    whole_text,
)
from patchfleet.nsight.operations.request import call, number, repeated
from patchfleet.nsight.records.inventory import (
    AssetDetails,
    Check,
    CustomField,
    FailingDevice,
    Hardware,
    MonitoringDetails,
    Note,
    Outage,
    Software,
    TaskStarted,
)
from patchfleet.nsight.records.record import R, Records, id_of, read, read_all
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Change, Echo, Operation, Wanted


def list_device_monitoring_details(deviceid: int) -> Operation[MonitoringDetails]:
    """Get one device with its checks, outages and notes [D: listing_device_monitoring_deta.htm]."""
    device = number("deviceid", deviceid)
    return call(
        "list_device_monitoring_details",
        _read_monitoring,
        echoes=(repeated("device", device, "device_id"),),
        deviceid=device,
    )


def list_device_asset_details(deviceid: int) -> Operation[AssetDetails]:
    """Get the asset record of a device: hardware and software [D: Listing Device Asset Details]."""
    device = number("deviceid", deviceid)
    return call(
        "list_device_asset_details",
        _read_asset,
        echoes=(repeated("device", device, "deviceid"),),
        deviceid=device,
    )


def list_checks(deviceid: int) -> Operation[Records[Check]]:
    """List the checks of a device, its patch status check among them [O: peer]."""
    device = number("deviceid", deviceid)
    return call(
        "list_checks",
        partial(_list, "check", Check),
        echoes=(repeated("device", device, "deviceid"),),
        deviceid=device,
    )


def list_failing_checks(
    clientid: int | None = None, check_type: Literal["checks", "tasks", "random"] | None = None
) -> Operation[Records[FailingDevice]]:
    """List the devices that are offline, overdue or have failing checks, of one client or of all.

    `random` is the vendor's word for all types [O: vendor-mcp].
    """
    if check_type not in {None, "checks", "tasks", "random"}:
        raise ConfigError(f"check_type is {check_type!r}", hint="one of: checks, tasks, random")
    client = None if clientid is None else number("clientid", clientid)
    return call(
        "list_failing_checks",
        _read_failing,
        echoes=() if client is None else (Echo("client", client, attrgetter("clients")),),
        clientid=client,
        check_type=check_type,
    )


def get_formatted_check_output(checkid: int) -> Operation[str]:
    """Get what a check printed last [O: peer, vendor-mcp]."""
    return call("get_formatted_check_output", _read_output, checkid=number("checkid", checkid))


def list_all_software(assetid: int) -> Operation[Records[Software]]:
    """List the software of an asset; the id is the asset's, not the device's [D]."""
    asset = number("assetid", assetid)
    return call(
        "list_all_software",
        partial(_list, "software", Software),
        echoes=(repeated("asset", asset, "assetid"),),
        assetid=asset,
    )


def list_all_hardware(assetid: int) -> Operation[Records[Hardware]]:
    """List the hardware of an asset; the id is the asset's, not the device's [D]."""
    asset = number("assetid", assetid)
    return call(
        "list_all_hardware",
        partial(_list, "hardware", Hardware),
        echoes=(repeated("asset", asset, "assetid"),),
        assetid=asset,
    )


def task_run_now(checkid: int) -> Change[TaskStarted]:
    """Start an automated task, by the id of its check [D: run_task_now.htm].

    No call shows afterwards whether it was started, so it is sent once and never again. Returns
    N-able's own message; without one, the error states that the task may have been started.
    """
    check = number("checkid", checkid)
    return Change(
        Wanted("nsight", "task_run_now", items=(str(check),)),
        call("task_run_now", _read_started, repeatable=False, is_reading=False, checkid=check),
        None,
        lambda outcome: outcome.answer,
        f"look at the output of check {check} before you start the task again",
        is_repeatable=False,
    )


def _list(name: str, record: type[R], response: Response) -> Records[R]:
    answered = opened(response)
    return read_all(answered.items(name), record, answered)


def _read_monitoring(response: Response) -> MonitoringDetails:
    answered = opened(response)
    device = answered.only("server", "workstation")
    if device is None:
        raise Unreadable("the answer holds neither a server nor a workstation")
    found = read(
        device,
        MonitoringDetails,
        answered,
        device_type=name_of(device),
        checks=read_all(answered.optional(device, "checks", "check"), Check, answered),
        outages=read_all(answered.optional(device, "outages", "outage"), Outage, answered),
        notes=read_all(answered.optional(device, "notes", "note"), Note, answered),
    )
    for holder in children(device, "checks"):
        counted = whole_number(holder.get("count"))
        if counted is not None and counted != len(found.checks):
            raise Unreadable(f"N-able counts {counted} checks and lists {len(found.checks)}")
    return _with_all_problems(found, answered)


def _read_asset(response: Response) -> AssetDetails:
    answered = opened(response)
    root = answered.root
    found = read(
        root,
        AssetDetails,
        answered,
        custom=[
            CustomField(
                int(element.tag[6:]), element.get("customname", ""), (element.text or "").strip()
            )
            for element in root
            if element.tag.lower().startswith("custom") and whole_number(element.tag[6:])
        ],
        hardware=read_all(answered.optional(root, "hardware", "item"), Hardware, answered),
        software=read_all(answered.optional(root, "software", "item"), Software, answered),
    )
    if not any(value for name, value in found.items() if name not in found.extra):
        raise Unreadable("the answer holds no asset")
    return _with_all_problems(found, answered)


def _with_all_problems(found: R, answered: Answer) -> R:
    """Add the problems of a whole answer to its one record."""
    found.problems = tuple(answered.problems)
    return found


def _read_failing(response: Response) -> Records[FailingDevice]:
    answered = opened(response)
    devices: Records[FailingDevice] = Records()
    for client in answered.items("client"):
        client_id = _id(client, "clientid")
        devices.clients += (client_id,)
        for site in answered.inner(client, "site"):
            answered.inner(site, "servers", "workstations")
            where = {
                "client_id": client_id,
                "client_name": text_of(client, "name"),
                "site_id": _id(site, "siteid"),
                "site_name": text_of(site, "name"),
            }
            for kind in ("server", "workstation"):
                for element in answered.optional(site, kind + "s", kind):
                    devices.append(_read_failing_device(element, kind, where, answered))
    devices.answered_at, devices.problems = answered.answered_at, tuple(answered.problems)
    return devices


def _read_failing_device(
    element: Element, kind: str, where: dict[str, object], answered: Answer
) -> FailingDevice:
    troubles: dict[str, str | None] = {}
    for name in FailingDevice.READ_APART:
        description, since, others = _trouble(child(element, name))
        troubles |= {name: description, f"{name}_since": since}
        if others:
            answered.problems.append(f"<{name}> holds {others}, which is undocumented")
    checks = read_all(answered.optional(element, "failed_checks", "check"), Check, answered)
    return read(
        element,
        FailingDevice,
        answered,
        device_type=kind,
        failed_checks=checks,
        **where,
        **troubles,
    )


def _trouble(element: Element | None) -> tuple[str | None, str | None, str]:
    """Read `<offline>` and its like: its description, its start, and its other fields."""
    if element is None:
        return None, None, ""
    if not len(element):
        return whole_text(element) or None, None, ""
    fields = {name_of(one): whole_text(one) for one in element}
    description = fields.pop("description", "") or (element.text or "").strip()
    since = " ".join(filter(None, (fields.pop("startdate", ""), fields.pop("starttime", ""))))
    others = ", ".join(f"<{name}> {value}" for name, value in fields.items() if value)
    is_so = bool(description or since or others)
    return (description or name_of(element)) if is_so else None, since or None, printable(others)


def _id(parent: Element, name: str) -> int:
    """Read an id that is called `id` on some answers and by its kind on others."""
    return id_of(parent, name if child(parent, name) is not None else "id")


def _read_output(response: Response) -> str:
    answered = opened(response)
    holder = child(answered.root, "items")
    if holder is None:
        holder = answered.root
    found = list(children(holder, "formatted_output"))
    if len(found) != 1:
        raise Unreadable(f"the answer has {len(found) or 'no'} <formatted_output>")
    return whole_text(found[0])


def _read_started(response: Response) -> TaskStarted:
    found = child(answer(response), "message")
    if found is None:
        raise Unreadable("the answer has no <message>")
    return TaskStarted(whole_number(found.get("time")), whole_text(found))
