"""What type checkers see of the public N-sight API. Checked by mypy and pyright, never run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from datetime import datetime
from typing import Any, Literal, assert_type

from patchfleet.nsight import (
    AssetDetails,
    AsyncNAble,
    Check,
    Client,
    Description,
    Device,
    FailingDevice,
    Hardware,
    ListedDevice,
    MonitoringDetails,
    NAble,
    Patch,
    PatchesChanged,
    RateLimit,
    Retries,
    RetryMessage,
    Site,
    Software,
    TaskStarted,
)
from patchfleet.nsight.records.record import Records
from patchfleet.qualys import (
    AsyncQualys,
    BaseList,
    Host,
    JobCreated,
    JobResultSummary,
    PMAsset,
    PMJob,
    PMPatch,
    Qualys,
    TokenAuth,
    gav,
    pm,
)


def settings() -> None:
    """Construct clients in every documented way."""
    NAble("us", "key")
    NAble(region="us", key="key", timeout=5, rate_limit=None, retries=0, user_agent=None, proxy="")
    AsyncNAble(key="key", base_url="http://127.0.0.1:1", rate_limit=RateLimit(1, seconds=90))
    NAble("us", "key", rate_limit=0.5, retries=Retries(attempts=2), ca_file="ca.pem", connections=4)
    NAble("us", "key", time_out=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def blocking(client: NAble, flag: bool) -> None:
    """Call everything with a blocking client."""
    assert_type(client.list_clients(), Records[Client])
    first: Client = client.clients("server")[0]
    assert_type(first.client_id, int)
    assert_type(client.list_sites(1), Records[Site])
    assert_type(client.sites(clientid=1), Records[Site])
    assert_type(client.list_servers(1), Records[Device])
    assert_type(client.servers(1), Records[Device])
    assert_type(client.list_workstations(1), Records[Device])
    assert_type(client.workstations(1), Records[Device])
    assert_type(client.list_devices_at_client(1, "server"), Records[ListedDevice])
    assert_type(client.clientDevices(1, "workstation"), Records[ListedDevice])
    assert_type(client.list_device_monitoring_details(1), MonitoringDetails)
    assert_type(client.deviceDetails(1), MonitoringDetails)
    assert_type(client.list_device_asset_details(1), AssetDetails)
    assert_type(client.list_checks(1), Records[Check])
    assert_type(client.list_failing_checks(check_type="tasks"), Records[FailingDevice])
    assert_type(client.get_formatted_check_output(1), str)
    assert_type(client.list_all_software(1), Records[Software])
    assert_type(client.list_all_hardware(1), Records[Hardware])
    assert_type(client.task_run_now(1), TaskStarted)
    assert_type(client.describe("patch_approve"), Description)
    assert_type(client.list_patches(1), Records[Patch])
    assert_type(client.approve_patches(1, [2, "3"]), PatchesChanged)
    assert_type(client.inherit_patches(1, "2,3"), PatchesChanged)
    assert_type(client.retry_patches(1, 2), RetryMessage)

    assert_type(client.listPatches(1), list[Patch])
    assert_type(client.listPatches(deviceid=1, describe=False), list[Patch])
    assert_type(client.listPatches(1, describe=True), Description)
    assert_type(client.listPatches(1, describe=flag), list[Patch] | Description)
    assert_type(client.approvePatches(1, [2]), PatchesChanged)
    assert_type(client.doNothingPatches(1, "2,3"), PatchesChanged)
    assert_type(client.ignorePatches(deviceid=1, patchids=[2]), PatchesChanged)
    assert_type(client.reprocessPatches(1, [2]), RetryMessage)
    assert_type(client.retryPatches(1, [2]), RetryMessage)
    assert_type(client.retryPatches(1, [2], describe=True), Description)
    assert_type(client.retryPatches(1, [2], describe=flag), RetryMessage | Description)
    message: str = client.retryPatches(1, [2])
    assert_type(message.upper(), str)

    client.list_sites()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.listPatches("x", "y")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def awaited(client: AsyncNAble, flag: bool) -> None:
    """Call everything with an async client."""
    assert_type(await client.list_clients(), Records[Client])
    pending = assert_type(client.list_sites(1), Coroutine[Any, Any, Records[Site]])
    assert_type(await pending, Records[Site])
    client.list_sites(1)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    await client.list_sites()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(await client.sites(1), Records[Site])
    assert_type(await client.list_devices_at_client(1, "server"), Records[ListedDevice])
    assert_type(await client.deviceDetails(1), MonitoringDetails)
    assert_type(await client.task_run_now(1), TaskStarted)
    assert_type(await client.list_patches(1), Records[Patch])
    assert_type(await client.approve_patches(1, [2]), PatchesChanged)
    assert_type(await client.retry_patches(1, [2]), RetryMessage)
    assert_type(client.listPatches(1), Awaitable[list[Patch]])
    assert_type(await client.listPatches(1, describe=True), Description)
    assert_type(await client.listPatches(1, describe=flag), list[Patch] | Description)
    assert_type(await client.approvePatches(1, [2]), PatchesChanged)
    assert_type(await client.reprocessPatches(1, [2]), RetryMessage)
    async with AsyncNAble("us", "key") as other:
        assert_type(other, AsyncNAble)


async def of_a_class(client: NAble, other: AsyncNAble) -> None:
    """Take methods from the classes: functions whose first argument is the client."""
    assert_type(NAble.list_sites(client, 1), Records[Site])
    assert_type(await AsyncNAble.list_sites(other, 1), Records[Site])
    function: Callable[[NAble, int], list[Site]] = NAble.list_sites
    assert isinstance(function(client, 1), list)
    NAble.list_sites(client, "one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def records(patch: Patch, changed: PatchesChanged, message: RetryMessage) -> None:
    """Read records by attribute."""
    assert_type(patch.patch_id, int)
    assert_type(patch.policy, int)
    assert_type(patch.status_name, str)
    assert_type(patch.kb, str | None)
    assert_type(patch.installed_at, datetime | None)
    assert_type(patch.choice, Literal["ignore", "approve", "do_nothing"] | None)
    assert_type(changed.patch_ids, tuple[int, ...])
    assert_type(message.retried, tuple[int, ...])


def qualys_functions(auth: TokenAuth) -> None:
    """Check that the functions of an account have the types of their operations."""
    assert_type(pm.list_jobs(auth, "windows"), BaseList[PMJob])
    assert_type(pm.get_job_results(auth, "id"), JobResultSummary)
    assert_type(pm.get_job_results(auth, pm.list_jobs(auth)), BaseList[JobResultSummary])
    assert_type(pm.create_job(auth, "Windows", "n", "Install", "Once", timeout=5), JobCreated)
    assert_type(gav.query_assets(auth, filter="a:1"), BaseList[Host])
    assert_type(pm.get_patch_count(auth), int)


def qualys_client(client: Qualys) -> None:
    """Check that the methods of a client have the types of their operations."""
    assert_type(client.get_job_results("id"), JobResultSummary)
    assert_type(client.get_job_results(["id"]), BaseList[JobResultSummary])
    assert_type(client.get_patches(), BaseList[PMPatch])
    assert_type(client.iter_patches(), Iterator[PMPatch])
    for patch in client.iter_patches("linux"):
        assert_type(patch.publishedDate, datetime | None)
        assert_type(patch.missingCount, int | None)


async def qualys_async_client(client: AsyncQualys) -> None:
    """Check the same of the async client."""
    assert_type(await client.get_job_results("id"), JobResultSummary)
    assert_type(await client.list_jobs(), BaseList[PMJob])
    assert_type(client.iter_assets(), AsyncIterator[PMAsset])
    async for asset in client.iter_assets():
        assert_type(asset, PMAsset)
