"""Clients, sites, devices and details of one device, as N-able lists them."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct, field

from patchfleet.nsight import codes
from patchfleet.nsight.records.record import Record

DeviceType = Literal["server", "workstation", "mobile_device"]


class Client(Record):
    """A client, which we call a customer [D: listing_clients_.htm]."""

    ALIASES: ClassVar[Mapping[str, str]] = {"clientid": "client_id", "id": "client_id"}

    client_id: int
    name: str = ""
    view_dashboard: bool | None = None
    view_wkstsn_assets: bool | None = None
    dashboard_username: str | None = None
    timezone: str | None = None
    creation_date: str | None = None
    server_count: int | None = None
    workstation_count: int | None = None
    mobile_device_count: int | None = None
    device_count: int | None = None


class Site(Record):
    """A site of a client [D: listing_sites.htm]."""

    ALIASES: ClassVar[Mapping[str, str]] = {"siteid": "site_id", "id": "site_id"}

    site_id: int
    name: str = ""
    connection_ok: bool | None = None
    creation_date: str | None = None
    primary_router: str | None = None
    secondary_router: str | None = None


class Device(Record):
    """A server or workstation in full [D: listing_servers.htm, listing_workstations_.htm].

    Fields of the documentation that are not here are in `extra`; `online` stays 1 on machines that
    are off [O: peer docs].
    """

    ALIASES: ClassVar[Mapping[str, str]] = {
        "deviceid": "device_id",
        "serverid": "device_id",
        "workstationid": "device_id",
        "id": "device_id",
        "assetid": "asset_id",
    }

    SIGNED: ClassVar[frozenset[str]] = frozenset({"utc_offset"})

    device_id: int
    name: str = ""
    guid: str | None = None
    description: str | None = None
    install_date: str | None = None
    last_boot_time: str | None = None
    utc_offset: int | None = None
    user: str | None = None
    domain: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    ip: str | None = None
    external_ip: str | None = None
    mac1: str | None = None
    mac2: str | None = None
    mac3: str | None = None
    os: str | None = None
    os_details: str | None = None
    agent_version: str | None = None
    agent_mode: int | None = None
    online: bool | None = None
    active_247: bool | None = None
    check_interval_247: int | None = None
    status_247: int | None = None
    utc_time_247: str | None = None
    asset_id: int | None = None
    role: str | None = None
    chassis_type: str | None = None
    device_serial: str | None = None
    processor_count: int | None = None
    total_memory: int | None = None
    service_pack: str | None = None
    os_serial_number: str | None = None
    os_product_key: str | None = None
    os_type: str | None = None
    last_scan_time: str | None = None

    @property
    def last_boot_at(self) -> datetime | None:
        """When it last started; None if the wire is empty or has `Not Available`."""
        return codes.unix_moment(codes.whole_number(self.last_boot_time))

    @property
    def last_seen_at(self) -> datetime | None:
        """When its agent last reported in UTC, if the 24x7 block has it."""
        return codes.moment(self.utc_time_247)


class CheckCount(Record):
    """The check counts of one class of a device; `dsc_247` is 1 for 24x7, 2 for daily."""

    dsc_247: int | None = None
    passed: int | None = None
    clear: int | None = None
    fail: int | None = None

    ALIASES: ClassVar[Mapping[str, str]] = {"pass": "passed"}


class ListedDevice(Record):
    """A device in the short list of its client [D: listing_devices_at_client_.htm]."""

    CALLED: ClassVar[str] = "device"
    ALIASES: ClassVar[Mapping[str, str]] = {
        "id": "device_id",
        "deviceid": "device_id",
        "checkcount": "checkcounts",
    }

    device_id: int
    device_type: str
    site_id: int
    site_name: str
    client_id: int
    client_name: str
    name: str = ""
    username: str | None = None
    description: str | None = None
    status: str | None = None
    takecontrol: bool | None = None
    patch: bool | None = None
    mav: bool | None = None
    mob: bool | None = None
    systray: bool | None = None
    mavbreck: bool | None = None
    webprotection: bool | None = None
    riskintelligence: bool | None = None
    checkcounts: list[CheckCount] = field(default_factory=list)


class Check(Record):
    """A check or an automated task of a device [O: peer]."""

    checkid: int
    description: str | None = None
    check_type: int | None = None
    checkstatus: str | None = None
    statusid: int | None = None
    dsc_247: int | None = None
    date: str | None = None
    time: str | None = None
    datetime: str | None = None
    utc_run: str | None = None
    formatted_output: str | None = None
    consecutive_fails: int | None = None


class Outage(Record):
    """An outage of a device [O?: wait]."""

    id: int | None = None
    checkid: int | None = None
    description: str | None = None
    isclosed: bool | None = None
    startdate: str | None = None


class Note(Record):
    """A note on a device [O?: wait]."""

    noteid: int | None = None
    created: str | None = None
    description: str | None = None
    devicename: str | None = None
    note: str | None = None
    public_note: bool | None = None


class MonitoringDetails(Record):
    """A device with its checks, outages and notes [D: listing_device_monitoring_deta.htm]."""

    CALLED: ClassVar[str] = "device"
    ALIASES: ClassVar[Mapping[str, str]] = {"id": "device_id", "deviceid": "device_id"}

    device_id: int
    device_type: str
    name: str = ""
    description: str | None = None
    username: str | None = None
    guid: str | None = None
    os: str | None = None
    agent: str | None = None
    lastresponse: str | None = None
    lastresponse_utc: str | None = None
    lastboot: str | None = None
    takecontrol: bool | None = None
    patch: bool | None = None
    mav: bool | None = None
    mob: bool | None = None
    systray: bool | None = None
    mavbreck: bool | None = None
    checks: list[Check] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Hardware(Record):
    """A part of a device [D: Listing Device Asset Details]."""

    hardwareid: int | None = None
    name: str | None = None
    type: str | None = None
    manufacturer: str | None = None
    details: str | None = None
    status: str | None = None
    deleted: bool | None = None
    modified: str | None = None


class Software(Record):
    """A program of a device; deleted ones stay listed for four days."""

    softwareid: int | None = None
    catalogid: int | None = None
    name: str | None = None
    version: str | None = None
    install_date: str | None = None
    type: str | None = None
    deleted: bool | None = None
    modified: str | None = None


class CustomField(Struct, frozen=True):
    """A field of the asset with a name that the account chose."""

    number: int
    name: str
    value: str


class AssetDetails(Record):
    """The asset record of a device [D: Listing Device Asset Details]."""

    client: str | None = None
    chassistype: str | None = None
    ip: str | None = None
    mac1: str | None = None
    mac2: str | None = None
    mac3: str | None = None
    user: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    os: str | None = None
    serialnumber: str | None = None
    productkey: str | None = None
    role: str | None = None
    servicepack: str | None = None
    ram: int | None = None
    scantime: str | None = None
    osinstalldate: str | None = None
    custom: list[CustomField] = field(default_factory=list)
    hardware: list[Hardware] = field(default_factory=list)
    software: list[Software] = field(default_factory=list)


class FailingDevice(Record):
    """A device with failures, and where it is [O: vendor-mcp, wait].

    `offline`, `overdue` and `unreachable` describe a state in N-able's words, and are None without
    it. Each is a text on some accounts, and on others an element with a description, a date and
    a time since when [O: a live worker, UK; a wallchart, Germany]: `offline_since`, and so on.
    """

    device_id: int
    device_type: str
    client_id: int
    client_name: str
    site_id: int
    site_name: str
    ALIASES: ClassVar[Mapping[str, str]] = {"id": "device_id"}

    CALLED: ClassVar[str] = "device"
    READ_APART: ClassVar[frozenset[str]] = frozenset({"offline", "overdue", "unreachable"})

    name: str = ""
    offline: str | None = None
    offline_since: str | None = None
    overdue: str | None = None
    overdue_since: str | None = None
    unreachable: str | None = None
    unreachable_since: str | None = None
    failed_checks: list[Check] = field(default_factory=list)


class TaskStarted(Struct, frozen=True):
    """The time at which an automated task will run [D: run_task_now.htm]."""

    minutes: int | None
    message: str


class Parameter(Record):
    """One parameter in a service's own manual."""

    name: str = ""
    type: str | None = None
    default: str | None = None
    values: str | None = None
    description: str | None = None
    required: str | None = None


class Description(Struct, frozen=True, kw_only=True):
    """A service's own manual [D: describe.htm]; `raw` is all of it.

    The published form is not well-formed: parts that cannot be found are empty.
    """

    name: str = ""
    url: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    example: str = ""
    field_descriptions: str = ""
    raw: str = ""
