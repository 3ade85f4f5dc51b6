"""The whole matrix: its cells, and the worlds in which they run."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from faults import kills, syncs, verdict, writes
from faults.cell import FAULTS, Cell
from faults.failed import FAILED
from faults.fault import WHEN
from faults.kills import Kills
from faults.proxy import Proxy
from faults.syncs import Syncs
from faults.vendors import Vendors
from faults.verdict import Verdict
from faults.writes import Writes

NAMELESS = (
    "a list of patches names no device, and a second request on a new connection returns the same"
)
KINDS = {"syncs": syncs.cells, "writes": writes.cells, "kills": kills.cells}
_WORLDS = {"syncs": Syncs, "writes": Writes, "kills": Kills}
NONE_LEFT = "the vendor sends an empty list for a device without patches"
COUNTS = "a count does not state what it counts"
RUNS = "the runs of a job name no job"
HIDDEN = {
    **{("get_job_runs", "the answer of another job", when): RUNS for when in WHEN},
    ("get_job_runs", "the answers of two of job swapped", "always"): RUNS,
    ("get_job_runs", "two answers crossed", "always"): RUNS,
    **{("get_asset_count", "the answer of another platform", when): COUNTS for when in WHEN},
    **{("get_patch_count", "the answer of another platform", when): COUNTS for when in WHEN},
    ("patch_list_all", "an empty list in the place of records (XML)", "always"): NONE_LEFT,
    ("patch_list_all", "an empty list in the place of records (XML)", "from the second"): NONE_LEFT,
    ("patch_list_all", "the answer of another device", "always"): NAMELESS,
    ("patch_list_all", "the answer of another device", "from the second"): NAMELESS,
    ("patch_list_all", "the answers of two of device swapped", "always"): NAMELESS,
    ("patch_list_all", "two answers crossed", "always"): NAMELESS,
}
"""Cells that no client can see, beside the faults that it can see nowhere, with the reason."""
UNSEEN = "not seen"
"""The word for a silent wrong that no client can see."""


@cache
def cells(kind: str) -> tuple[Cell, ...]:
    """Return all cells of a kind."""
    return tuple(KINDS[kind]())


def kind_of(cell: Cell) -> str:
    """Say in which worlds a cell runs."""
    if cell.fault_name in kills.MOMENTS:
        return "kills"
    return "syncs" if cell.command.startswith("sync") else "writes"


def drawn(cells: Sequence[Cell], kind: str, seed: int, count: int) -> list[Cell]:
    """Draw so many of these cells of a kind."""
    return random.Random(f"{kind} {seed}").sample(cells, min(count, len(cells)))


def failed(kind: str) -> list[Cell]:
    """Return every cell that ever failed."""
    return [cell for cell in map(Cell.named, FAILED) if kind_of(cell) == kind]


def hidden_of(cell: Cell) -> str:
    """Return the reason why no client can see what is wrong in a cell; empty where one can."""
    of_fault = FAULTS[cell.fault_name].hidden if cell.fault_name in FAULTS else ""
    return of_fault or HIDDEN.get((cell.phase, cell.fault_name, cell.when), "")


class Matrix:
    """Runs cells of all kinds, beside one process of emulated vendors."""

    def __init__(self, vendors: Vendors, folder: Path) -> None:
        self._vendors, self._folder = vendors, folder
        self._worlds: dict[str, tuple[Proxy, Syncs | Writes | Kills]] = {}
        self._last = ""

    def run(self, cell: Cell) -> Verdict:
        """Run a cell; what no client can see is not called wrong."""
        kind = kind_of(cell)
        world = self.world(kind)
        found = world.run(cell)
        hidden = hidden_of(cell)
        if hidden and found.word in (verdict.SILENT_WRONG, verdict.WARNED_WRONG, verdict.LASTING):
            return Verdict(UNSEEN, hidden)
        return found

    def world(self, kind: str) -> Syncs | Writes | Kills:
        """Return the world of a kind of cells, as it is when they begin."""
        if kind not in self._worlds:
            proxy = Proxy(self._vendors.port)
            proxy.__enter__()
            folder = self._folder / kind
            folder.mkdir()
            world = _WORLDS[kind](self._vendors, proxy, folder)
            world.begin()
            self._worlds[kind] = proxy, world
        elif kind == "syncs" != self._last:
            self._worlds[kind][1].go_there()
        self._last = kind
        return self._worlds[kind][1]

    def close(self) -> None:
        for proxy, _ in self._worlds.values():
            proxy.__exit__(None, None, None)


@contextmanager
def running() -> Iterator[Matrix]:
    """Open the vendors and the worlds of a matrix."""
    with TemporaryDirectory() as folder, Vendors() as vendors:
        matrix = Matrix(vendors, Path(folder))
        try:
            yield matrix
        finally:
            matrix.close()
