"""What is known of one device beyond its patches: monitoring, assets, checks, tasks."""

from functools import partial
from typing import Literal
from xml.etree.ElementTree import Element

from patchfleet.errors import ConfigError, Unreadable
from patchfleet.nsight.envelope import answer, child, children, items, text_of
from patchfleet.nsight.inventory import (
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
from patchfleet.nsight.operations.calls import call, number
from patchfleet.nsight.records import R, id_of, read, read_all
from patchfleet.nsight.words import whole_number
from patchfleet.transport.operation import Operation
from patchfleet.transport.wire import Response


def list_device_monitoring_details(deviceid: int) -> Operation[MonitoringDetails]:
    """Get one device with its checks, outages and notes [D: listing_device_monitoring_deta.htm]."""
    return call(
        "list_device_monitoring_details",
        _read_monitoring,
        deviceid=number("deviceid", deviceid),
    )


def list_device_asset_details(deviceid: int) -> Operation[AssetDetails]:
    """Get the asset record of a device: hardware and software [D: Listing Device Asset Details]."""
    return call("list_device_asset_details", _read_asset, deviceid=number("deviceid", deviceid))


def list_checks(deviceid: int) -> Operation[list[Check]]:
    """List the checks of a device, its patch status check among them [O: peer]."""
    return call(
        "list_checks", partial(_list, "check", Check), deviceid=number("deviceid", deviceid)
    )


def list_failing_checks(
    clientid: int | None = None, check_type: Literal["checks", "tasks", "random"] | None = None
) -> Operation[list[FailingDevice]]:
    """List the devices that are offline, overdue or have failing checks, of one client or of all.

    `random` is the vendor's word for all types [O: vendor-mcp].
    """
    if check_type not in {None, "checks", "tasks", "random"}:
        raise ConfigError(f"check_type is {check_type!r}", hint="one of: checks, tasks, random")
    return call(
        "list_failing_checks",
        _read_failing,
        clientid=None if clientid is None else number("clientid", clientid),
        check_type=check_type,
    )


def get_formatted_check_output(checkid: int) -> Operation[str]:
    """Get what a check printed last [O: peer, vendor-mcp]."""
    return call("get_formatted_check_output", _read_output, checkid=number("checkid", checkid))


def list_all_software(assetid: int) -> Operation[list[Software]]:
    """List the software of an asset; the id is the asset's, not the device's [D]."""
    return call(
        "list_all_software",
        partial(_list, "software", Software),
        assetid=number("assetid", assetid),
    )


def list_all_hardware(assetid: int) -> Operation[list[Hardware]]:
    """List the hardware of an asset; the id is the asset's, not the device's [D]."""
    return call(
        "list_all_hardware",
        partial(_list, "hardware", Hardware),
        assetid=number("assetid", assetid),
    )


def task_run_now(checkid: int) -> Operation[TaskStarted]:
    """Start an automated task, by the id of its check; never repeated [D: run_task_now.htm]."""
    return call("task_run_now", _read_started, repeatable=False, checkid=number("checkid", checkid))


def _list(name: str, record: type[R], response: Response) -> list[R]:
    return read_all(items(answer(response), name), record)


def _inside(parent: Element, outer: str, inner: str) -> list[Element]:
    """Return the elements of an optional list: on this service an empty one may be left out."""
    found = child(parent, outer)
    return [] if found is None else list(children(found, inner))


def _read_monitoring(response: Response) -> MonitoringDetails:
    root = answer(response)
    for kind in ("server", "workstation"):
        device = child(root, kind)
        if device is not None:
            return read(
                device,
                MonitoringDetails,
                device_type=kind,
                checks=read_all(_inside(device, "checks", "check"), Check),
                outages=read_all(_inside(device, "outages", "outage"), Outage),
                notes=read_all(_inside(device, "notes", "note"), Note),
            )
    raise Unreadable("the answer holds neither a server nor a workstation")


def _read_asset(response: Response) -> AssetDetails:
    root = answer(response)
    if not len(root):
        raise Unreadable("the answer holds no asset")
    return read(
        root,
        AssetDetails,
        custom=[
            CustomField(
                int(element.tag[6:]), element.get("customname", ""), (element.text or "").strip()
            )
            for element in root
            if element.tag.lower().startswith("custom") and element.tag[6:].isdigit()
        ],
        hardware=read_all(_inside(root, "hardware", "item"), Hardware),
        software=read_all(_inside(root, "software", "item"), Software),
    )


def _read_failing(response: Response) -> list[FailingDevice]:
    devices: list[FailingDevice] = []
    for client in items(answer(response), "client"):
        for site in children(client, "site"):
            for kind in ("server", "workstation"):
                for element in _inside(site, kind + "s", kind):
                    offline = child(element, "offline")
                    devices.append(
                        read(
                            element,
                            FailingDevice,
                            device_type=kind,
                            client_id=_id(client, "clientid"),
                            client_name=text_of(client, "name"),
                            site_id=_id(site, "siteid"),
                            site_name=text_of(site, "name"),
                            offline=None if offline is None else text_of(offline, "description"),
                            failed_checks=read_all(
                                _inside(element, "failed_checks", "check"), Check
                            ),
                        )
                    )
    return devices


def _id(parent: Element, name: str) -> int:
    """Read an id that is called `id` on some answers and by its kind on others."""
    return id_of(parent, name if child(parent, name) is not None else "id")


def _read_output(response: Response) -> str:
    root = answer(response)
    holder = child(root, "items")
    if holder is None:
        holder = root
    found = child(holder, "formatted_output")
    if found is None:
        raise Unreadable("the answer has no <formatted_output>")
    return (found.text or "").strip()


def _read_started(response: Response) -> TaskStarted:
    found = child(answer(response), "message")
    if found is None:
        raise Unreadable("the answer has no <message>")
    return TaskStarted(whole_number(found.get("time")), (found.text or "").strip())
