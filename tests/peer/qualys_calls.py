"""Run the existing SDK's own code against an emulator, and print what it says as JSON.

`python qualys_calls.py URL USERNAME PASSWORD < wanted.json`, with the authority to trust in
REQUESTS_CA_BUNDLE. Runs in the SDK's own environment and imports nothing of ours. The SDK tells
its progress on standard output, which is kept out of what we print.
"""

import json
import sys
import threading
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import datetime

from qualysdk import TokenAuth
from qualysdk.gav import query_assets
from qualysdk.pm import (
    create_job,
    get_assets,
    get_job_results,
    get_job_runs,
    get_patch_catalog,
    get_patches,
    list_jobs,
)

died = set()
threading.excepthook = lambda what: died.add(str(what.exc_value))


def plain(records):
    """Return its records as JSON can hold them."""
    return [asdict(record) for record in records]


def epoch(moment):
    """Return one of its times, which are local and know no zone, as epoch milliseconds."""
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no time")
    return round(moment.timestamp() * 1000)


def attempt(call, *args, **kwargs):
    """Return what a call says, or its error as a dict."""
    try:
        return call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 -- whatever it raises is its answer
        return {"error": type(error).__name__, "words": str(error)}


def tell(url, username, password, wanted):
    """Call everything that is wanted."""
    servers = dict.fromkeys(("gateway_url", "api_url", "qualysguard_url"), url)
    auth = TokenAuth(username, password, override_platform=servers)
    jobs = list_jobs(auth)
    ran = [job for job in jobs if job.id in wanted["jobs that ran"]]
    return {
        "jobs": plain(jobs),
        "results": plain(get_job_results(auth, ran)),
        "results, 100 a page": plain(get_job_results(auth, ran, pageSize=100)),
        "runs": plain(run for job in ran for run in get_job_runs(auth, job.id)),
        "created": create_job(auth, **wanted["new job"]),
        "refused": attempt(create_job, auth, **wanted["job of no zone"]),
        "patches": plain(get_patches(auth)),
        "catalogue": plain(get_patch_catalog(auth, wanted["catalogue"], "windows")),
        "catalogue, Linux": plain(get_patch_catalog(auth, wanted["catalogue, Linux"], "linux")),
        "assets": plain(get_assets(auth)),
        "assets in short": plain(get_assets(auth, attributes=["id", "name", "missingPatchCount"])),
        "inventory": plain(query_assets(auth, **wanted["inventory"])),
        "wrong password": attempt(TokenAuth, username, "wrong", override_platform=servers),
        "threads died of": sorted(died),
    }


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        told = tell(*sys.argv[1:], json.load(sys.stdin))
    json.dump(told, sys.stdout, default=epoch)
