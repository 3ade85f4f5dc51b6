"""One task with the existing SDK, qualysdk 0.3.17, in a process of its own on Python 3.12.

The SDK's code is unchanged; its progress output is discarded. As on Patchfleet's side, the log-in
and imports at the first call are not counted.
"""

import os
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from qualysdk import TokenAuth
from qualysdk.pm import (
    get_assets,
    get_job_results,
    get_patches,
    get_version,
)

from benchmarks.processes import Used, answer, question


def main() -> None:
    """Do the requested work; answer with the resources used and the number of records."""
    asked = question()
    os.environ["REQUESTS_CA_BUNDLE"] = asked["ca_file"]
    servers = dict.fromkeys(("gateway_url", "api_url", "qualysguard_url"), asked["url"])
    with redirect_stdout(StringIO()):
        auth = TokenAuth(asked["username"], asked["password"], override_platform=servers)
        get_version(auth)
        begin = Used.so_far()
        records = read(auth, asked)
        in_all = Used.so_far().since(begin)
    answer(in_all=in_all, records=records)


def read(auth: TokenAuth, asked: dict[str, Any]) -> int:
    """Do the work; return the number of records."""
    match asked["work"]:
        case "results":
            return sum(len(one.assets) for one in get_job_results(auth, asked["jobs"]))
        case "patches":
            return len(get_patches(auth, "windows", query=asked["query"]))
        case "assets":
            return len(get_assets(auth, attributes=asked["attributes"]))
        case work:
            raise ValueError(f"there is no work called {work}")


if __name__ == "__main__":
    main()
