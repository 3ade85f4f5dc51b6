"""A sample of the matrix, drawn anew at each run, and every cell that ever failed.

`PATCHFLEET_TEST_SEED` draws the same again; every run of tests prints it.
The whole is `script/test faults`; its counts are on the page docs/faults.md.
"""

import pytest

import sampling
from faults import matrix
from faults.cell import FAULTS, Cell
from faults.failed import FAILED, OPEN
from faults.syncs import PHASES

pytestmark = pytest.mark.slow
SEED = sampling.seed()
COUNTS = {"syncs": 24, "writes": 14, "kills": 4}
"""How many are drawn: they take a minute, and one and a half on a busy machine."""


@pytest.fixture(scope="module")
def running():
    with matrix.running() as running:
        yield running


def _drawn():
    for kind, count in COUNTS.items():
        names = dict.fromkeys(
            [
                *(c.name for c in matrix.failed(kind)),
                *(c.name for c in matrix.drawn(matrix.cells(kind), kind, SEED, count)),
            ]
        )
        yield from names  # fmt: skip


@pytest.mark.parametrize("name", list(_drawn()))
def test_complete_or_loud_once_or_looked_for(running, name):
    found = running.run(Cell.named(name))
    if found.is_forbidden and name in OPEN:
        pytest.xfail(str(found))
    assert not found.is_forbidden, f"{found}\nagain: script/test faults --say --only '{name}'"


def test_every_kind_of_call_of_a_sync_is_a_phase(running):
    made = running.world("syncs").kinds() - {"count_assets"}
    struck = [kinds for phases in PHASES.values() for kinds in phases.values()]
    assert made == {kind for kinds in struck for kind in kinds}


def test_names_tell_cells():
    for kind in matrix.KINDS:
        for cell in matrix.cells(kind):
            assert Cell.named(cell.name) == cell
            assert matrix.kind_of(cell) == kind
    assert len(FAULTS) > 114
    assert set(FAILED) >= OPEN
