"""Reading calls of N-sight for a recording: each service that lists, on a sample of an account."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from patchfleet.doctor.read import EarlierResults, ReadCall, ReadList, spread
from patchfleet.doctor.vocabulary import NSIGHT
from patchfleet.nsight.envelope import opened
from patchfleet.nsight.operations import describe, devices, inventory, patches
from patchfleet.nsight.operations.request import call
from patchfleet.nsight.records.inventory import (
    AssetDetails,
    Check,
    CheckCount,
    Client,
    Device,
    FailingDevice,
    Hardware,
    ListedDevice,
    MonitoringDetails,
    Note,
    Outage,
    Parameter,
    Site,
    Software,
)
from patchfleet.nsight.records.patches import Patch
from patchfleet.transport.operation import Operation, Work

_COMPUTERS = inventory.DEVICE_TYPES[:2]
_UNKNOWN_DEVICE = 0
_DESCRIBED = ("list_clients", "list_servers", "patch_list_all")


def _clients(earlier: EarlierResults, sample: int) -> list[Client]:
    """Return the clients with most devices."""
    found: list[Client] = earlier.records("list_clients")
    return sorted(found, key=lambda one: -(one.device_count or 0))[:sample]


def _devices_of_clients(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    for client in _clients(earlier, sample):
        for kind in inventory.DEVICE_TYPES:
            yield inventory.list_devices_at_client(client.client_id, kind)


def _devices(earlier: EarlierResults, sample: int) -> list[ListedDevice]:
    """Return devices of each type, with patch management and without."""
    found: list[ListedDevice] = earlier.records("list_devices_at_client")
    return spread(found, attrgetter("device_type", "patch"), sample)


def _patch_lists(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    for device in _devices(earlier, sample + 3):
        yield patches.list_patches(device.device_id)


def _of_devices(build: Any) -> Any:
    """Return the work of a service about one device, for a sample of servers and workstations."""

    def works(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
        found = earlier.records("list_devices_at_client")
        computers = [one for one in found if one.device_type in _COMPUTERS]
        for device in spread(computers, attrgetter("device_type", "patch"), sample):
            yield build(device.device_id)

    return works


def _of_sites(build: Any) -> Any:
    """Return the work of a service about one site, for a sample of sites."""

    def works(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
        for site in earlier.records("list_sites")[:sample]:
            yield build(site.site_id)

    return works


def _of_assets(build: Any) -> Any:
    """Return the work of a service about one asset, for a sample of devices that have one."""

    def works(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
        found: list[Device] = earlier.records("list_servers", "list_workstations")
        for asset in [one.asset_id for one in found if one.asset_id][:sample]:
            yield build(asset)

    return works


def _check_outputs(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    found: list[Check] = earlier.records("list_checks")
    for check in spread(found, attrgetter("check_type"), sample):
        yield devices.get_formatted_check_output(check.checkid)


def _unknown_service() -> Operation[Any]:
    """Return a call of a service that does not exist; its refusal is undocumented."""
    return call("patchfleet_unknown", opened)


_AT_CLIENT = "result.items.client.site"
_FAILING = "result.items.client.site.{0}s.{0}"

_CHANGES = (
    "task_run_now", "approve_patches", "do_nothing_patches", "ignore_patches",
    "reprocess_patches", "retry_patches", "inherit_patches",
)  # fmt: skip

NSIGHT_READS = ReadList(
    vendor="nsight",
    vocabulary=NSIGHT,
    reads=(
        ReadCall(
            "list_clients", lambda *_: [inventory.list_clients()], fixed=1,
            records={"result.items.client": Client},
        ),
        ReadCall(
            "list_sites",
            lambda earlier, sample: [
                inventory.list_sites(one.client_id) for one in _clients(earlier, sample)
            ],
            per_sample=1, records={"result.items.site": Site},
        ),
        ReadCall(
            "list_devices_at_client", _devices_of_clients, per_sample=3,
            records={
                **{f"{_AT_CLIENT}.{kind}": ListedDevice for kind in inventory.DEVICE_TYPES},
                **{f"{_AT_CLIENT}.{kind}.checkcount": CheckCount
                   for kind in inventory.DEVICE_TYPES},
            },
        ),
        ReadCall("list_servers", _of_sites(inventory.list_servers), per_sample=1,
             records={"result.items.server": Device}),
        ReadCall("list_workstations", _of_sites(inventory.list_workstations), per_sample=1,
             records={"result.items.workstation": Device}),
        ReadCall("list_agentless_assets", _of_sites(inventory.list_agentless_assets), fixed=1,
             records={"result.items.workstation": Device}),
        ReadCall("list_patches", _patch_lists, fixed=3, per_sample=1,
             records={"patches.patch": Patch}),
        ReadCall("list_device_monitoring_details",
             _of_devices(devices.list_device_monitoring_details),
             per_sample=1,
             records={
                 **{f"result.{kind}": MonitoringDetails for kind in _COMPUTERS},
                 **{f"result.{kind}.{inner}": record for kind in _COMPUTERS
                    for inner, record in (("checks.check", Check), ("outages.outage", Outage),
                                          ("notes.note", Note))},
             }),
        ReadCall("list_device_asset_details", _of_devices(devices.list_device_asset_details),
             per_sample=1,
             records={"result": AssetDetails, "result.hardware.item": Hardware,
                      "result.software.item": Software}),
        ReadCall("list_checks", _of_devices(devices.list_checks), per_sample=1,
             records={"result.items.check": Check}),
        ReadCall("list_failing_checks", lambda *_: [devices.list_failing_checks()], fixed=1,
             records={
                 **{_FAILING.format(kind): FailingDevice for kind in _COMPUTERS},
                 **{f"{_FAILING.format(kind)}.failed_checks.check": Check
                    for kind in _COMPUTERS},
             }),
        ReadCall("get_formatted_check_output", _check_outputs, per_sample=1),
        ReadCall("list_all_software", _of_assets(devices.list_all_software), per_sample=1,
             records={"result.items.software": Software}),
        ReadCall("list_all_hardware", _of_assets(devices.list_all_hardware), per_sample=1,
             records={"result.items.hardware": Hardware}),
        ReadCall("describe", lambda *_: [describe.describe(name) for name in _DESCRIBED],
             fixed=len(_DESCRIBED), records={"result.service.parameters.parameter": Parameter}),
        ReadCall("patches_of_an_unknown_device",
             lambda *_: [patches.list_patches(_UNKNOWN_DEVICE)], fixed=1, is_refused=True),
        ReadCall("an_unknown_service", lambda *_: [_unknown_service()], fixed=1, is_refused=True),
    ),
    left_out=dict.fromkeys(_CHANGES, "changes something"),
)  # fmt: skip
