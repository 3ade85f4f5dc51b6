"""Memory of a sync, which must not grow with the number of devices.

Each sync is a process of its own; its peak is the operating system's count.
"""

from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask, emulated
from benchmarks.size import Size

TITLE = "Memory"
UNTIL = {"to_last_row_mb": "until the last row", "in_all_mb": "publication included"}


def measure(size: Size) -> list[Comparison]:
    """Measure syncs of growing fleets, each against the smallest."""
    weighed = {devices: _syncs(devices, size) for devices in size.memory_devices}
    fewest, *more = size.memory_devices
    return [
        Comparison(
            what=f"{devices:,} devices beside {fewest:,}, {until}",
            unit="MB",
            ours=[one[field] for one in weighed[devices]],
            other=[one[field] for one in weighed[fewest]],
            at_most=1.2,
        )
        for field, until in UNTIL.items()
        for devices in more
    ]


def _syncs(devices: int, size: Size) -> list[dict[str, Any]]:
    """Sync a fleet several times, each time into a fresh record."""
    with emulated(devices, size.patches, size.latency_ms) as fleet:
        whole = {"url": fleet.url, "key": fleet.key, "findings": fleet.findings}
        return [ask(PYTHON, "one_sync", **whole) for _ in range(min(size.rounds, 3))]
