"""The emulator alone, to show that a sync does not wait for it."""

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask, described, emulated
from benchmarks.size import Size

TITLE = "The emulator alone"


def measure(size: Size) -> list[Comparison]:
    """Request without pause and without parsing, and sync, turn by turn; no latency is added."""
    asked, synced = [], []
    with emulated(size.devices, size.patches, 0) as fleet:
        whole = {"url": fleet.url, "key": fleet.key, "findings": fleet.findings}
        for _ in range(min(size.rounds, 3)):
            asked.append(ask(PYTHON, "one_raw_client", **described(fleet))["in_all"])
            synced.append(ask(PYTHON, "one_sync", **whole)["to_last_row"])
    return [
        Comparison(
            what="answers a second, beside the devices a sync reads a second",
            unit="/s",
            ours=[size.devices / wall for wall, _ in asked],
            other=[size.devices / wall for wall, _ in synced],
        )
    ]
