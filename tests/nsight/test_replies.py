"""Every operation: what it asks, and what it makes of a recorded reply.

One harness: build the operation and compare its query, parse the reply and compare the value.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from patchfleet.errors import Unauthorized, Unreadable
from patchfleet.nsight.operations import devices, inventory
from patchfleet.nsight.operations.describe import describe
from patchfleet.nsight.records.inventory import (
    CustomField,
    FailingDevice,
    ListedDevice,
    MonitoringDetails,
    TaskStarted,
)
from patchfleet.nsight.records.record import Record
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Operation

Read = Callable[[str], Response]
CREATED = datetime(2025, 1, 9, 18, 12, 51, tzinfo=UTC)


def said(value: Any) -> Any:
    """Return records as plain data under the wire's names, without what the reply leaves out."""
    if isinstance(value, Record):
        pairs = [(name, said(inside)) for name, inside in value.items()]
        return {name: inside for name, inside in pairs if inside not in (None, [])}
    if isinstance(value, list):
        return [said(inside) for inside in value]
    return value


DEVICE = {
    "deviceid": 700001,
    "name": "ACC-SRV-01",
    "guid": "0f-guid",
    "description": "Böden",
    "install_date": "2021-05-06",
    "last_boot_time": "1736400000",
    "utc_offset": -3600,
    "user": "ACC\\x",
    "domain": "acc",
    "manufacturer": "Dell",
    "ip": "10.0.0.5",
    "external_ip": "192.0.2.1",
    "mac1": "00:00:5E:00:53:01",
    "os": "Microsoft Windows Server 2022",
    "os_details": "Standard, 64-bit (build 20348)",
    "agent_version": "10_13_8",
    "agent_mode": 1,
    "online": True,
    "active_247": True,
    "check_interval_247": 5,
    "status_247": 1,
    "utc_time_247": "2025-01-09 17:58:00",
    "assetid": 31001,
    "role": "2",
    "chassis_type": "3",
    "device_serial": "SN 1",
    "processor_count": 8,
    "total_memory": 17179869184,
    "last_scan_time": "0000-00-00 00:00:00",
    # What the documentation names but nobody needs typed, and what an account named itself.
    "dsc_active": "1",
    "atz_dst_date": "0000-03-05:00T01:00:00",
    "utc_apt": "2025-01-09 18:00:00",
    "local_date_247": "2025-01-09",
    "custom_one": "rack 4",
}

CLIENTS = [
    {
        "clientid": 11001,
        "name": "Zahnärzte & Söhne",
        "view_dashboard": True,
        "view_wkstsn_assets": False,
        "dashboard_username": "none",
        "creation_date": "2019-03-04",
        "server_count": 2,
        "workstation_count": 14,
        "mobile_device_count": 0,
        "device_count": 16,
    },
    {
        "clientid": 11002,
        "name": "Harbour Freight",
        "view_dashboard": False,
        "view_wkstsn_assets": True,
        "timezone": "Europe/Paris",
        "server_count": 0,
        "workstation_count": 0,
        "mobile_device_count": 21,
        "device_count": 21,
    },
]

SITES = [
    {
        "siteid": 21001,
        "name": "Hauptstraße",
        "connection_ok": True,
        "creation_date": "2019-03-04",
        "primary_router": "gw.example.invalid",
    },
    {"siteid": 21002, "name": "Depot", "connection_ok": False},
]


def listed(number: int, name: str, *, site: int, patch: bool) -> dict[str, Any]:
    """Return what a device in the short list of its client says."""
    return {
        "id": number,
        "device_type": "workstation",
        "site_id": site,
        "site_name": "Hauptstraße" if site == 21001 else "Depot",
        "client_id": 11001,
        "client_name": "Zahnärzte & Söhne",
        "name": name,
        "description": "Empfang",
        "status": "Ok",
        "takecontrol": True,
        "patch": patch,
        "mav": False,
        "mob": False,
        "systray": True,
        "mavbreck": False,
        "webprotection": False,
        "riskintelligence": True,
        "checkcount": [
            {"dsc_247": 1, "pass": 7, "clear": 1, "fail": 0},
            {"dsc_247": 2, "pass": 0, "clear": 0, "fail": 2},
        ],
    }


SOFTWARE = [
    {
        "softwareid": 5,
        "catalogid": 77,
        "name": "7-Zip",
        "version": "24.08",
        "install_date": "2024-09-01",
    },
    {"softwareid": 6, "name": "Café", "install_date": "0000-00-00"},
]

CHECKS = [
    {
        "checkid": 9001,
        "description": "Größe C:",
        "check_type": 1001,
        "statusid": 1,
        "dsc_247": 1,
        "date": "2025-01-09",
        "time": "12:00:00",
        "utc_run": "2025-01-09 18:00:00",
        "consecutive_fails": 0,
        "sync_status": "0",
        "email": "1",
    }
]

HARDWARE = {"hardwareid": 1, "name": "NIC", "type": "9"}

CASES: list[tuple[Operation[Any], dict[str, str], str, Any]] = [
    (inventory.list_clients(), {}, "list_clients/many", CLIENTS),
    (
        inventory.list_clients("mobile_device"),
        {"devicetype": "mobile_device"},
        "list_clients/one",
        [{"clientid": 5, "name": "Only"}],
    ),
    (inventory.list_clients(), {}, "list_clients/none", []),
    (inventory.list_clients(), {}, "list_clients/none_open_close", []),
    (inventory.list_sites(11001), {"clientid": "11001"}, "list_sites/many", SITES),
    (inventory.list_sites(11001), {"clientid": "11001"}, "list_sites/none", []),
    (inventory.list_servers(21001), {"siteid": "21001"}, "list_servers/one", [DEVICE]),
    (inventory.list_servers(21001), {"siteid": "21001"}, "list_servers/none", []),
    (
        inventory.list_workstations(21001),
        {"siteid": "21001"},
        "list_workstations/many",
        [
            DEVICE,
            {name: value for name, value in DEVICE.items() if name != "utc_time_247"}
            | {"deviceid": 700002, "last_boot_time": "Not Available"},
        ],
    ),
    (
        inventory.list_agentless_assets(21001),
        {"siteid": "21001"},
        "list_agentless_assets/one",
        [{"deviceid": 700009, "name": "printer"}],
    ),
    (
        inventory.list_agentless_assets(21001),
        {"siteid": "21001"},
        "list_agentless_assets/none",
        [],
    ),
    (
        inventory.list_devices_at_client(11001, "workstation"),
        {"clientid": "11001", "devicetype": "workstation"},
        "list_devices_at_client/workstations",
        [
            listed(700002, "ZS-WS-01", site=21001, patch=True),
            listed(700003, "ZS-WS-02", site=21001, patch=False),
            listed(700004, "ZS-WS-03", site=21002, patch=True),
        ],
    ),
    (
        inventory.list_devices_at_client(11001, "server"),
        {"clientid": "11001", "devicetype": "server"},
        "list_devices_at_client/none",
        [],
    ),
    (
        inventory.list_devices_at_client(11001, "server"),
        {"clientid": "11001", "devicetype": "server"},
        "list_devices_at_client/empty_site",
        [],
    ),
    (
        devices.list_device_monitoring_details(700002),
        {"deviceid": "700002"},
        "list_device_monitoring_details/workstation",
        {
            "id": 700002,
            "device_type": "workstation",
            "name": "ZS-WS-01",
            "username": "ZS",
            "guid": "g",
            "os": "Windows 11",
            "agent": "Agent v10.13.8",
            "lastresponse": "2025-01-09 12:10:00",
            "lastresponse_utc": "2025-01-09 18:10:00",
            "lastboot": "2025-01-08 07:00:00",
            "takecontrol": True,
            "patch": True,
            "mav": False,
            "mob": False,
            "systray": False,
            "mavbreck": False,
            "checks": [
                {
                    "checkid": 9001,
                    "description": "Disk space",
                    "checkstatus": "testok",
                    "dsc_247": 1,
                    "datetime": "2025-01-09 12:00:00",
                    "consecutive_fails": 0,
                    "emailalerts": "1",
                },
                {
                    "checkid": 9002,
                    "description": "Patch status",
                    "checkstatus": "testerror",
                    "dsc_247": 2,
                    "consecutive_fails": 3,
                },
            ],
            "outages": [{"id": 1, "checkid": 9002, "isclosed": True, "startdate": "2025-01-01"}],
            "notes": [
                {"noteid": 4, "description": "asked", "note": "a note", "public_note": False}
            ],
        },
    ),
    (
        devices.list_device_monitoring_details(700001),
        {"deviceid": "700001"},
        "list_device_monitoring_details/server_without_checks",
        {"id": 700001, "device_type": "server", "name": "ACC-SRV-01", "patch": False},
    ),
    (
        devices.list_device_asset_details(700002),
        {"deviceid": "700002"},
        "list_device_asset_details/one",
        {
            "client": "Acme",
            "chassistype": "Laptop",
            "ip": "10.0.0.7",
            "mac1": "00:00:5E:00:53:02",
            "user": "u",
            "manufacturer": "Lenovo",
            "model": "T14",
            "os": "Windows 11",
            "serialnumber": "PF1",
            "role": "1",
            "servicepack": "0",
            "ram": 8589934592,
            "scantime": "2025-01-09 06:00:00",
            "osinstalldate": "2024-02-03 04:05:06",
            "custom": [CustomField(1, "Räume", "4. Stock"), CustomField(2, "", "")],
            "custom1": "4. Stock",
            "hardware": [{**HARDWARE, "deleted": False, "modified": "0"}],
            "software": [
                {
                    "softwareid": 5,
                    "name": "7-Zip",
                    "version": "24.08",
                    "install_date": "2024-09-01",
                    "type": "All",
                    "deleted": False,
                    "modified": "1",
                },
                {
                    "softwareid": 6,
                    "name": "Old",
                    "type": "Hotfix",
                    "deleted": True,
                    "modified": "0",
                },
            ],
        },
    ),
    (
        devices.list_device_asset_details(700002),
        {"deviceid": "700002"},
        "list_device_asset_details/no_software",
        {"client": "Acme"},
    ),
    (devices.list_checks(700002), {"deviceid": "700002"}, "list_checks/many", CHECKS),
    (devices.list_checks(700002), {"deviceid": "700002"}, "list_checks/none", []),
    (
        devices.list_failing_checks(11001, "checks"),
        {"clientid": "11001", "check_type": "checks"},
        "list_failing_checks/many",
        [
            {
                "id": 700001,
                "device_type": "server",
                "client_id": 11001,
                "client_name": "Zahnärzte",
                "site_id": 21001,
                "site_name": "Depot",
                "name": "ZS-SRV",
                "failed_checks": [
                    {
                        "checkid": 9002,
                        "description": "Patch status",
                        "check_type": 1011,
                        "checkstatus": "testerror",
                        "date": "2025-01-09",
                        "time": "08:00:00",
                        "formatted_output": "2 failed",
                    }
                ],
            },
            {
                "id": 700002,
                "device_type": "workstation",
                "client_id": 11001,
                "client_name": "Zahnärzte",
                "site_id": 21001,
                "site_name": "Depot",
                "name": "ZS-WS-01",
                "offline": "since 3 hours",
            },
        ],
    ),
    (devices.list_failing_checks(), {}, "list_failing_checks/none", []),
    (
        devices.get_formatted_check_output(9002),
        {"checkid": "9002"},
        "get_formatted_check_output/plain",
        "2 of 9 failed: <a> & b",
    ),
    (
        devices.get_formatted_check_output(9002),
        {"checkid": "9002"},
        "get_formatted_check_output/in_items",
        "fine",
    ),
    (devices.list_all_software(31001), {"assetid": "31001"}, "list_all_software/many", SOFTWARE),
    (devices.list_all_software(31001), {"assetid": "31001"}, "list_all_software/none", []),
    (
        devices.list_all_hardware(31001),
        {"assetid": "31001"},
        "list_all_hardware/one",
        [{**HARDWARE, "manufacturer": "Intel"}],
    ),
    (devices.list_all_hardware(31001), {"assetid": "31001"}, "list_all_hardware/none", []),
    (
        devices.task_run_now(9009).send,
        {"checkid": "9009"},
        "task_run_now/minutes",
        TaskStarted(15, "15 minutes"),
    ),
    (
        devices.task_run_now(9009).send,
        {"checkid": "9009"},
        "task_run_now/no_number",
        TaskStarted(None, "soon"),
    ),
]


@pytest.mark.parametrize(("operation", "query", "name", "value"), CASES, ids=[c[2] for c in CASES])
def test_the_request_and_the_value(
    operation: Operation[Any], query: dict[str, str], name: str, value: Any, reply: Read
) -> None:
    service = name.partition("/")[0]
    assert operation.name == service
    assert operation.request == Request(path="/api/", query=(("service", service), *query.items()))
    assert operation.repeatable == (service != "task_run_now")
    assert said(operation.parse(reply(name))) == value


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (inventory.list_clients(), "_failures/no_items"),
        (inventory.list_sites(1), "_failures/no_items"),
        (inventory.list_devices_at_client(1, "server"), "_failures/no_items"),
        (devices.list_failing_checks(), "_failures/no_items"),
        (devices.list_checks(1), "_failures/another_root"),
        (devices.list_device_monitoring_details(1), "list_device_monitoring_details/neither"),
        (devices.list_device_asset_details(1), "list_device_asset_details/nothing"),
        (devices.get_formatted_check_output(1), "get_formatted_check_output/nothing"),
        (devices.task_run_now(1).send, "task_run_now/silent"),
        (describe("patch_approve"), "describe/not_a_manual"),
        (describe("patch_approve"), "describe/broken"),
    ],
)
def test_what_lacks_its_documented_form_is_unreadable_not_empty(
    operation: Operation[Any], name: str, reply: Read
) -> None:
    with pytest.raises(Unreadable):
        operation.parse(reply(name))


def test_a_list_of_clients_knows_when_it_was_made(reply: Read) -> None:
    parse = inventory.list_clients().parse
    assert parse(reply("list_clients/many")).answered_at == CREATED
    assert parse(reply("list_clients/one")).answered_at is None, "malformed, as one page shows it"
    assert parse(reply("list_clients/none")).answered_at is None, "without an offset it is no time"


def test_a_control_character_is_shown_and_said(reply: Read) -> None:
    clients = inventory.list_clients().parse(reply("list_clients/control_character"))
    assert [client.name for client in clients] == ["a\ufffdb"]
    assert "client 1: <name> holds characters" in clients.problems[0]


def test_times_of_a_device(reply: Read) -> None:
    first, second = inventory.list_workstations(1).parse(reply("list_workstations/many"))
    assert first.last_boot_at == datetime(2025, 1, 9, 5, 20, tzinfo=UTC)
    assert first.last_seen_at == datetime(2025, 1, 9, 17, 58, tzinfo=UTC)
    assert second.last_boot_at is None
    assert second.last_seen_at is None


def test_a_device_reads_by_each_of_its_names(reply: Read) -> None:
    (server,) = inventory.list_servers(1).parse(reply("list_servers/one"))
    names = ("deviceid", "serverid", "workstationid", "DeviceId", "id", "device_id")
    assert {server[name] for name in names} == {700001}
    assert server["CUSTOM_ONE"] == "rack 4"


def test_records_are_of_their_types(reply: Read) -> None:
    (device, *_) = inventory.list_devices_at_client(1, "workstation").parse(
        reply("list_devices_at_client/workstations")
    )
    assert type(device) is ListedDevice
    assert [count.passed for count in device.checkcounts] == [7, 0]
    details = devices.list_device_monitoring_details(1).parse(
        reply("list_device_monitoring_details/workstation")
    )
    assert type(details) is MonitoringDetails
    assert [check.checkid for check in details.checks] == [9001, 9002]
    failing = devices.list_failing_checks().parse(reply("list_failing_checks/many"))
    assert {type(found) for found in failing} == {FailingDevice}


def test_describe_reads_a_manual(reply: Read) -> None:
    operation = describe("patch_approve")
    assert operation.request.query == (("service", "patch_approve"), ("describe", "true"))
    manual = operation.parse(reply("describe/patch_approve"))
    assert manual.name == "patch_approve"
    assert manual.description == "Approves patches."
    assert manual.url.startswith("https://SERVER/api/default.php?apikey=api_token<br />&service=")
    assert "<result/>" in manual.example
    assert "details-table" in manual.field_descriptions
    assert [said(parameter) for parameter in manual.parameters] == [
        {"name": "deviceid", "type": "number", "description": "Device ID", "required": "yes"},
        {
            "name": "describe",
            "type": "text",
            "default": "0",
            "values": "true",
            "required": "no",
        },
    ]


def test_describe_does_not_take_a_refusal_for_a_manual(reply: Read) -> None:
    with pytest.raises(Unauthorized):
        describe("patch_approve").parse(reply("describe/login_failed"))


def test_describe_falls_back_to_raw_text(reply: Read) -> None:
    manual = describe("list_sites").parse(reply("describe/not_well_formed"))
    assert manual.name == ""
    assert "&b=2<br>" in manual.raw
    assert describe("patch_list_all").parse(reply("describe/patches_root")).name == "patch_list_all"
