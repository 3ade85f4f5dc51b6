"""Paths and services of N-sight; anything else is refused as an unknown service."""

from collections.abc import Callable, Mapping

from patchfleet.emulator.nsight import checks, describe, details, inventory, patches
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.envelope import LOGIN_FAILED, SERVICE_UNKNOWN, Refused, error
from patchfleet.emulator.nsight.parameters import Parameters

PATHS = frozenset({"/api/", "/api", "/api/default.php"})
"""[D: data_extraction_api.htm; O: live integrations without the slash; D: describe.htm]"""

SERVICES: Mapping[str, Callable[[Account, Parameters], bytes]] = {
    respond.__name__: respond
    for respond in (
        inventory.list_clients,
        inventory.list_sites,
        inventory.list_servers,
        inventory.list_workstations,
        inventory.list_agentless_assets,
        inventory.list_devices_at_client,
        details.list_device_monitoring_details,
        details.list_device_asset_details,
        details.list_all_software,
        details.list_all_hardware,
        checks.list_checks,
        checks.list_failing_checks,
        checks.list_outages,
        checks.get_formatted_check_output,
        checks.task_run_now,
        patches.patch_list_all,
        patches.patch_approve,
        patches.patch_ignore,
        patches.patch_do_nothing,
        patches.patch_inherit,
        patches.patch_reprocess,
        patches.patch_retry,
    )
}


def respond(account: Account, parameters: Parameters) -> bytes:
    """Return the answer to a call: data, a description, or a failure."""
    try:
        return _answer(account, parameters)
    except Refused as refusal:
        return error(account.now, refusal.code, refusal.message)


def _answer(account: Account, parameters: Parameters) -> bytes:
    """Check the key first, then the service, then the parameters."""
    if parameters.get("apikey") != account.api_key:
        raise Refused(*LOGIN_FAILED)
    name = parameters.get("service", "")
    if name not in SERVICES:
        raise Refused(*SERVICE_UNKNOWN)
    if describe.is_asked_for(parameters):
        return describe.describe(account.now, name)
    return SERVICES[name](account, parameters)
