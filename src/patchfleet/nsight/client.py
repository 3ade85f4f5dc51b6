"""The N-sight client, sync and async: two tables of the same operations.

Constructing makes no call and needs no network. A client may be used by several threads, an async
one by all tasks of its event loop; all of them share one pace.

Calls that only read are repeated after 429, 5xx, a broken connection or an unreadable answer: four
tries in all, with growing random waits, and never sooner than the server asks. What changes
patches is read back first: approve, ignore, do nothing and inherit go out again where nothing is as
it was to be, retry and reprocess only where the server also asked to wait. task_run_now goes out
again only where it surely never left.
"""

from collections.abc import Awaitable
from typing import TypedDict, Unpack

from patchfleet import __version__
from patchfleet._renamed import renamed
from patchfleet.config import Secret
from patchfleet.errors import ConfigError, Forbidden, Unauthorized, Unreachable, VendorError
from patchfleet.nsight.operations import describe as manual
from patchfleet.nsight.operations import devices, inventory, patches
from patchfleet.nsight.records.inventory import Description
from patchfleet.nsight.records.patches import Patch, PatchesChanged, RetryMessage
from patchfleet.nsight.regions import checked_url, server_url
from patchfleet.nsight.wrapper_names import DeviceCall, PatchesCall, WrapperMethod
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.client import AsyncClient, Client, amethod, method
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.rate_limit import NoRateLimit, RateLimit, RateLimiter, whole_calls
from patchfleet.transport.retry import Retries

VENDOR = "N-sight"

# A firewall before the servers has been seen to refuse clients without a browser's name
# [O: vendor-mcp src/core/client.ts].
USER_AGENT = f"Mozilla/5.0 (compatible; Patchfleet/{__version__})"

HINTS: dict[type[VendorError], str] = {
    Unauthorized: "check the key and the region: a key of another region is refused the same way",
    Forbidden: "the address may be of another region, or a firewall refuses the User-Agent",
    Unreachable: "check the region, the network and the proxy",
}


class ClientOptions(TypedDict, total=False):
    """How a client calls, beside where and with which key.

    `base_url` replaces the region for a custom host. `timeout` bounds one call in seconds (60).
    `pace` is calls a minute (60), a `RateLimiter`, or None for no limit; `retries` how often a call
    may be repeated (3), or a `Retries`. `proxy` is an address, "" for none, None for the
    environment's;
    `ca_file` a PEM file to trust instead of the system's authorities; `connections` how many calls
    may be under way at once (32). `journal` keeps what is changed, as `store.journal` does.
    """

    base_url: str | None
    timeout: float
    pace: RateLimiter | float | None
    retries: Retries | int
    user_agent: str | None
    proxy: str | None
    ca_file: str | None
    connections: int
    journal: ChangeJournal | None


def _line(region: str | None, key: str | Secret, settings: ClientOptions) -> Endpoint:
    """Check the settings and say where calls go."""
    for name in settings.keys() - ClientOptions.__annotations__.keys():
        raise TypeError(f"a client has no setting called '{name}'")
    base_url = settings.get("base_url")
    if not base_url and not region:
        raise ConfigError("no region is given", hint="for example 'us', or a base_url")
    secret = key if isinstance(key, Secret) else Secret((key or "").strip())
    if not secret:
        raise ConfigError(
            "the API key is empty",
            hint="in the dashboard it is under Settings, General Settings, API, Generate",
        )
    return Endpoint(
        base_url=checked_url(base_url) if base_url else server_url(region or ""),
        secret_query={"apikey": secret},
        headers={
            "User-Agent": settings.get("user_agent") or USER_AGENT,
            "Accept": "application/xml",
        },
        timeout_seconds=settings.get("timeout", 60.0),
        proxy=settings.get("proxy"),
        ca_file=settings.get("ca_file"),
        connections=settings.get("connections", 32),
    )


def _manners(settings: ClientOptions) -> CallPolicy:
    """Say how the client behaves towards the vendor."""
    pace = settings.get("pace", 60)
    retries = settings.get("retries", 3)
    if isinstance(pace, int | float):
        calls, seconds = whole_calls(pace, 60)
        pace = RateLimit(calls, seconds=seconds)
    return CallPolicy(
        vendor=VENDOR,
        pace=NoRateLimit() if pace is None else pace,
        retries=retries if isinstance(retries, Retries) else Retries(attempts=retries + 1),
        hints=HINTS,
        journal=settings.get("journal"),
    )


class NAble(Client):
    """Call N-sight's Data Extraction API: `NAble("us", key)`.

    `region` is a territory or one of its aliases (`us`, `uk`, `germany` …), in any case; see
    `Settings` for the rest.
    """

    def __init__(
        self, region: str | None = None, key: str | Secret = "", **settings: Unpack[ClientOptions]
    ) -> None:
        super().__init__(_line(region, key, settings), _manners(settings))

    list_clients = method(inventory.list_clients)
    list_sites = method(inventory.list_sites)
    list_servers = method(inventory.list_servers)
    list_workstations = method(inventory.list_workstations)
    list_agentless_assets = method(inventory.list_agentless_assets)
    list_devices_at_client = method(inventory.list_devices_at_client)
    list_device_monitoring_details = method(devices.list_device_monitoring_details)
    list_device_asset_details = method(devices.list_device_asset_details)
    list_checks = method(devices.list_checks)
    list_failing_checks = method(devices.list_failing_checks)
    get_formatted_check_output = method(devices.get_formatted_check_output)
    list_all_software = method(devices.list_all_software)
    list_all_hardware = method(devices.list_all_hardware)
    task_run_now = method(devices.task_run_now)
    list_patches = method(patches.list_patches)
    approve_patches = method(patches.approve_patches)
    do_nothing_patches = method(patches.do_nothing_patches)
    ignore_patches = method(patches.ignore_patches)
    reprocess_patches = method(patches.reprocess_patches)
    retry_patches = method(patches.retry_patches)
    inherit_patches = method(patches.inherit_patches)
    describe = method(manual.describe)

    clients = method(inventory.list_clients)
    sites = method(inventory.list_sites)
    servers = method(inventory.list_servers)
    workstations = method(inventory.list_workstations)
    agentlessAssets = method(inventory.list_agentless_assets)
    clientDevices = method(inventory.list_devices_at_client)
    deviceDetails = method(devices.list_device_monitoring_details)
    assetDetails = method(devices.list_device_asset_details)
    checks = method(devices.list_checks)
    failingChecks = method(devices.list_failing_checks)
    formattedCheckOutput = method(devices.get_formatted_check_output)
    assetSoftware = method(devices.list_all_software)
    assetHardware = method(devices.list_all_hardware)
    runTask = method(devices.task_run_now)

    listPatches = WrapperMethod[DeviceCall[list[Patch], Description]](
        patches.list_patches, "patch_list_all"
    )
    approvePatches = WrapperMethod[PatchesCall[PatchesChanged, Description]](
        patches.approve_patches, "patch_approve"
    )
    doNothingPatches = WrapperMethod[PatchesCall[PatchesChanged, Description]](
        patches.do_nothing_patches, "patch_do_nothing"
    )
    ignorePatches = WrapperMethod[PatchesCall[PatchesChanged, Description]](
        patches.ignore_patches, "patch_ignore"
    )
    reprocessPatches = WrapperMethod[PatchesCall[RetryMessage, Description]](
        patches.reprocess_patches, "patch_reprocess"
    )
    retryPatches = WrapperMethod[PatchesCall[RetryMessage, Description]](
        patches.retry_patches, "patch_retry"
    )


class AsyncNAble(AsyncClient):
    """Call N-sight's Data Extraction API from a coroutine: the same names, to be awaited."""

    def __init__(
        self, region: str | None = None, key: str | Secret = "", **settings: Unpack[ClientOptions]
    ) -> None:
        super().__init__(_line(region, key, settings), _manners(settings))

    list_clients = amethod(inventory.list_clients)
    list_sites = amethod(inventory.list_sites)
    list_servers = amethod(inventory.list_servers)
    list_workstations = amethod(inventory.list_workstations)
    list_agentless_assets = amethod(inventory.list_agentless_assets)
    list_devices_at_client = amethod(inventory.list_devices_at_client)
    list_device_monitoring_details = amethod(devices.list_device_monitoring_details)
    list_device_asset_details = amethod(devices.list_device_asset_details)
    list_checks = amethod(devices.list_checks)
    list_failing_checks = amethod(devices.list_failing_checks)
    get_formatted_check_output = amethod(devices.get_formatted_check_output)
    list_all_software = amethod(devices.list_all_software)
    list_all_hardware = amethod(devices.list_all_hardware)
    task_run_now = amethod(devices.task_run_now)
    list_patches = amethod(patches.list_patches)
    approve_patches = amethod(patches.approve_patches)
    do_nothing_patches = amethod(patches.do_nothing_patches)
    ignore_patches = amethod(patches.ignore_patches)
    reprocess_patches = amethod(patches.reprocess_patches)
    retry_patches = amethod(patches.retry_patches)
    inherit_patches = amethod(patches.inherit_patches)
    describe = amethod(manual.describe)

    clients = amethod(inventory.list_clients)
    sites = amethod(inventory.list_sites)
    servers = amethod(inventory.list_servers)
    workstations = amethod(inventory.list_workstations)
    agentlessAssets = amethod(inventory.list_agentless_assets)
    clientDevices = amethod(inventory.list_devices_at_client)
    deviceDetails = amethod(devices.list_device_monitoring_details)
    assetDetails = amethod(devices.list_device_asset_details)
    checks = amethod(devices.list_checks)
    failingChecks = amethod(devices.list_failing_checks)
    formattedCheckOutput = amethod(devices.get_formatted_check_output)
    assetSoftware = amethod(devices.list_all_software)
    assetHardware = amethod(devices.list_all_hardware)
    runTask = amethod(devices.task_run_now)

    listPatches = WrapperMethod[DeviceCall[Awaitable[list[Patch]], Awaitable[Description]]](
        patches.list_patches, "patch_list_all"
    )
    approvePatches = WrapperMethod[PatchesCall[Awaitable[PatchesChanged], Awaitable[Description]]](
        patches.approve_patches, "patch_approve"
    )
    doNothingPatches = WrapperMethod[
        PatchesCall[Awaitable[PatchesChanged], Awaitable[Description]]
    ](patches.do_nothing_patches, "patch_do_nothing")
    ignorePatches = WrapperMethod[PatchesCall[Awaitable[PatchesChanged], Awaitable[Description]]](
        patches.ignore_patches, "patch_ignore"
    )
    reprocessPatches = WrapperMethod[PatchesCall[Awaitable[RetryMessage], Awaitable[Description]]](
        patches.reprocess_patches, "patch_reprocess"
    )
    retryPatches = WrapperMethod[PatchesCall[Awaitable[RetryMessage], Awaitable[Description]]](
        patches.retry_patches, "patch_retry"
    )


__getattr__ = renamed(__name__)
