"""`patchfleet qualys …`: what Qualys Patch Management can tell and do, one command each."""

import click

from patchfleet.cli.lazy_group import LazyGroup

_JOBS = "patchfleet.cli.qualys.jobs"
_LISTS = "patchfleet.cli.qualys.lists"
_LOOKUPS = "patchfleet.cli.qualys.lookups"
_CREATE = "patchfleet.cli.qualys.create"
_CHANGES = "patchfleet.cli.qualys.actions"

COMMANDS = {
    "jobs": (f"{_JOBS}:jobs", "List the deployment jobs that match."),
    "job": (f"{_JOBS}:job", "Show one job with everything that is set on it."),
    "results": (f"{_JOBS}:results", "Show what jobs did, on every asset."),
    "runs": (f"{_JOBS}:runs", "List the runs of jobs."),
    "create": (f"{_CREATE}:create", "Create a deployment job, shown before and asked about."),
    "update": (f"{_CREATE}:update", "Change a job that has not run yet, or repeats."),
    "clone": (f"{_CREATE}:clone", "Create a job like another one, under another name."),
    "enable": (f"{_CHANGES}:enable", "Enable jobs: those that run once start."),
    "disable": (f"{_CHANGES}:disable", "Disable jobs that repeat."),
    "delete": (f"{_CHANGES}:delete", "Delete jobs."),
    "patches": (f"{_LISTS}:patches", "List the patches that match, with who lacks them."),
    "assets": (f"{_LISTS}:assets", "List the assets that match, with what they lack."),
    "catalog": (f"{_LISTS}:catalog", "List the patches of the catalogue, or look some up."),
    "hosts": (f"{_LISTS}:hosts", "List the hosts of the inventory that match."),
    "tags": (f"{_LISTS}:tags", "List the asset tags with the ids that jobs want."),
    "count": (f"{_LOOKUPS}:count", "Count patches, assets or hosts that match."),
    "cves": (f"{_LOOKUPS}:cves", "Look up the CVEs of vulnerability numbers (QIDs)."),
    "uuids": (f"{_LOOKUPS}:uuids", "Look up the ids of assets by their numbers."),
    "products": (f"{_LOOKUPS}:products", "List the products that Windows patches are for."),
    "packages": (f"{_LOOKUPS}:packages", "List the packages of Linux patches."),
    "vulnerabilities": (f"{_LOOKUPS}:vulnerabilities", "Count vulnerabilities by product."),
    "reports": (f"{_LOOKUPS}:reports", "List the reports that Qualys made, or fetch one."),
    "mitigations": (f"{_LOOKUPS}:mitigations", "List what lessens vulnerabilities unpatched."),
    "version": (f"{_LOOKUPS}:version", "Print the version of the service, to try the account."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """See and change jobs, patches and assets at Qualys."""
