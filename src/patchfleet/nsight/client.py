"""The N-sight client, sync and async, from one table of operations.

Construction makes no call. A client may be used by several threads, an async one by all tasks of
its event loop; all of them share one rate limit.

Reads are repeated after 429, 5xx, a broken connection or an unreadable answer: four tries in all,
with growing random waits, and never sooner than the server asks. Patch changes are read back first:
approve, ignore, do nothing and inherit are sent again if nothing is as wanted, retry and reprocess
only if the server also asked to wait, task_run_now only if it surely never left.
"""

from typing import TypedDict, Unpack

from patchfleet._renamed import renamed
from patchfleet._renamed.lookup import current_keywords
from patchfleet.config import Secret
from patchfleet.errors import ConfigError, Forbidden, Unauthorized, Unreachable, VendorError
from patchfleet.nsight.operations import describe as manual
from patchfleet.nsight.operations import devices, inventory, patches
from patchfleet.nsight.records.patches import Patch, PatchesChanged, RetryMessage
from patchfleet.nsight.regions import checked_url, server_url
from patchfleet.nsight.wrapper_names import DeviceMethod, PatchesMethod
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.client import AsyncClient, Client, operation
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.rate_limit import NoRateLimit, RateLimit, RateLimiter, whole_calls
from patchfleet.transport.retry import Retries
from patchfleet.version import __version__

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
    """The settings of a client's calls, beside region and key.

    `base_url` replaces the region for a custom host. `timeout` bounds one call in seconds (60).
    `rate_limit` is calls per minute (60), a `RateLimiter`, or None for no limit; `retries` is the
    number of repeats of a call (3) or a `Retries`. `proxy` is an address, "" for none, None for the
    environment's; `ca_file` is a PEM file to trust instead of the system's authorities;
    `connections` is the number of calls in flight (32). `journal` records changes, as
    `store.journal` does.
    """

    base_url: str | None
    timeout: float
    rate_limit: RateLimiter | float | None
    retries: Retries | int
    user_agent: str | None
    proxy: str | None
    ca_file: str | None
    connections: int
    journal: ChangeJournal | None


def _endpoint_and_policy(
    region: str | None, key: str | Secret, given: ClientOptions
) -> tuple[Endpoint, CallPolicy]:
    options = current_keywords("nsight.client:ClientOptions", given)
    return _endpoint(region, key, options), _call_policy(options)


def _endpoint(region: str | None, key: str | Secret, settings: ClientOptions) -> Endpoint:
    """Check the settings and return the endpoint."""
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


def _call_policy(settings: ClientOptions) -> CallPolicy:
    """Return the call policy for the vendor."""
    rate_limit = settings.get("rate_limit", 60)
    retries = settings.get("retries", 3)
    if isinstance(rate_limit, int | float):
        calls, seconds = whole_calls(rate_limit, 60)
        rate_limit = RateLimit(calls, seconds=seconds)
    return CallPolicy(
        vendor=VENDOR,
        rate_limit=NoRateLimit() if rate_limit is None else rate_limit,
        retries=retries if isinstance(retries, Retries) else Retries(attempts=retries + 1),
        hints=HINTS,
        journal=settings.get("journal"),
    )


class Operations:
    """The operations of N-sight, under Patchfleet's names and those of the existing wrapper."""

    list_clients = operation(inventory.list_clients)
    list_sites = operation(inventory.list_sites)
    list_servers = operation(inventory.list_servers)
    list_workstations = operation(inventory.list_workstations)
    list_agentless_assets = operation(inventory.list_agentless_assets)
    list_devices_at_client = operation(inventory.list_devices_at_client)
    list_device_monitoring_details = operation(devices.list_device_monitoring_details)
    list_device_asset_details = operation(devices.list_device_asset_details)
    list_checks = operation(devices.list_checks)
    list_failing_checks = operation(devices.list_failing_checks)
    get_formatted_check_output = operation(devices.get_formatted_check_output)
    list_all_software = operation(devices.list_all_software)
    list_all_hardware = operation(devices.list_all_hardware)
    task_run_now = operation(devices.task_run_now)
    list_patches = operation(patches.list_patches)
    approve_patches = operation(patches.approve_patches)
    do_nothing_patches = operation(patches.do_nothing_patches)
    ignore_patches = operation(patches.ignore_patches)
    reprocess_patches = operation(patches.reprocess_patches)
    retry_patches = operation(patches.retry_patches)
    inherit_patches = operation(patches.inherit_patches)
    describe = operation(manual.describe)

    clients = operation(inventory.list_clients)
    sites = operation(inventory.list_sites)
    servers = operation(inventory.list_servers)
    workstations = operation(inventory.list_workstations)
    agentlessAssets = operation(inventory.list_agentless_assets)
    clientDevices = operation(inventory.list_devices_at_client)
    deviceDetails = operation(devices.list_device_monitoring_details)
    assetDetails = operation(devices.list_device_asset_details)
    checks = operation(devices.list_checks)
    failingChecks = operation(devices.list_failing_checks)
    formattedCheckOutput = operation(devices.get_formatted_check_output)
    assetSoftware = operation(devices.list_all_software)
    assetHardware = operation(devices.list_all_hardware)
    runTask = operation(devices.task_run_now)

    listPatches = DeviceMethod[list[Patch]](patches.list_patches, "patch_list_all")
    approvePatches = PatchesMethod[PatchesChanged](patches.approve_patches, "patch_approve")
    doNothingPatches = PatchesMethod[PatchesChanged](patches.do_nothing_patches, "patch_do_nothing")
    ignorePatches = PatchesMethod[PatchesChanged](patches.ignore_patches, "patch_ignore")
    reprocessPatches = PatchesMethod[RetryMessage](patches.reprocess_patches, "patch_reprocess")
    retryPatches = PatchesMethod[RetryMessage](patches.retry_patches, "patch_retry")


class NAble(Operations, Client):
    """Call N-sight's Data Extraction API: `NAble("us", key)`.

    `region` is a territory or one of its aliases (`us`, `uk`, `germany` …), in any case; see
    `ClientOptions` for the rest.
    """

    def __init__(
        self, region: str | None = None, key: str | Secret = "", **settings: Unpack[ClientOptions]
    ) -> None:
        super().__init__(*_endpoint_and_policy(region, key, settings))


class AsyncNAble(Operations, AsyncClient):
    """Call N-sight's Data Extraction API from a coroutine: the same methods, to be awaited."""

    def __init__(
        self, region: str | None = None, key: str | Secret = "", **settings: Unpack[ClientOptions]
    ) -> None:
        super().__init__(*_endpoint_and_policy(region, key, settings))


__getattr__ = renamed(__name__)
