"""A statement that reads a former view works for one minor version, and warns of the new one."""

import re
import warnings

import pytest

from patchfleet._renamed.table import VIEW_COLUMNS, VIEWS
from patchfleet.store import Store
from patchfleet.store.queries.jobs import JobTotals
from patchfleet.store.views.columns import VIEWS as LISTED
from tests.store.small_fleet import DAY, NOW, finding, sync


@pytest.fixture(scope="module")
def two_syncs(tmp_path_factory):
    """A record that nothing but questions is asked of."""
    with Store.open(tmp_path_factory.mktemp("former") / "fleet.db") as store:
        sync(store, {"d1": [finding(1), finding(2)]})
        sync(store, {"d1": [finding(1, state="installed")]}, now=NOW + DAY)
        yield store


@pytest.fixture
def snapshot(two_syncs):
    with two_syncs.snapshot(with_history=True) as snapshot:
        yield snapshot


@pytest.mark.parametrize(("old", "new"), VIEWS.items(), ids=VIEWS)
def test_a_former_view_has_its_former_columns_and_warns(snapshot, old, new):
    columns = VIEW_COLUMNS.get(old, {})
    sentence = f"view {old} is now {new}"
    with pytest.warns(DeprecationWarning, match=re.escape(sentence)) as caught:
        answer = snapshot.ask(f"SELECT * FROM {old.upper()} ORDER BY ALL")
    assert caught[0].filename == __file__
    for before, now in columns.items():
        assert f"{before} is {now}" in str(caught[0].message)
    there = snapshot.ask(f"SELECT * FROM {new} ORDER BY ALL")
    assert answer.columns == tuple(
        {now: before for before, now in columns.items()}.get(name, name) for name in there.columns
    )
    assert list(answer.rows()) == list(there.rows())


def test_a_former_view_can_be_joined_with_a_present_one(snapshot):
    with pytest.warns(DeprecationWarning, match="view held"):
        answer = snapshot.ask("SELECT count(*) FROM held JOIN devices USING (source, device_id)")
    assert list(answer.rows()) == [(1,)]


def test_former_views_are_not_listed_and_present_ones_are(snapshot):
    assert not VIEWS.keys() & {row.view for row in snapshot.views()}
    assert set(VIEWS.values()) <= LISTED.keys()
    for old, columns in VIEW_COLUMNS.items():
        assert set(columns.values()) <= LISTED[VIEWS[old]].keys()


def test_rows_of_a_former_view_can_be_counted_and_read(snapshot):
    with pytest.warns(DeprecationWarning, match="view held"):
        count = snapshot.count("SELECT count(*) FROM held")
    sql = "SELECT count(*) AS results, 0 AS succeeded, 0 AS failed FROM intervals"
    with pytest.warns(DeprecationWarning, match="view intervals"):
        (row,) = snapshot.rows(JobTotals, sql)
    assert (count, row.results) == (1, 3)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH held AS (SELECT 1 AS a) SELECT * FROM held",
        "SELECT 'FROM held' AS held",
        "SELECT count(*) AS intervals FROM findings",
    ],
)
def test_a_former_name_of_a_view_that_is_another_thing_is_no_reason_to_warn(snapshot, sql):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        assert len(list(snapshot.ask(sql).rows())) == 1


def test_the_former_column_of_job_runs_is_its_last(snapshot):
    assert snapshot.ask("SELECT * FROM job_runs").columns[-2:] == ("finished_count", "over_count")
