"""A whole sync beside a loop over the existing wrapper, NAbleAPI 0.0.9, against one emulator.

Patchfleet reads, records and publishes; the wrapper only lists the patches of a sample of the
devices, one after the other, which is all it offers.
"""

import sys

from benchmarks.comparison import Comparison
from benchmarks.processes import PEER_PYTHON, PYTHON, ask, described, emulated
from benchmarks.size import Size

TITLE = "A sync beside the existing wrapper"


def measure(size: Size) -> list[Comparison]:
    """Sync a fleet and list a sample with the wrapper, turn by turn."""
    if not PEER_PYTHON.exists():
        sys.exit("error: the existing wrapper is not installed: it needs a Python 3.12 or newer")
    ours, theirs = [], []
    records = size.wrapper_devices * size.patches
    with emulated(size.devices, size.patches, size.latency_ms) as fleet:
        sample = fleet.spread(size.wrapper_devices)
        whole = {"url": fleet.url, "key": fleet.key, "findings": fleet.findings}
        for _ in range(size.rounds):
            listed = ask(PEER_PYTHON, "one_wrapper", **described(sample))
            if listed["records"] != records:
                raise RuntimeError(f"the wrapper read {listed['records']} of {records} records")
            theirs.append(listed["in_all"])
            ours.append(ask(PYTHON, "one_sync", **whole)["in_all"])
    return [
        Comparison(
            what="devices a second",
            unit="/s",
            ours=[size.devices / wall for wall, _ in ours],
            other=[size.wrapper_devices / wall for wall, _ in theirs],
            at_least=15,
        ),
        Comparison(
            what="patch records a second",
            unit="/s",
            ours=[fleet.findings / wall for wall, _ in ours],
            other=[records / wall for wall, _ in theirs],
        ),
        Comparison(
            what="CPU per patch record",
            unit="µs",
            ours=[1e6 * cpu / fleet.findings for _, cpu in ours],
            other=[1e6 * cpu / records for _, cpu in theirs],
            at_most=1 / 3,
        ),
    ]
