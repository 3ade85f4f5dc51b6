"""Patch management as functions of an account: `list_jobs(auth, "windows")`.

The names, parameters and defaults of the existing SDK's documentation, and every other operation
of the API; each is the method of `Qualys` with the same name.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from patchfleet.qualys.auth import TokenAuth
from patchfleet.qualys.client import Qualys, client_of
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
from patchfleet.transport.client import Client

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


def with_auth(
    method: Callable[Concatenate[Client, P], T],
) -> Callable[Concatenate[TokenAuth, P], T]:
    """Make a function of an account from a method of `Qualys`."""

    def call(auth: TokenAuth, *args: P.args, **kwargs: P.kwargs) -> T:
        if not isinstance(auth, TokenAuth):
            raise TypeError(f"auth is a TokenAuth, and not a {type(auth).__name__}")
        return method(client_of(auth), *args, **kwargs)

    call.__name__ = call.__qualname__ = method.__name__
    call.__doc__ = method.__doc__
    signature = inspect.signature(method)
    first = inspect.Parameter("auth", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=TokenAuth)
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[first, *list(signature.parameters.values())[1:]]
    )
    return cast("Callable[Concatenate[TokenAuth, P], T]", call)


class AccountResults(Protocol):
    """Type of `get_job_results`: one job, one result; several jobs, a list of them."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a text is a sequence of texts
        self,
        auth: TokenAuth,
        jobId: str | PMJob,
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> JobResultSummary: ...
    @overload
    def __call__(
        self,
        auth: TokenAuth,
        jobId: Sequence[str | PMJob],
        *,
        jobInstanceId: str | int | None = None,
        pageSize: int = 10,
        sort: Sort = None,
    ) -> BaseList[JobResultSummary]: ...


list_jobs = with_auth(Qualys.list_jobs)
get_job = with_auth(Qualys.get_job)
get_job_runs = with_auth(Qualys.get_job_runs)
create_job = with_auth(Qualys.create_job)
clone_job = with_auth(Qualys.clone_job)
update_job = with_auth(Qualys.update_job)
delete_job = with_auth(Qualys.delete_job)
change_job_status = with_auth(Qualys.change_job_status)
get_version = with_auth(Qualys.get_version)
get_patches = with_auth(Qualys.get_patches)
get_patch_count = with_auth(Qualys.get_patch_count)
get_assets = with_auth(Qualys.get_assets)
get_asset_count = with_auth(Qualys.get_asset_count)
get_patch_catalog = with_auth(Qualys.get_patch_catalog)
list_patch_catalog = with_auth(Qualys.list_patch_catalog)
get_packages_in_linux_patch = with_auth(Qualys.get_packages_in_linux_patch)
get_products_in_windows_patch = with_auth(Qualys.get_products_in_windows_patch)
count_product_vulns = with_auth(Qualys.count_product_vulns)
lookup_cves = with_auth(Qualys.lookup_cves)
lookup_host_uuids = with_auth(Qualys.lookup_host_uuids)
list_tags = with_auth(Qualys.list_tags)
get_tag_id = with_auth(Qualys.get_tag_id)
list_reports = with_auth(Qualys.list_reports)
download_report = with_auth(Qualys.download_report)
list_report_columns = with_auth(Qualys.list_report_columns)
create_job_progress_report = with_auth(Qualys.create_job_progress_report)
create_mitigation_progress_report = with_auth(Qualys.create_mitigation_progress_report)
list_mitigations = with_auth(Qualys.list_mitigations)
list_mitigation_jobs = with_auth(Qualys.list_mitigation_jobs)
get_mitigation_job = with_auth(Qualys.get_mitigation_job)
create_mitigation_job = with_auth(Qualys.create_mitigation_job)
delete_mitigation_job = with_auth(Qualys.delete_mitigation_job)
get_job_results: AccountResults = cast("Any", with_auth(Qualys.get_job_results))
