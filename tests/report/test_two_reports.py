"""Reports of one snapshot do not change each other, whichever is made or written first."""

from functools import partial
from random import Random

import pytest
from fleets import REPORTS, START, overdue, record
from test_every_kind import PLAN

from patchfleet.models import CustomerRef, Selection
from patchfleet.policy.packs import NAMES
from patchfleet.report import to_json
from patchfleet.store import Store

ALL = Selection()
ACME = Selection(only=(CustomerRef("nsight", "c0", "Acme"),))


def _by_pack(pack, snapshot, before, chosen):
    del before
    return overdue(snapshot, chosen, pack)


MADE = {
    **{f"{kind}, {who}": partial(make, chosen=chosen)
       for kind, make in REPORTS.items() for who, chosen in (("all", ALL), ("Acme", ACME))},
    **{pack: partial(_by_pack, pack, chosen=ALL) for pack in NAMES},
}  # fmt: skip
"""Every kind for the whole fleet and for one customer, and every rule pack."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    with Store.open(folder / "fleet.db") as store:
        record(store, PLAN)
        yield store


@pytest.fixture(scope="module")
def alone(store):
    """Return each report as it is written when no other is made from its snapshot."""
    return {name: _written(store, [name], [name])[name] for name in MADE}


def _orders():
    """Yield orders to make and to write in: every pair comes in each order of both."""
    names = list(MADE)
    for made in (names, names[::-1]):
        for written in (names, names[::-1]):
            yield made, written
    for seed in range(4):
        chance = Random(seed)
        yield chance.sample(names, len(names)), chance.sample(names, len(names))


@pytest.mark.slow
@pytest.mark.parametrize(("made", "order"), list(_orders()))
def test_a_report_stays_as_it_was_made(store, alone, made, order):
    for name, text in _written(store, made, order).items():
        assert text == alone[name], name


def _written(store, made, order):
    with store.snapshot(with_history=True) as now, store.snapshot(at=START) as before:
        reports = {name: MADE[name](now, before) for name in made}
        return {name: to_json(reports[name]) for name in order}


def test_the_reports_differ(alone):
    assert len(set(alone.values())) > len(REPORTS) + len(NAMES)
