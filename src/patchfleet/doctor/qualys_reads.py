"""Reading calls of Qualys for a recording: a page of each list, and a sample of single records."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final, get_args

from msgspec import Struct

from patchfleet.doctor.read import EarlierResults, ReadCall, ReadList, spread
from patchfleet.doctor.vocabulary import QUALYS
from patchfleet.qualys.operations import catalogue, inventory, jobs, patches, reports
from patchfleet.qualys.operations.reports import Mitigation, PMReport
from patchfleet.qualys.operations.request import Platform
from patchfleet.qualys.records.hosts import Host, HostList, HostPage
from patchfleet.qualys.records.jobs import (
    JobResultSummary,
    PMAssetJobView,
    PMDeploymentJob,
    PMJob,
    PMRun,
    ResultAsset,
)
from patchfleet.qualys.records.patches import (
    AssociatedProduct,
    CatalogPatch,
    PackageDetail,
    PMAsset,
    PMPatch,
    PMVulnerability,
    ProductVulnCount,
)
from patchfleet.transport.operation import Work

PAGE = 20
"""Records of a page: enough to see what fields hold, and few names to pass through memory."""
LARGE_PAGE = 100
"""More than the documented default of 10, to see whether results come in larger pages."""

PLATFORMS: tuple[Platform, ...] = ("Windows", "Linux")
_NO_JOB = "00000000-0000-4000-8000-000000000000"
_ON_WINDOWS = "operatingSystem.category1: `Windows`"


def _of_platforms(build: Callable[..., Work[Any]], **asked: Any) -> Any:
    """Return the first page of a list, for each platform."""
    return lambda *_: [build(word, **asked) for word in PLATFORMS]


def _jobs(earlier: EarlierResults, sample: int) -> list[str]:
    """Return the ids of jobs, one of each schedule and status first."""
    found: list[PMJob] = [one for one in earlier.records("list_jobs") if one.id]
    return [str(one.id) for one in spread(found, attrgetter("scheduleType", "status"), sample)]


def _of_jobs(build: Callable[..., Work[Any]], **asked: Any) -> Any:
    def works(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
        for job in _jobs(earlier, sample):
            yield build(job, **asked)

    return works


def _results_of_runs(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    """Ask for the results of runs that are not the last of their job, if there are some."""
    runs: dict[str, list[PMRun]] = {}
    for run in earlier.records("get_job_runs"):
        if run.jobId and run.jobInstanceId:
            runs.setdefault(run.jobId, []).append(run)
    for job, several in sorted(runs.items(), key=lambda one: -len(one[1]))[:sample]:
        first = min(several, key=lambda run: str(run.jobInstanceId))
        yield jobs.get_job_results(job, jobInstanceId=first.jobInstanceId, pageSize=LARGE_PAGE)


def _patches(earlier: EarlierResults, platform: str, sample: int) -> list[str]:
    found: list[PMPatch] = [
        one for one in earlier.records("get_patches") if one.id and one.platform == platform
    ]
    return [str(one.id) for one in spread(found, attrgetter("vendorSeverity"), sample)]


def _catalogue_entries(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    for platform in PLATFORMS:
        ids = _patches(earlier, platform, sample)
        if ids:
            yield catalogue.get_patch_catalog(ids, platform)


def _of_patches(build: Callable[..., Work[Any]], platform: str) -> Any:
    def works(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
        for patch in _patches(earlier, platform, sample):
            yield build(patch)

    return works


def _vulnerabilities(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    found = [
        qid
        for patch in earlier.records("get_patches")
        for qid in patch.qid or ()
        if isinstance(qid, str) and qid.isascii() and qid.isdigit()
    ]
    if found:
        yield catalogue.lookup_cves(list(dict.fromkeys(found))[: 5 * sample])


def _hosts(earlier: EarlierResults, sample: int) -> list[int]:
    found: list[Host] = earlier.records("get_all_assets")
    return [one.assetId for one in found if isinstance(one.assetId, int)][:sample]


def _uuids(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    ids = _hosts(earlier, sample)
    if ids:
        yield catalogue.lookup_host_uuids(ids)


def _mitigation_jobs(earlier: EarlierResults, sample: int) -> Iterator[Work[Any]]:
    for job in earlier.records("list_mitigation_jobs")[:sample]:
        if job.id:
            yield reports.get_mitigation_job(job.id)


def _report_columns(*_: Any) -> Iterator[Work[Any]]:
    for section in get_args(reports.Section):
        yield reports.list_report_columns("Windows", section)


_RESULTS: Final[dict[str, type[Struct]]] = {
    "": JobResultSummary, "assets[]": PMAssetJobView, "assets[].asset": ResultAsset,
}  # fmt: skip
_HOST_PAGE: Final[dict[str, type[Struct]]] = {
    "": HostPage, "assetListData": HostList, "assetListData.asset[]": Host,
}  # fmt: skip

_CHANGES = (
    "create_job", "clone_job", "update_job", "delete_job", "change_job_status",
    "create_job_progress_report", "create_mitigation_progress_report",
    "create_mitigation_job", "delete_mitigation_job",
)  # fmt: skip

QUALYS_READS = ReadList(
    vendor="qualys",
    vocabulary=QUALYS,
    reads=(
        ReadCall("get_version", lambda *_: [catalogue.get_version()], fixed=1),
        ReadCall("list_jobs", _of_platforms(jobs.list_jobs, page_count=1, pageSize=PAGE), fixed=2,
             records={"[]": PMJob}),
        ReadCall("get_job", _of_jobs(jobs.get_job), per_sample=1, records={"": PMDeploymentJob}),
        ReadCall("get_job_runs", _of_jobs(jobs.get_job_runs), per_sample=1, records={"[]": PMRun}),
        ReadCall("get_job_results", _of_jobs(jobs.get_job_results, pageSize=LARGE_PAGE),
             per_sample=1, calls_each=2, records=_RESULTS),
        ReadCall("get_job_results_of_a_run", _results_of_runs, per_sample=1, calls_each=2,
             records=_RESULTS),
        ReadCall("an_unknown_job", lambda *_: [jobs.get_job(_NO_JOB)], fixed=1, is_refused=True),
        ReadCall("get_patches", _of_platforms(patches.get_patches, page_count=1, pageSize=PAGE),
             fixed=2, records={"[]": PMPatch}),
        ReadCall("get_patches_v1",
             _of_platforms(patches.get_patches, page_count=1, pageSize=PAGE, version=1),
             fixed=2, calls_each=2, records={"[]": PMPatch}),
        ReadCall("get_patch_count", _of_platforms(patches.get_patch_count), fixed=2),
        ReadCall("get_assets", _of_platforms(patches.get_assets, page_count=1, pageSize=PAGE),
             fixed=2, records={"[]": PMAsset}),
        ReadCall("get_assets_v1",
             _of_platforms(patches.get_assets, page_count=1, pageSize=PAGE, version=1),
             fixed=2, calls_each=2, records={"[]": PMAsset}),
        ReadCall("get_asset_count", _of_platforms(patches.get_asset_count), fixed=2),
        ReadCall("get_patch_catalog", _catalogue_entries, fixed=2, records={"[]": CatalogPatch}),
        ReadCall("list_patch_catalog", _of_platforms(catalogue.list_patch_catalog, page_count=1),
             fixed=2, records={"[]": CatalogPatch}),
        ReadCall("get_packages_in_linux_patch",
             _of_patches(catalogue.get_packages_in_linux_patch, "Linux"), per_sample=1,
             calls_each=2, records={"[]": PackageDetail}),
        ReadCall("get_products_in_windows_patch",
             _of_patches(catalogue.get_products_in_windows_patch, "Windows"), per_sample=1,
             records={"[]": AssociatedProduct}),
        ReadCall("count_product_vulns", lambda *_: [catalogue.count_product_vulns()], fixed=1,
             records={"[]": ProductVulnCount}),
        ReadCall("lookup_cves", _vulnerabilities, fixed=1, records={"[]": PMVulnerability}),
        ReadCall("list_reports", lambda *_: [reports.list_reports()], fixed=1,
             records={"[]": PMReport}),
        ReadCall("list_report_columns", _report_columns, fixed=3),
        ReadCall("list_mitigations", lambda *_: [reports.list_mitigations(page_count=1)], fixed=1,
             records={"[]": Mitigation}),
        ReadCall("list_mitigation_jobs", _of_platforms(reports.list_mitigation_jobs, page_count=1),
             fixed=2, records={"[]": PMJob}),
        ReadCall("get_mitigation_job", _mitigation_jobs, per_sample=1,
             records={"": PMDeploymentJob}),
        ReadCall("get_all_assets",
             lambda *_: [inventory.get_all_assets(page_count=1, pageSize=PAGE)], fixed=1,
             records=_HOST_PAGE),
        ReadCall("query_assets",
             lambda *_: [inventory.query_assets(page_count=1, filter=_ON_WINDOWS, pageSize=PAGE)],
             fixed=1, records=_HOST_PAGE),
        ReadCall("get_asset",
             lambda earlier, sample: [inventory.get_asset(one) for one in _hosts(earlier, sample)],
             per_sample=1, records=_HOST_PAGE),
        ReadCall("count_assets", lambda *_: [inventory.count_assets()], fixed=1),
        ReadCall("lookup_host_uuids", _uuids, fixed=1),
    ),
    left_out={
        **dict.fromkeys(_CHANGES, "changes something"),
        "download_report": "returns a file of names, not records",
        "list_tags": "reads all assets by `get_assets`",
        "get_tag_id": "reads all assets by `get_assets`",
    },
)  # fmt: skip
