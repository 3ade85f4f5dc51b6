"""The Qualys client, sync and async: two tables of the same operations.

Constructing makes no call and needs no network. A client may be used by several threads, an async
one by all tasks of its event loop; what is given the same `TokenAuth` shares one token.

Calls that only read are repeated after 429, 5xx, a broken connection or an unreadable answer. What
a call changes is read back, whatever was answered, and sent again only where it is read as it was.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol, Unpack, cast, overload

from patchfleet.config import Secret
from patchfleet.qualys.auth import ClientOptions, TokenAuth
from patchfleet.qualys.operations import catalogue, inventory, job_changes, jobs, patches, reports
from patchfleet.qualys.operations.request import Sort
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import JobResultSummary, PMJob
from patchfleet.transport.client import (
    AsyncClient,
    Client,
    aiterator,
    amethod,
    iterator,
    method,
)


def client_of(auth: TokenAuth) -> "Qualys":
    """Return the client that the functions of `pm` and `gav` share; made at the first call."""
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
    """What `get_job_results` looks like to a type checker: one job, one result."""

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
    """The same of the async client."""

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


class Qualys(Client):
    """Call Qualys Patch Management: `Qualys(username, password, "qg1")`, or `Qualys(auth=…)`.

    See `TokenAuth` for the platform and `Settings` for the rest.
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
        super().__init__(self.auth.line, self.auth.manners)

    get_version = method(catalogue.get_version)
    list_jobs = method(jobs.list_jobs)
    iter_jobs = iterator(jobs.iter_jobs)
    get_job = method(jobs.get_job)
    get_job_runs = method(jobs.get_job_runs)
    get_job_results = cast("_Results", method(jobs.get_job_results))
    iter_job_results = iterator(jobs.iter_job_results)
    create_job = method(job_changes.create_job)
    clone_job = method(job_changes.clone_job)
    update_job = method(job_changes.update_job)
    delete_job = method(job_changes.delete_job)
    change_job_status = method(job_changes.change_job_status)
    get_patches = method(patches.get_patches)
    iter_patches = iterator(patches.iter_patches)
    get_patch_count = method(patches.get_patch_count)
    get_assets = method(patches.get_assets)
    iter_assets = iterator(patches.iter_assets)
    get_asset_count = method(patches.get_asset_count)
    get_patch_catalog = method(catalogue.get_patch_catalog)
    list_patch_catalog = method(catalogue.list_patch_catalog)
    iter_patch_catalog = iterator(catalogue.list_patch_catalog)
    get_packages_in_linux_patch = method(catalogue.get_packages_in_linux_patch)
    get_products_in_windows_patch = method(catalogue.get_products_in_windows_patch)
    count_product_vulns = method(catalogue.count_product_vulns)
    lookup_cves = method(catalogue.lookup_cves)
    lookup_host_uuids = method(catalogue.lookup_host_uuids)
    list_tags = method(catalogue.list_tags)
    get_tag_id = method(catalogue.get_tag_id)
    list_reports = method(reports.list_reports)
    download_report = method(reports.download_report)
    list_report_columns = method(reports.list_report_columns)
    create_job_progress_report = method(reports.create_job_progress_report)
    create_mitigation_progress_report = method(reports.create_mitigation_progress_report)
    list_mitigations = method(reports.list_mitigations)
    list_mitigation_jobs = method(reports.list_mitigation_jobs)
    get_mitigation_job = method(reports.get_mitigation_job)
    create_mitigation_job = method(reports.create_mitigation_job)
    delete_mitigation_job = method(reports.delete_mitigation_job)
    query_assets = method(inventory.query_assets)
    iter_query_assets = iterator(inventory.query_assets)
    get_all_assets = method(inventory.get_all_assets)
    iter_all_assets = iterator(inventory.get_all_assets)
    get_asset = method(inventory.get_asset)
    count_assets = method(inventory.count_assets)


class AsyncQualys(AsyncClient):
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
        super().__init__(self.auth.line, self.auth.manners)

    get_version = amethod(catalogue.get_version)
    list_jobs = amethod(jobs.list_jobs)
    iter_jobs = aiterator(jobs.iter_jobs)
    get_job = amethod(jobs.get_job)
    get_job_runs = amethod(jobs.get_job_runs)
    get_job_results = cast("_AwaitedResults", amethod(jobs.get_job_results))
    iter_job_results = aiterator(jobs.iter_job_results)
    create_job = amethod(job_changes.create_job)
    clone_job = amethod(job_changes.clone_job)
    update_job = amethod(job_changes.update_job)
    delete_job = amethod(job_changes.delete_job)
    change_job_status = amethod(job_changes.change_job_status)
    get_patches = amethod(patches.get_patches)
    iter_patches = aiterator(patches.iter_patches)
    get_patch_count = amethod(patches.get_patch_count)
    get_assets = amethod(patches.get_assets)
    iter_assets = aiterator(patches.iter_assets)
    get_asset_count = amethod(patches.get_asset_count)
    get_patch_catalog = amethod(catalogue.get_patch_catalog)
    list_patch_catalog = amethod(catalogue.list_patch_catalog)
    iter_patch_catalog = aiterator(catalogue.list_patch_catalog)
    get_packages_in_linux_patch = amethod(catalogue.get_packages_in_linux_patch)
    get_products_in_windows_patch = amethod(catalogue.get_products_in_windows_patch)
    count_product_vulns = amethod(catalogue.count_product_vulns)
    lookup_cves = amethod(catalogue.lookup_cves)
    lookup_host_uuids = amethod(catalogue.lookup_host_uuids)
    list_tags = amethod(catalogue.list_tags)
    get_tag_id = amethod(catalogue.get_tag_id)
    list_reports = amethod(reports.list_reports)
    download_report = amethod(reports.download_report)
    list_report_columns = amethod(reports.list_report_columns)
    create_job_progress_report = amethod(reports.create_job_progress_report)
    create_mitigation_progress_report = amethod(reports.create_mitigation_progress_report)
    list_mitigations = amethod(reports.list_mitigations)
    list_mitigation_jobs = amethod(reports.list_mitigation_jobs)
    get_mitigation_job = amethod(reports.get_mitigation_job)
    create_mitigation_job = amethod(reports.create_mitigation_job)
    delete_mitigation_job = amethod(reports.delete_mitigation_job)
    query_assets = amethod(inventory.query_assets)
    iter_query_assets = aiterator(inventory.query_assets)
    get_all_assets = amethod(inventory.get_all_assets)
    iter_all_assets = aiterator(inventory.get_all_assets)
    get_asset = amethod(inventory.get_asset)
    count_assets = amethod(inventory.count_assets)
