"""Patch management as functions of an account: `list_jobs(auth, "windows")`.

The names, parameters and defaults are those of the existing SDK's documentation, and every other
operation of the API beside them; each is the method of `Qualys` with the same name.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, overload

from patchfleet.qualys.auth import TokenAuth
from patchfleet.qualys.client import client_of
from patchfleet.qualys.operations import catalogue, job_changes, jobs, patches, reports
from patchfleet.qualys.operations.request import Sort
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import (
    JobChange,
    JobCreated,
    JobResultSummary,
    PMAssetJobView,
    PMDeploymentJob,
    PMJob,
    PMRun,
    Tag,
)
from patchfleet.qualys.records.patches import (
    CatalogPatch,
    PMAsset,
    PMPatch,
    PMVulnerability,
    ProductVulnCount,
)
from patchfleet.transport.client import parameters_of
from patchfleet.transport.operation import Work

__all__ = [
    "BaseList",
    "CatalogPatch",
    "JobChange",
    "JobCreated",
    "JobResultSummary",
    "PMAsset",
    "PMAssetJobView",
    "PMDeploymentJob",
    "PMJob",
    "PMPatch",
    "PMRun",
    "PMVulnerability",
    "ProductVulnCount",
    "Tag",
    "change_job_status",
    "clone_job",
    "count_product_vulns",
    "create_job",
    "create_job_progress_report",
    "create_mitigation_job",
    "create_mitigation_progress_report",
    "delete_job",
    "delete_mitigation_job",
    "download_report",
    "get_asset_count",
    "get_assets",
    "get_job",
    "get_job_results",
    "get_job_runs",
    "get_mitigation_job",
    "get_packages_in_linux_patch",
    "get_patch_catalog",
    "get_patch_count",
    "get_patches",
    "get_products_in_windows_patch",
    "get_tag_id",
    "get_version",
    "list_jobs",
    "list_mitigation_jobs",
    "list_mitigations",
    "list_patch_catalog",
    "list_report_columns",
    "list_reports",
    "list_tags",
    "lookup_cves",
    "lookup_host_uuids",
    "update_job",
]

P = ParamSpec("P")
T = TypeVar("T")


def with_auth(build: Callable[P, Work[T]]) -> Callable[Concatenate[TokenAuth, P], T]:
    """Make a function of an account from what builds an operation."""

    def call(auth: TokenAuth, *args: P.args, **kwargs: P.kwargs) -> T:
        if not isinstance(auth, TokenAuth):
            raise TypeError(f"auth is a TokenAuth, and not a {type(auth).__name__}")
        return client_of(auth).run(build(*args, **kwargs))

    call.__name__ = call.__qualname__ = build.__name__
    call.__doc__ = build.__doc__
    first = inspect.Parameter("auth", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=TokenAuth)
    signature = parameters_of(build)
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[first, *signature.parameters.values()]
    )
    return cast("Callable[Concatenate[TokenAuth, P], T]", call)


list_jobs = with_auth(jobs.list_jobs)
get_job = with_auth(jobs.get_job)
get_job_runs = with_auth(jobs.get_job_runs)
create_job = with_auth(job_changes.create_job)
clone_job = with_auth(job_changes.clone_job)
update_job = with_auth(job_changes.update_job)
delete_job = with_auth(job_changes.delete_job)
change_job_status = with_auth(job_changes.change_job_status)
get_version = with_auth(catalogue.get_version)
get_patches = with_auth(patches.get_patches)
get_patch_count = with_auth(patches.get_patch_count)
get_assets = with_auth(patches.get_assets)
get_asset_count = with_auth(patches.get_asset_count)
get_patch_catalog = with_auth(catalogue.get_patch_catalog)
list_patch_catalog = with_auth(catalogue.list_patch_catalog)
get_packages_in_linux_patch = with_auth(catalogue.get_packages_in_linux_patch)
get_products_in_windows_patch = with_auth(catalogue.get_products_in_windows_patch)
count_product_vulns = with_auth(catalogue.count_product_vulns)
lookup_cves = with_auth(catalogue.lookup_cves)
lookup_host_uuids = with_auth(catalogue.lookup_host_uuids)
list_tags = with_auth(catalogue.list_tags)
get_tag_id = with_auth(catalogue.get_tag_id)
list_reports = with_auth(reports.list_reports)
download_report = with_auth(reports.download_report)
list_report_columns = with_auth(reports.list_report_columns)
create_job_progress_report = with_auth(reports.create_job_progress_report)
create_mitigation_progress_report = with_auth(reports.create_mitigation_progress_report)
list_mitigations = with_auth(reports.list_mitigations)
list_mitigation_jobs = with_auth(reports.list_mitigation_jobs)
get_mitigation_job = with_auth(reports.get_mitigation_job)
create_mitigation_job = with_auth(reports.create_mitigation_job)
delete_mitigation_job = with_auth(reports.delete_mitigation_job)
_get_job_results: Any = with_auth(jobs.get_job_results)


@overload
def get_job_results(  # type: ignore[overload-overlap]
    auth: TokenAuth,
    jobId: str | PMJob,
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> JobResultSummary: ...
@overload
def get_job_results(
    auth: TokenAuth,
    jobId: Sequence[str | PMJob],
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> BaseList[JobResultSummary]: ...
def get_job_results(
    auth: TokenAuth,
    jobId: str | PMJob | Sequence[str | PMJob],
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> JobResultSummary | BaseList[JobResultSummary]:
    """Read the result of a job with all its assets, or of several jobs, asked for at once.

    `jobInstanceId` names a run (see `get_job_runs`) and is for one job only. Raises `Unreadable`
    where not every asset that the server counts can be read.
    """
    result: JobResultSummary | BaseList[JobResultSummary] = _get_job_results(
        auth, jobId, jobInstanceId=jobInstanceId, pageSize=pageSize, sort=sort
    )
    return result
