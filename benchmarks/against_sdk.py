"""Qualys job results, patches and assets, beside the existing SDK, qualysdk 0.3.17.

Both ask the same emulator over TLS for the same records, with the same page size where the SDK has
that option. Where the SDK cannot read all records, it is measured by those it reads.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, SDK_PYTHON, Used, ask, served
from benchmarks.size import Size

TITLE = "Qualys beside the existing SDK"
SDK_RESULTS = 10
"""The assets of a job that the SDK reads: it has no option for more, or for a second page."""
EVERY_PATCH = "isSecurity:[true,false]"
ATTRIBUTES = [
    "id", "name", "operatingSystem", "version", "platform", "osIdentifier", "tags", "scanStatus",
    "status", "statusCode", "installedPatchCount", "missingPatchCount",
    "nonSupersededMissingPatchCount", "activatedModules", "lastLoggedOnUser", "scanDateTime",
    "statusDateTime", "hardware", "architecture", "osNotSupportedForModules",
]  # fmt: skip
"""The fields of assets that the SDK knows: with any other it returns an empty list."""


def measure(size: Size) -> list[Comparison]:
    """Read everything with Patchfleet and with the SDK, turn by turn."""
    if not SDK_PYTHON.exists():
        sys.exit("error: the existing SDK is not installed: it needs a Python 3.12 or newer")
    results = Readings(
        size.qualys_jobs * size.qualys_job_assets,
        size.qualys_jobs * min(SDK_RESULTS, size.qualys_job_assets),
    )
    patches = Readings(size.qualys_patches, size.qualys_patches)
    assets = Readings(size.qualys_assets, size.qualys_assets)
    settings = {
        "latency_ms": size.latency_ms,
        "qualys_jobs": size.qualys_jobs,
        "qualys_job_assets": size.qualys_job_assets,
        "qualys_assets": size.qualys_assets,
        "qualys_patches": size.qualys_patches,
    }
    with served("one_subscription", **settings) as reply:
        wanted = {**reply, "query": EVERY_PATCH, "attributes": ATTRIBUTES}
        for _ in range(size.rounds):
            results.add_round(wanted, "results")
            patches.add_round(wanted, "patches")
            assets.add_round(wanted, "assets")
    return [
        results.throughput("assets of results a second", at_least=10),
        results.cpu("CPU per asset of a result"),
        patches.cpu("CPU per patch", at_most=1 / 3),
        assets.cpu("CPU per asset", at_most=1 / 3),
    ]


@dataclass(slots=True)
class Readings:
    """The same work done by both sides: records read, and resources used in each round."""

    records: int
    sdk_records: int
    ours: list[Used] = field(default_factory=list)
    sdks: list[Used] = field(default_factory=list)

    def add_round(self, wanted: dict[str, Any], work: str) -> None:
        """Let the SDK do the work, then Patchfleet."""
        self.sdks.append(done(SDK_PYTHON, "one_qualysdk", self.sdk_records, wanted, work))
        self.ours.append(done(PYTHON, "one_qualys", self.records, wanted, work))

    def throughput(self, what: str, *, at_least: float) -> Comparison:
        """Return the records per second by the clock."""
        return Comparison(
            what=what,
            unit="/s",
            ours=[self.records / used.wall_seconds for used in self.ours],
            other=[self.sdk_records / used.wall_seconds for used in self.sdks],
            at_least=at_least,
        )

    def cpu(self, what: str, *, at_most: float | None = None) -> Comparison:
        """Return the processor time of the client for each record."""
        return Comparison(
            what=what,
            unit="µs",
            ours=[1e6 * used.cpu_seconds / self.records for used in self.ours],
            other=[1e6 * used.cpu_seconds / self.sdk_records for used in self.sdks],
            at_most=at_most,
        )


def done(python: Path, module: str, records: int, wanted: dict[str, Any], work: str) -> Used:
    """Return the resources used by one side; raise RuntimeError if it did not read all records."""
    reply = ask(python, module, work=work, **wanted)
    if reply["records"] != records:
        raise RuntimeError(f"{module} read {reply['records']} of {records} records ({work})")
    return Used(*reply["in_all"])
