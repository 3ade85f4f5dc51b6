"""A patch record from the socket to its committed row, beside building the XML tree of its bytes.

Patchfleet's side counts the processor time of everything up to the last committed row (inventory,
HTTP, parsing, typing, translating, recording), the other side only the standard library's C
ElementTree of the same bytes, in a process of its own.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, Fleet, ask, emulated
from benchmarks.size import Size

TITLE = "From the socket to the committed row"
CALLS_AT_ONCE = 16


def measure(size: Size) -> list[Comparison]:
    """Sync a fleet and build the trees of a sample of its answers, turn by turn."""
    ours, trees = [], []
    with (
        emulated(size.devices, size.patches, size.latency_ms) as fleet,
        TemporaryDirectory() as folder,
    ):
        sample = fleet.spread(size.tree_devices)
        keep_bodies(sample, Path(folder))
        whole = {"url": fleet.url, "key": fleet.key, "findings": fleet.findings}
        for _ in range(size.rounds):
            trees.append(ask(PYTHON, "one_tree", folder=folder)["in_all"])
            ours.append(ask(PYTHON, "one_sync", **whole)["to_last_row"])
    return [
        Comparison(
            what="CPU per patch record",
            unit="µs",
            ours=[1e6 * cpu / fleet.findings for _, cpu in ours],
            other=[1e6 * cpu / sample.findings for _, cpu in trees],
            at_most=3,
        )
    ]


def keep_bodies(fleet: Fleet, folder: Path) -> None:
    """Write the answer of each device to a file, byte for byte."""
    address = f"{fleet.url}/api/?apikey={fleet.key}&service=patch_list_all&deviceid="

    def keep(device: int) -> None:
        with urlopen(f"{address}{device}") as answer:
            (folder / f"{device}.xml").write_bytes(answer.read())

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        list(pool.map(keep, fleet.devices))
