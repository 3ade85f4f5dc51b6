"""The Qualys client, sync and async, from one table of operations.

Construction makes no call. A client may be used by several threads, an async one by all tasks of
its event loop; clients with the same `TokenAuth` share one token.

Reads are repeated after 429, 5xx, a broken connection or an unreadable answer. Every change is
read back, whatever the answer, and is sent again only if it is read as not done.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, Unpack, cast, overload

from patchfleet.config import Secret
from patchfleet.qualys.auth import ClientOptions, TokenAuth
from patchfleet.qualys.operations import catalogue, inventory, job_changes, jobs, patches, reports
from patchfleet.qualys.operations.request import Sort
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import JobResultSummary, PMJob
from patchfleet.transport.client import AsyncClient, Client, operation, stream


def client_of(auth: TokenAuth) -> "Qualys":
    """Return the client that the functions of `pm` and `gav` share, created at the first call."""
    return auth.shared_client(lambda account: Qualys(auth=account))


def _account(
    username: str,
    password: str | Secret,
    platform: str,
    *,
    override_platform: Mapping[str, str] | None,
    auth: TokenAuth | None,
    settings: ClientOptions,
) -> TokenAuth:
    if auth is None:
        return TokenAuth(
            username, password, platform, override_platform=override_platform, **settings
        )
    if username or password or override_platform or settings:
        raise TypeError("an account is given: username, password and settings are its own")
    return auth


class _Results(Protocol):
    """`get_job_results` as a type checker sees it: one job, one result."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a text is a sequence of texts
        self,
        jobId: str | PMJob,
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> JobResultSummary: ...
    @overload
    def __call__(
        self,
        jobId: Sequence[str | PMJob],
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> BaseList[JobResultSummary]: ...


class _AwaitedResults(Protocol):
    """`get_job_results` of the async client."""

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self,
        jobId: str | PMJob,
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> Awaitable[JobResultSummary]: ...
    @overload
    def __call__(
        self,
        jobId: Sequence[str | PMJob],
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> Awaitable[BaseList[JobResultSummary]]: ...


class _ResultsMethod(Protocol):
    """The line of `get_job_results` as a type checker sees it."""

    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, client: Client, owner: type) -> _Results: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type) -> _AwaitedResults: ...


class Operations:
    """The operations of Qualys Patch Management, mitigation, reports and the inventory."""

    get_version = operation(catalogue.get_version)
    list_jobs = operation(jobs.list_jobs)
    iter_jobs = stream(jobs.iter_jobs)
    get_job = operation(jobs.get_job)
    get_job_runs = operation(jobs.get_job_runs)
    get_job_results = cast("_ResultsMethod", operation(jobs.get_job_results))
    iter_job_results = stream(jobs.iter_job_results)
    create_job = operation(job_changes.create_job)
    clone_job = operation(job_changes.clone_job)
    update_job = operation(job_changes.update_job)
    delete_job = operation(job_changes.delete_job)
    change_job_status = operation(job_changes.change_job_status)
    get_patches = operation(patches.get_patches)
    iter_patches = stream(patches.iter_patches)
    get_patch_count = operation(patches.get_patch_count)
    get_assets = operation(patches.get_assets)
    iter_assets = stream(patches.iter_assets)
    get_asset_count = operation(patches.get_asset_count)
    get_patch_catalog = operation(catalogue.get_patch_catalog)
    list_patch_catalog = operation(catalogue.list_patch_catalog)
    iter_patch_catalog = stream(catalogue.list_patch_catalog)
    get_packages_in_linux_patch = operation(catalogue.get_packages_in_linux_patch)
    get_products_in_windows_patch = operation(catalogue.get_products_in_windows_patch)
    count_product_vulns = operation(catalogue.count_product_vulns)
    lookup_cves = operation(catalogue.lookup_cves)
    lookup_host_uuids = operation(catalogue.lookup_host_uuids)
    list_tags = operation(catalogue.list_tags)
    get_tag_id = operation(catalogue.get_tag_id)
    list_reports = operation(reports.list_reports)
    download_report = operation(reports.download_report)
    list_report_columns = operation(reports.list_report_columns)
    create_job_progress_report = operation(reports.create_job_progress_report)
    create_mitigation_progress_report = operation(reports.create_mitigation_progress_report)
    list_mitigations = operation(reports.list_mitigations)
    list_mitigation_jobs = operation(reports.list_mitigation_jobs)
    get_mitigation_job = operation(reports.get_mitigation_job)
    create_mitigation_job = operation(reports.create_mitigation_job)
    delete_mitigation_job = operation(reports.delete_mitigation_job)
    query_assets = operation(inventory.query_assets)
    iter_query_assets = stream(inventory.query_assets)
    get_all_assets = operation(inventory.get_all_assets)
    iter_all_assets = stream(inventory.get_all_assets)
    get_asset = operation(inventory.get_asset)
    count_assets = operation(inventory.count_assets)


class Qualys(Operations, Client):
    """Call Qualys Patch Management: `Qualys(username, password, "qg1")`, or `Qualys(auth=…)`.

    See `TokenAuth` for the platform and `ClientOptions` for the rest.
    """

    def __init__(
        self,
        username: str = "",
        password: str | Secret = "",
        platform: str = "qg1",
        *,
        override_platform: Mapping[str, str] | None = None,
        auth: TokenAuth | None = None,
        **settings: Unpack[ClientOptions],
    ) -> None:
        self.auth = _account(
            username,
            password,
            platform,
            override_platform=override_platform,
            auth=auth,
            settings=settings,
        )
        super().__init__(self.auth.endpoint, self.auth.call_policy)


class AsyncQualys(Operations, AsyncClient):
    """Call Qualys Patch Management from a coroutine: the same names, to be awaited."""

    def __init__(
        self,
        username: str = "",
        password: str | Secret = "",
        platform: str = "qg1",
        *,
        override_platform: Mapping[str, str] | None = None,
        auth: TokenAuth | None = None,
        **settings: Unpack[ClientOptions],
    ) -> None:
        self.auth = _account(
            username,
            password,
            platform,
            override_platform=override_platform,
            auth=auth,
            settings=settings,
        )
        super().__init__(self.auth.endpoint, self.auth.call_policy)
