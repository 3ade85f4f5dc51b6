"""Create a job that patches the assets with a tag, some days after each Patch Tuesday.

`python patch_tuesday_job.py Pilot 3 2026-12-01T22:00 Europe/Berlin` installs what is critical or
important on the Windows assets tagged Pilot, three days after, at ten in the evening in Berlin. The
job is left disabled: look at it in the dashboard, then enable it there or with `patchfleet qualys
enable`.
"""

import os
import sys
from datetime import datetime

from patchfleet.qualys import JobCreated, Qualys


def create(qualys: Qualys, tag: str, days: int, zone: str, first: datetime) -> JobCreated:
    """Create the job; it does not run before `first`, which is in the local time of the zone."""
    return qualys.create_job(
        platform="Windows",
        name=f"{tag}: Patch Tuesday + {days}",
        jobType="Install",
        scheduleType="Monthly",
        monthlyRecurringType=1,
        patchTuesdayPlusXDays=days,
        startDateTime=first,
        timezone=zone,
        timeout=6,
        assetTagIds=[qualys.get_tag_id(tag)],
        dynamicPatchesQQL="vendorSeverity:[Critical, Important] and isSecurity:true",
        preDeployment={
            "userMessage": "Updates are about to be installed",
            "description": "You can put them off twice, for an hour each time.",
            "deferment": {"count": 2, "interval": 1, "intervalUnit": "HOURS"},
        },
        rebootOption="A restart is due",
    )


def main() -> None:
    """Create it in the account that the environment names."""
    tag, days, first, zone = sys.argv[1:]
    gateway = os.environ.get("PATCHFLEET_QUALYS_URL")
    with Qualys(
        os.environ["PATCHFLEET_QUALYS_USERNAME"],
        os.environ["PATCHFLEET_QUALYS_PASSWORD"],
        os.environ.get("PATCHFLEET_QUALYS_PLATFORM", "qg1"),
        override_platform={"gateway_url": gateway} if gateway else None,
    ) as qualys:
        print(create(qualys, tag, int(days), zone, datetime.fromisoformat(first)))


if __name__ == "__main__":
    main()
