"""The account of each row: in every view, and as a filter."""

import pytest
from small_fleet import NOW, device, finding, inventory

from patchfleet.models import Gap, Selection
from patchfleet.store import Store, queries
from patchfleet.store.views.columns import VIEWS


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Two accounts, whose devices have the same ids and names; each has a gap."""
    with Store.open(tmp_path_factory.mktemp("record") / "fleet.db") as store:
        for name, state in (("emea", "missing"), ("apac", "installed")):
            run = store.begin(name, now=NOW)
            run.inventory(inventory(device("d1"), device("d2")))
            for one in ("d1", "d2"):
                run.record(one, [finding(1, state=state)], now=NOW)
            run.problem(Gap("clock", f"the clock of {name} is odd"))
            run.complete(now=NOW, as_of=NOW)
        with store.snapshot(with_history=True) as opened:
            yield opened


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_the_account(snapshot, view):
    names = {one.column for one in snapshot.views() if one.view == view}
    assert {"account", "left_account"} & names
    for side in ("", "left_", "right_"):
        if {f"{side}account", f"{side}source"} <= names:  # `changes` never had the former name
            other = f"SELECT count(*) FROM {view} WHERE {side}account <> {side}source"
            assert snapshot.count(other) == 0


def test_an_account_is_a_filter(snapshot):
    for name, state in (("emea", "missing"), ("apac", "installed")):
        chosen = Selection(accounts=(name,))
        rows = queries.findings(snapshot, chosen)
        assert {(row.source, row.state) for row in rows} == {(name, state)}
        covered = snapshot.coverage(chosen)
        assert [one.source for one in covered.sources] == [name]
        assert covered.gaps == (f"the clock of {name} is odd",)
        assert covered.devices == 2
    assert len(queries.findings(snapshot, Selection(accounts=("*e*",)))) == 2
    assert len(queries.findings(snapshot, Selection(accounts=("*",)))) == 4


def test_an_unknown_account_is_named_with_a_close_one(snapshot):
    (unknown,) = queries.unknown_names(snapshot, Selection(accounts=("emeaa", "apac")))
    assert (unknown.field, unknown.name, unknown.close) == ("accounts", "emeaa", ("emea",))
