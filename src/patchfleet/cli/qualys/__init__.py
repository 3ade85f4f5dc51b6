"""`patchfleet qualys …`: a command for each operation of Qualys Patch Management."""

import click

from patchfleet.cli.account_option import AccountGroup

_JOBS = "patchfleet.cli.qualys.jobs"
_LISTS = "patchfleet.cli.qualys.lists"
_LOOKUPS = "patchfleet.cli.qualys.lookups"
_CREATE = "patchfleet.cli.qualys.create"
_CHANGES = "patchfleet.cli.qualys.actions"

COMMANDS = {
    "jobs": (f"{_JOBS}:jobs", "List deployment jobs."),
    "job": (f"{_JOBS}:job", "Show one job with all its settings."),
    "results": (f"{_JOBS}:results", "Show the results of jobs on every asset."),
    "runs": (f"{_JOBS}:runs", "List the runs of jobs."),
    "create": (f"{_CREATE}:create", "Create a deployment job."),
    "update": (f"{_CREATE}:update", "Change a job that repeats or has not run yet."),
    "clone": (f"{_CREATE}:clone", "Create a copy of a job under another name."),
    "enable": (f"{_CHANGES}:enable", "Enable jobs; an on-demand job starts immediately."),
    "disable": (f"{_CHANGES}:disable", "Disable recurring jobs."),
    "delete": (f"{_CHANGES}:delete", "Delete jobs."),
    "patches": (f"{_LISTS}:patches", "List patches, with how many assets lack them."),
    "assets": (f"{_LISTS}:assets", "List assets, with how many patches they lack."),
    "catalog": (f"{_LISTS}:catalog", "List the patch catalogue, or look up patches in it."),
    "hosts": (f"{_LISTS}:hosts", "List hosts of the asset inventory."),
    "tags": (f"{_LISTS}:tags", "List asset tags with the ids that jobs need."),
    "count": (f"{_LOOKUPS}:count", "Count patches, assets or hosts."),
    "cves": (f"{_LOOKUPS}:cves", "Look up the CVEs of vulnerabilities (QIDs)."),
    "uuids": (f"{_LOOKUPS}:uuids", "Look up the UUIDs of assets by their numbers."),
    "products": (f"{_LOOKUPS}:products", "List the products that Windows patches apply to."),
    "packages": (f"{_LOOKUPS}:packages", "List the packages of Linux patches."),
    "vulnerabilities": (f"{_LOOKUPS}:vulnerabilities", "Count vulnerabilities by product."),
    "reports": (f"{_LOOKUPS}:reports", "List the reports at Qualys, or download one."),
    "mitigations": (f"{_LOOKUPS}:mitigations", "List mitigations for unpatched vulnerabilities."),
    "version": (f"{_LOOKUPS}:version", "Print the version of the service, to test the account."),
}


@click.group(cls=AccountGroup, table=COMMANDS)
def command() -> None:
    """See and change jobs, patches and assets at Qualys."""
