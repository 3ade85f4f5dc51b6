"""A sample of the matrix, drawn anew at each run, and of the cells that ever failed.

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
COUNTS = {"syncs": 10, "writes": 6, "kills": 2}
"""How many are drawn: they take half a minute."""


@pytest.fixture(scope="module")
def running():
    with matrix.running() as running:
        yield running


def _drawn():
    """Draw cells of each kind; of those that ever failed a plain run draws some again."""
    for kind, count in COUNTS.items():
        failed = dict.fromkeys(cell.name for cell in matrix.failed(kind))
        for name in failed:
            yield pytest.param(name, marks=pytest.mark.full(share=0.12))
        for cell in matrix.drawn(matrix.cells(kind), kind, SEED, count):
            if cell.name not in failed:
                yield cell.name


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
