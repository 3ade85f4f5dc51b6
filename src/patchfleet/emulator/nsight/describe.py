"""Self-description of each service, returned for `describe=true` instead of data.

The table lists everything emulated; a test compares it with `urls.py`. The form follows [D:
describe.htm]; markup inside it is CDATA, because the published form would not be well-formed [O:
peer parses live replies].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from patchfleet.emulator.nsight.envelope import group, plain, result, text
from patchfleet.emulator.nsight.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a service; `values` lists its allowed words."""

    name: str
    type: str
    description: str
    is_required: bool = True
    values: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The description of one service; `holder` is the path from the root to the `fields`.

    A field is `name:type`, with a question mark if it can be empty.
    """

    description: str
    parameters: tuple[Parameter, ...]
    holder: str
    fields: str


_CLIENT = Parameter("clientid", "integer", "the client, from list_clients")
_SITE = Parameter("siteid", "integer", "the site, from list_sites")
_DEVICE = Parameter("deviceid", "integer", "the device, from list_servers or list_workstations")
_ASSET = Parameter("assetid", "integer", "the asset, from list_servers or list_workstations")
_CHECK = Parameter("checkid", "integer", "the check, from list_checks")
_PATCHES = Parameter("patchids", "string", "patch ids from patch_list_all, joined by commas")
_TYPE = Parameter("devicetype", "string", "the type of device", values="server, workstation, "
                  "mobile_device")  # fmt: skip
_ANY_TYPE = Parameter("devicetype", "string", "only clients with such devices", is_required=False,
                      values=_TYPE.values)  # fmt: skip
_AGENT = (
    "guid:string? name:string description:string? install_date:date? last_boot_time:integer?"
    " dsc_active:boolean atz_dst_date:string? utc_apt:datetime? utc_offset:integer user:string?"
    " domain:string? manufacturer:string? model:string? ip:string? external_ip:string? mac1:string?"
    " mac2:string? mac3:string? os:string os_details:string? {id}:integer agent_version:string"
    " agent_mode:integer online:boolean active_247:boolean check_interval_247:integer"
    " status_247:integer local_date_247:date? local_time_247:time? utc_time_247:datetime?"
    " dsc_hour:integer dsc_status:integer dsc_local_date:date? dsc_local_time:time?"
    " dsc_utc_time:datetime? tz_bias:integer tz_dst_bias:integer tz_std_bias:integer"
    " tz_mode:integer tz_dst_date:string? tz_std_date:string? assetid:integer? wins_name:string?"
    " role:integer? chassis_type:integer? device_serial:string? processor_count:integer?"
    " total_memory:integer? service_pack:string? os_serial_number:string? os_product_key:string?"
    " os_type:integer? last_scan_time:datetime?"
)
_PATCH = (
    "patchid:integer policy:integer policyLabel:string patchicon:string status:integer"
    " selectpatch:string statusLabel:string patchUrl:string? patchTitle:string product:string"
    " severity:integer severityLabel:string releaseDate:integer releaseDateText:string"
    " installdate:integer? installDateText:string? deployable:boolean uninstallable:boolean"
)
_WRITE = (_DEVICE, _PATCHES)

MANUAL: Mapping[str, Page] = {
    "list_clients": Page(
        "Lists all clients.", (_ANY_TYPE,), "items/client",
        "name:string? clientid:integer view_dashboard:boolean view_wkstsn_assets:boolean"
        " dashboard_username:string? timezone:string? creation_date:date? server_count:integer"
        " workstation_count:integer mobile_device_count:integer device_count:integer",
    ),
    "list_sites": Page(
        "Lists the sites of a client.", (_CLIENT,), "items/site",
        "siteid:integer name:string connection_ok:boolean creation_date:date?"
        " primary_router:string? secondary_router:string?",
    ),
    "list_servers": Page(
        "Lists the servers of a site.", (_SITE,), "items/server", _AGENT.format(id="serverid")
    ),
    "list_workstations": Page(
        "Lists the workstations of a site.", (_SITE,), "items/workstation",
        _AGENT.format(id="workstationid"),
    ),
    "list_agentless_assets": Page(
        "Lists the assets of a site that have no agent.", (_SITE,), "items", ""
    ),
    "list_devices_at_client": Page(
        "Lists the devices of one type at a client, by site.", (_CLIENT, _TYPE),
        "items/client/site/server",
        "id:integer name:string username:string? description:string? status:string"
        " takecontrol:boolean patch:boolean mav:boolean mob:boolean systray:boolean"
        " mavbreck:boolean webprotection:boolean riskintelligence:boolean",
    ),
    "list_device_monitoring_details": Page(
        "Lists what is known of a device's agent and checks.", (_DEVICE,), "server",
        "id:integer name:string description:string? username:string? guid:string os:string"
        " agent:string lastresponse:datetime lastresponse_utc:datetime lastboot:datetime?"
        " takecontrol:boolean patch:boolean mav:boolean mob:boolean systray:boolean"
        " mavbreck:boolean",
    ),
    "list_device_asset_details": Page(
        "Lists the asset record of a device.", (_DEVICE,), "",
        "client:string chassistype:string ip:string? mac1:string? mac2:string? mac3:string?"
        " user:string? manufacturer:string? model:string? os:string serialnumber:string?"
        " productkey:string? role:integer servicepack:string? ram:integer? scantime:datetime?"
        " osinstalldate:datetime?",
    ),
    "list_checks": Page(
        "Lists the checks of a device.", (_DEVICE,), "items/check",
        "uid:integer sync_status:integer description:string statusid:integer date:date time:time"
        " utc_run:datetime email:boolean sms:boolean emailrecovery:boolean smsrecovery:boolean"
        " checkid:integer check_type:integer dsc_247:integer consecutive_fails:integer",
    ),
    "list_failing_checks": Page(
        "Lists the checks that fail, by client and site.",
        (
            Parameter("clientid", "integer", "only this client", is_required=False),
            Parameter("check_type", "string", "what to list; random is all", is_required=False,
                      values="checks, tasks, random"),
        ),
        "items/client/site/servers/server/failed_checks/check",
        "checkid:integer check_type:integer description:string date:date time:time"
        " formatted_output:string? checkstatus:string",
    ),
    "list_outages": Page(
        "Lists the outages of a device.", (_DEVICE,), "items/outage",
        "outage_id:integer reason:string state:string utc_start:datetime utc_end:datetime?"
        " check_id:integer check_type:integer check_description:string check_status:string"
        " check_frequency:string cause:string?",
    ),
    "get_formatted_check_output": Page(
        "Gives the last output of a check.", (_CHECK,), "", "formatted_output:string?"
    ),
    "list_all_software": Page(
        "Lists the programs of an asset.", (_ASSET,), "items/software",
        "softwareid:integer catalogid:integer name:string version:string? install_date:date?",
    ),
    "list_all_hardware": Page(
        "Lists the parts of an asset.", (_ASSET,), "items/hardware",
        "hardwareid:integer type:integer name:string manufacturer:string? details:string?",
    ),
    "task_run_now": Page("Runs an automated task.", (_CHECK,), "", "message:string"),
    "patch_list_all": Page("Lists all patches of a device.", (_DEVICE,), "patch", _PATCH),
    "patch_approve": Page("Approves patches of a device.", _WRITE, "", ""),
    "patch_ignore": Page("Ignores patches of a device.", _WRITE, "", ""),
    "patch_do_nothing": Page("Leaves patches to the feature policy.", _WRITE, "", ""),
    "patch_inherit": Page("Gives patches back to the policy above the device.", _WRITE, "", ""),
    "patch_reprocess": Page("Reprocesses failed patches of a device.", _WRITE, "", "msg:string?"),
    "patch_retry": Page("Tries failed patches of a device again.", _WRITE, "", "msg:string?"),
}  # fmt: skip
"""The description by service; all services also accept `describe`."""

_DESCRIBE = Parameter("describe", "boolean", "return this description", is_required=False,
                      values="true, false")  # fmt: skip
_SAMPLES = {
    "integer": "1", "boolean": "1", "date": "2026-01-31", "time": "08:00:00",
    "datetime": "2026-01-31 08:00:00", "string": "<![CDATA[text]]>",
}  # fmt: skip


def is_asked_for(parameters: Parameters) -> bool:
    """Return whether the call requests the description.

    Only `true` is documented [D: describe.htm]; `True`, which the peer sends, counts too (choice).
    """
    return parameters.get("describe", "").lower() == "true"


def describe(now: datetime, service: str) -> bytes:
    """Return the description of a service; no parameter is required [D: describe.htm]."""
    page = MANUAL[service]
    parameters = (*page.parameters, _DESCRIBE)
    query = "<br />".join(f"&{one.name}={one.name.upper()}" for one in page.parameters)
    return result(
        now,
        group(
            "service",
            text("name", service),
            text(
                "url", f"https://SERVER/api/default.php?apikey=api_token&service={service}{query}"
            ),
            text("description", page.description),
            group("parameters", *(_parameter(one) for one in parameters)),
            text("example", _example(page)),
            text("fielddescriptions", _field_table(page)),
        ),
    )


def _parameter(one: Parameter) -> bytes:
    return group(
        "parameter",
        plain("name", one.name),
        plain("type", one.type),
        plain("default", "0" if one.name == "describe" else ""),
        plain("values", one.values),
        text("description", one.description),
        plain("required", "yes" if one.is_required else "no"),
    )


def _fields(page: Page) -> list[tuple[str, str, bool]]:
    """Return name, type and whether it can be empty of each field."""
    parted = [(*field.rstrip("?").split(":"), field) for field in page.fields.split()]
    return [(name, kind, field.endswith("?")) for name, kind, field in parted]


def _example(page: Page) -> str:
    """Return a whole document with its own declaration, as the vendor's page shows it."""
    inside = "".join(f"<{name}>{_SAMPLES[kind]}</{name}>" for name, kind, _ in _fields(page))
    for holder in filter(None, reversed(page.holder.split("/"))):
        inside = f"<{holder}>{inside}</{holder}>"
    declaration = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    if page is MANUAL["patch_list_all"]:
        return f"{declaration}\n<patches>{inside}</patches>"
    root = 'result created="2009-10-01T12:47:15+01:00" host="SERVER" status="OK"'
    return f"{declaration}\n<{root}>{inside}</result>" if inside else f"{declaration}\n<{root} />"


def _field_table(page: Page) -> str:
    rows = "".join(
        f"<tr><td>{name}</td><td>{kind}</td><td>{'Yes' if empty else 'No'}</td>"
        f"<td>{name.replace('_', ' ')}</td></tr>"
        for name, kind, empty in _fields(page)
    )
    head = "<tr><th>Field</th><th>Type</th><th>Can Be Empty</th><th>Description</th></tr>"
    return f'<table id="details-table">{head}{rows}</table>' if rows else ""
