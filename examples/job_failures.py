"""Print where the jobs of a Qualys account did not end well, asset by asset, as CSV.

The results of all jobs are read side by side, and every asset of each is looked at.
"""

import csv
import os
import sys

from patchfleet.qualys import Qualys


def main() -> None:
    """Read the account that the environment names."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["job", "asset", "status", "failed patches", "waits for a restart", "since"])
    gateway = os.environ.get("PATCHFLEET_QUALYS_URL")
    with Qualys(
        os.environ["PATCHFLEET_QUALYS_USERNAME"],
        os.environ["PATCHFLEET_QUALYS_PASSWORD"],
        os.environ.get("PATCHFLEET_QUALYS_PLATFORM", "qg1"),
        override_platform={"gateway_url": gateway} if gateway else None,
    ) as qualys:
        jobs = qualys.list_jobs(filter="status:`Enabled`", pageSize=100)
        for result in qualys.iter_job_results(jobs):
            for view in result.assets or []:
                if view.failedPatches or view.pendingReboot:
                    waits = "yes" if view.pendingReboot else ""
                    at = view.statusDateTime
                    out.writerow(
                        [result.name, view.name, view.status, view.failedPatches, waits, at]
                    )


if __name__ == "__main__":
    main()
