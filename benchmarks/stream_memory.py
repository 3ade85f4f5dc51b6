"""Memory of a Qualys list read record by record, which must not grow with the list.

Each list is read by a process of its own, whose peak is the operating system's count.
"""

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask, served
from benchmarks.size import Size

TITLE = "Memory of a stream"


def measure(size: Size) -> list[Comparison]:
    """Stream the longer list and the shorter one, turn by turn."""
    short, long = size.memory_patches
    peaks: dict[int, list[float]] = {short: [], long: []}
    with (
        served("one_subscription", qualys_patches=short, qualys_assets=10) as few,
        served("one_subscription", qualys_patches=long, qualys_assets=10) as many,
    ):
        for _ in range(min(size.rounds, 3)):
            for patches, reply in ((short, few), (long, many)):
                read = ask(PYTHON, "one_qualys", work="stream", **reply)
                if read["records"] != patches:
                    raise RuntimeError(f"{read['records']} of {patches} patches were read")
                peaks[patches].append(read["peak_mb"])
    return [
        Comparison(
            what=f"{long:,} patches beside {short:,}",
            unit="MB",
            ours=peaks[long],
            other=peaks[short],
            at_most=1.15,
        )
    ]
