"""One task with Patchfleet's Qualys client, in a process of its own.

The log-in and imports at the first call are not counted. Every setting is the default but the
authority to trust, which is the emulator's.
"""

from typing import Any

from benchmarks.processes import Used, answer, peak_mb, question
from patchfleet.qualys import TokenAuth, pm
from patchfleet.qualys.client import client_of


def main() -> None:
    """Do the requested work; answer with the resources used and the number of records."""
    asked = question()
    servers = {"gateway_url": asked["url"]}
    auth = TokenAuth(
        asked["username"], asked["password"], override_platform=servers, ca_file=asked["ca_file"]
    )
    pm.get_version(auth)
    begin = Used.so_far()
    records = read(auth, asked)
    in_all = Used.so_far().since(begin)
    answer(in_all=in_all, records=records, peak_mb=peak_mb())


def read(auth: TokenAuth, asked: dict[str, Any]) -> int:
    """Do the work; return the number of records."""
    match asked["work"]:
        case "results":
            jobs: list[str] = asked["jobs"]
            summaries = pm.get_job_results(auth, jobs, pageSize=100)
            return sum(len(summary.assets or ()) for summary in summaries)
        case "patches":
            return len(pm.get_patches(auth, "windows", query=asked["query"]))
        case "assets":
            return len(pm.get_assets(auth, attributes=asked["attributes"]))
        case "stream":
            return sum(1 for _ in client_of(auth).iter_patches("windows"))
        case work:
            raise ValueError(f"there is no work called {work}")


if __name__ == "__main__":
    main()
