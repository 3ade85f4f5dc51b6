"""Every Qualys endpoint: which operation asks it, what is certain about it, and what is not.

Law of this file: the address is that of the request which the operation really makes; the words are
held to the operations, so that none can be left out.
"""

from collections.abc import Mapping
from typing import Any

from docs.generator.tables import code, explained, table
from patchfleet.qualys.client import Qualys
from patchfleet.qualys.operations import catalogue, inventory, job_changes, jobs, patches, reports
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import Request
from patchfleet.transport.operation import Change, ConcurrentFlows, Procedure, Work
from patchfleet.transport.rate_limit import NoRateLimit

_JOB = "11111111-2222-3333-4444-555555555555"
_PAGING = "`pageNumber` from 0, `pageSize` 10"

ASKED: Mapping[str, Work[Any]] = {
    "get_version": catalogue.get_version(),
    "list_jobs": jobs.list_jobs("windows"),
    "get_job": jobs.get_job(_JOB),
    "create_job": job_changes.create_job(
        "Windows", "Monthly servers", "Install", "On-demand", assetIds=[_JOB]
    ),
    "update_job": job_changes.update_job(_JOB, description="changed"),
    "change_job_status": job_changes.change_job_status("Enabled", _JOB),
    "delete_job": job_changes.delete_job(_JOB),
    "get_job_runs": jobs.get_job_runs(_JOB),
    "get_job_results": jobs.get_job_results(_JOB),
    "get_patches": patches.get_patches("windows"),
    "get_patches (version=1)": patches.get_patches("windows", 1, version=1),
    "get_patch_count": patches.get_patch_count(),
    "get_patch_catalog": catalogue.get_patch_catalog(_JOB),
    "list_patch_catalog": catalogue.list_patch_catalog(),
    "get_packages_in_linux_patch": catalogue.get_packages_in_linux_patch(_JOB),
    "get_products_in_windows_patch": catalogue.get_products_in_windows_patch(_JOB),
    "count_product_vulns": catalogue.count_product_vulns(),
    "lookup_cves": catalogue.lookup_cves(91000),
    "get_assets": patches.get_assets("windows"),
    "get_assets (version=1)": patches.get_assets("windows", 1, version=1),
    "get_asset_count": patches.get_asset_count(),
    "lookup_host_uuids": catalogue.lookup_host_uuids(1),
    "list_reports": reports.list_reports(),
    "download_report": reports.download_report("report"),
    "list_report_columns": reports.list_report_columns("Windows", "Asset"),
    "create_job_progress_report": reports.create_job_progress_report(_JOB, "progress"),
    "create_mitigation_progress_report": reports.create_mitigation_progress_report(_JOB),
    "list_mitigations": reports.list_mitigations(),
    "create_mitigation_job": reports.create_mitigation_job(
        "Windows", "Mitigate", 91000, assetTagIds=[_JOB]
    ),
    "list_mitigation_jobs": reports.list_mitigation_jobs("Windows"),
    "get_mitigation_job": reports.get_mitigation_job(_JOB),
    "delete_mitigation_job": reports.delete_mitigation_job(_JOB),
    "query_assets": inventory.query_assets(filter="operatingSystem.category: `Windows / Server`"),
    "get_all_assets": inventory.get_all_assets(),
    "get_asset": inventory.get_asset(1),
    "count_assets": inventory.count_assets(),
}
"""One example of each call, with its plainest parameters."""

KNOWN: Mapping[str, tuple[str, str]] = {
    "get_version": ("path and `appVersion` [O: peer]", "what else the answer holds"),
    "list_jobs": (
        f"path, parameters, fields, {_PAGING} [O: peer]; 10,000 jobs at most [D: gs]",
        "`/summary` or without [O: others]; which tokens `filter` knows; further status words",
    ),
    "get_job": ("path and body [D: get]", "the end of the body; error bodies"),
    "create_job": (
        "path, 201, most fields [D: cre, 3.3, 3.5, 3.12]",
        "`chainedJobRule`, pre and post actions, `onComplete`; texts of refusals; limits of ids",
    ),
    "update_job": ("path; to send what was read [D: upd]", "the answer; whether parts suffice"),
    "change_job_status": ("path and answer [O: peer]", "words for a job that was not switched"),
    "delete_job": (
        "path and body [O: peer]",
        "the same with the id in the path [O: qualys-cli]; words for a job that was not deleted",
    ),
    "get_job_runs": ("path and fields [O: peer]", "order and paging"),
    "get_job_results": (
        "path, fields, 10 assets a page, `assetCount` the total [O: peer]",
        "POST [O: peer] or GET [O: qualys-cli]; inputs in the query or the body: both are sent",
    ),
    "get_patches": (
        "path, body, the cursor in the header `searchAfter` [O: peer, kb]",
        "page sizes; whether its count is `/patches/count`: `verify=False` does not ask",
    ),
    "get_patches (version=1)": (
        f"path, parameters, {_PAGING}, most fields [D: pat]; 10,000 at most [D: gs]",
        "the largest page; `lastModified` as a token, by which more are split",
    ),
    "get_patch_count": ("path and answer [O: peer, qualys-mcp]", "`groupBy`"),
    "get_patch_catalog": ("path, body, fields [D: cat1]", "how many ids a call may have"),
    "list_patch_catalog": (f"path, parameters, {_PAGING} [D: cat2]", "which tokens `filter` knows"),
    "get_packages_in_linux_patch": (f"path, answer, {_PAGING} [O: peer]", "the largest page"),
    "get_products_in_windows_patch": ("path and answer [O: peer, qualys-cli]", ""),
    "count_product_vulns": (
        "path and fields [O: peer]",
        "whether a call takes several severities: one is sent",
    ),
    "lookup_cves": ("path, body, fields [O: peer]", "how many QIDs a call may have"),
    "get_assets": (
        "path, body, the cursor in the header `searchAfter` [O: peer]",
        "page sizes; cursors in the query [O: qualys-mcp]",
    ),
    "get_assets (version=1)": (
        "path and fields [D: 3.9]",
        "paging, which is taken to be that of the patches; tokens by which more are split",
    ),
    "get_asset_count": (
        "that it exists [O: peer's documentation]",
        "path and answer, taken from those of the patches",
    ),
    "lookup_host_uuids": ("path, body, answer [O: peer]", "how an asset without one is reported"),
    "list_reports": ("path [O: qualys-cli]", "fields and paging"),
    "download_report": ("path [O: qualys-cli]", "what a report that is not ready answers"),
    "list_report_columns": ("path and parameters [O: qualys-cli]", "the answer"),
    "create_job_progress_report": ("", "path, as one client writes it, and body [O: qualys-cli]"),
    "create_mitigation_progress_report": ("path and body [D: 3.11]", "the answer"),
    "list_mitigations": (
        "path, body, 200 a page, answer [D: 3.8]",
        "place of the paging parameters",
    ),
    "create_mitigation_job": ("path and body [D: 3.12]", "error bodies"),
    "list_mitigation_jobs": ("path [O: qualys-mcp]", "which parameters are mandatory; paging"),
    "get_mitigation_job": ("path [O: qualys-mcp]", "fields"),
    "delete_mitigation_job": ("that it exists [D]", "path and body, taken from those of jobs"),
    "query_assets": (
        "path, inputs in the query, envelope, `hasMore`, `lastSeenAssetId` [O: peer and others]",
        "the largest page: 300 [O: peer] or 100 [O: others]; the text of a failure",
    ),
    "get_all_assets": ("as query_assets [O: peer and others]", "as query_assets"),
    "get_asset": ("path and 204 for none [O: peer]", ""),
    "count_assets": ("path and answer [O: peer]", ""),
}
"""What is certain about each call, and what is not."""


def endpoints() -> str:
    """Return a table of every endpoint."""
    explained(ASKED, KNOWN, "Qualys endpoints")
    explained(
        {name for name in vars(Qualys) if not name.startswith(("_", "iter_"))} - _WITHOUT_ENDPOINT,
        {name.partition(" ")[0]: "" for name in ASKED},
        "Qualys methods",
    )
    rows = [(code("POST /auth"), "the login", "form, token, four hours [D: jwt]", "error bodies")]
    for name, work in ASKED.items():
        request = first_request(work)
        path = request.path.replace(_JOB, "{id}")
        for example, name_of in _PARTS.items():
            path = path.replace(example, name_of)
        rows.append((code(f"{request.method} {path}"), code(name), *KNOWN[name]))
    return table(("endpoint", "operation", "certain", "not certain"), rows)


_PARTS = {"/reports/report": "/reports/{id}", "/status/Enabled": "/status/{action}"}
"""Parts of an address that stand for what may be there."""

_WITHOUT_ENDPOINT = {"clone_job", "list_tags", "get_tag_id"}
"""What is made of other operations."""


def first_request(work: Work[Any]) -> Request:
    """Return the first request that a piece of work makes, without sending it.

    What is read before a report is asked for is another operation.
    """
    if isinstance(work, Procedure) and work.name.endswith("_progress_report"):
        steps = work.steps()
        next(steps)
        asking = steps.send(BaseList())
        assert isinstance(asking, Change)
        return asking.send.request
    step = next(exchange(work, CallPolicy("Qualys", rate_limit=NoRateLimit())))
    while isinstance(step, ConcurrentFlows):
        step = next(step.parts[0])
    assert isinstance(step, Request)
    if work is ASKED["update_job"]:  # what it reads first is another operation
        return Request(method="PATCH", path=f"/pm/v1/deploymentjob/update/{_JOB}")
    return step
