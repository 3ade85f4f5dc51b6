"""A person's own SQL: it reads what is published, in any form, and reaches nothing else."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.errors import StoreError
from patchfleet.models import Selection
from patchfleet.store import Store, queries
from patchfleet.store.views.columns import VIEWS


def three_syncs(store):
    """Sync a small fleet three times, and stop a fourth run."""
    first = [finding(1), finding(2, patch("Other", kb="5049981"))]
    sync(store, {"d1": first, "d2": first})
    changed = [finding(1, state="failed"), first[1]]
    sync(store, {"d1": changed, "d2": first}, now=NOW + DAY)
    store.begin("nsight", now=NOW + 2 * DAY).stop(now=NOW + 2 * DAY)
    later = NOW + 3 * DAY
    moved = inventory(device("d1", "RENAMED", site="s2"), device("d2"), sites=("Main", "Branch"))
    sync(store, {"d1": [finding(1, state="installed")], "d2": first}, now=later, of=moved)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def facts(request, tmp_path_factory):
    """The three syncs, made once in each database: nothing but questions is asked of them."""
    folder = tmp_path_factory.mktemp("facts")
    address = folder / "fleet.db"
    if request.param == "postgresql":
        server, template = (request.getfixturevalue(name) for name in ("server", "template"))
        address = server.new_database(template)
    with Store.open(address, published=folder / "published") as store:
        three_syncs(store)
        yield store


@pytest.fixture
def snapshot(facts):
    with facts.snapshot(with_history=True) as opened:
        yield opened


def test_every_interval_tells_when_it_began_and_ended(snapshot):
    rows = queries.history(snapshot, Selection(devices=("renamed",)))
    told = [
        (r.finding_id, r.state, r.from_run, r.valid_from, r.to_run, r.valid_to, r.is_gone)
        for r in rows
    ]
    day = timedelta(days=1)
    assert told == [
        ("1", "missing", 1, NOW, 2, NOW + day, False),
        ("1", "failed", 2, NOW + day, rows[2].from_run, NOW + 3 * day, False),
        ("1", "installed", rows[2].from_run, NOW + 3 * day, None, None, False),
        ("2", "missing", 1, NOW, rows[2].from_run, NOW + 3 * day, True),
    ]
    assert {row.device for row in rows} == {"RENAMED"}
    (one,) = queries.history(snapshot, Selection(devices=("d2",), patches=("KB5049981",)))
    assert (one.patch, one.valid_to) == ("Other", None)


def test_a_finding_knows_when_what_became_of_it(snapshot):
    first, other = queries.finding_lifecycle(snapshot, Selection(devices=("renamed",)))
    assert (first.state, first.failure_count, first.first_missing_run) == ("installed", 1, 1)
    assert (first.first_missing_at, first.last_failed_at) == (NOW, NOW + DAY)
    assert (first.first_installed_at, first.removed_at) == (NOW + 3 * DAY, None)
    assert first.scanned_at == NOW + 3 * DAY
    assert (other.state, other.removed_at) == ("missing", NOW + 3 * DAY)
    assert (other.first_installed_at, other.first_approved_at, other.first_ignored_at) == (
        None,
        NOW,
        None,
    )


@pytest.mark.slow
def test_failures_are_counted_when_they_begin(store):
    told = ["failed", "failed", "missing", "failed", "ignored", "failed", "installed", "failed"]
    for day, state in enumerate(told):
        decision = "approve" if day > 2 else "do_nothing"
        at = NOW + day * DAY
        sync(store, {"d1": [finding(1, state=state, decision=decision)]}, now=at)
    with store.snapshot(with_history=True) as snapshot:
        (one,) = queries.finding_lifecycle(snapshot, Selection())
    assert (one.failure_count, one.last_failed_at) == (4, NOW + 7 * DAY)
    assert (one.first_missing_at, one.first_approved_at) == (NOW, NOW + 3 * DAY)
    assert (one.first_ignored_at, one.first_ignored_run) == (NOW + 4 * DAY, 5)
    assert (one.first_installed_at, one.first_installed_run) == (NOW + 6 * DAY, 7)
    assert one.state == "failed"


class Site(Struct):
    source: str
    site: str


def test_columns_of_other_names_than_the_fields_are_taken_in_order_with_a_warning(snapshot):
    named = "SELECT source, site FROM sites ORDER BY site"
    rows = snapshot.rows(Site, named)
    with pytest.warns(DeprecationWarning, match="Site with the columns upper, site is now"):
        other = snapshot.rows(Site, named.replace("source,", "upper(source) AS upper,"))
    assert [(row.source, row.site) for row in other] == [("NSIGHT", row.site) for row in rows]


def test_every_view_says_what_its_columns_mean(snapshot):
    for view, meanings in VIEWS.items():
        assert {one.column for one in snapshot.views() if one.view == view} == set(meanings), view


def test_every_time_of_a_view_is_one_of_utc(snapshot):
    for one in snapshot.views():
        is_time = one.column.endswith("_at") or one.column in {"as_of", "valid_from", "valid_to"}
        assert (one.kind == "TIMESTAMP") == is_time, one
        assert "ZONE" not in one.kind, one


def test_moments_are_answered_as_the_views_answer_times(snapshot):
    file = snapshot.storage.name_of("source=nsight/run=1", "findings.parquet")
    for sql, columns, first in (
        ("SELECT now() > scanned_at, scanned_at FROM findings", None, (True, NOW + 3 * DAY)),
        (f"SELECT changed_at, count(*) FROM '{file}' GROUP BY ALL", None, (NOW, 4)),
        (
            """SELECT TIMESTAMPTZ '2026-01-01 01:00+05' AS "it's at", 1 AS "a""b", 2 AS "a""b"; """,
            ("it's at", 'a"b', 'a"b'),
            (datetime(2025, 12, 31, 20, tzinfo=UTC), 1, 2),
        ),
        ("WITH one AS (SELECT now()) SELECT NULL::TIMESTAMPTZ AS at -- no; time", ("at",), (None,)),
        ("SELECT 'é; --', NULL::TIMESTAMPTZ /* é; */ ;; -- the end;", None, ("é; --", None)),
        ("SELECT make_timestamptz(i) AS t, i FROM range(9) AS r (i) ORDER BY i DESC", None,
         (datetime(1970, 1, 1, 0, 0, 0, 8, tzinfo=UTC), 8)),
    ):  # fmt: skip
        answer = snapshot.ask(sql)
        assert columns is None or answer.columns == columns
        assert "TIMESTAMP WITH TIME ZONE" not in answer.types
        assert next(answer.rows()) == first
        assert answer.to_arrow().num_rows == len(list(answer.rows()))


def test_moments_within_a_list_ask_for_a_cast(snapshot):
    answer = snapshot.ask("SELECT [now()] AS times")
    with pytest.raises(StoreError, match="times holds times with a zone") as caught:
        list(answer.rows())
    assert "TIMESTAMP[]" in caught.value.hint
    assert len(list(snapshot.ask("SELECT [now()]::TIMESTAMP[] AS times").rows())) == 1


def test_days_are_those_of_utc_wherever_it_runs():
    script = """
from patchfleet.store.publication.duckdb import connect
asked = "SELECT TIMESTAMPTZ '2026-03-01 02:00:00+00' = TIMESTAMP '2026-03-01 02:00:00'"
with connect() as engine:
    for one in (engine, engine.cursor()):
        assert one.execute(asked).fetchall() == [(True,)]
"""
    away = {**os.environ, "TZ": "America/New_York"}
    subprocess.run([sys.executable, "-c", script], env=away, check=True)


def test_rows_arrive_in_every_form(snapshot):
    sql = "SELECT device, state, changed_at FROM findings ORDER BY ALL"
    answer = snapshot.ask(sql)
    rows = list(answer.rows())
    assert rows == [
        ("D2", "missing", NOW), ("D2", "missing", NOW), ("RENAMED", "installed", NOW + 3 * DAY),
    ]  # fmt: skip
    assert answer.columns == ("device", "state", "changed_at")
    arrow = answer.to_arrow()
    assert arrow.column("device").to_pylist() == ["D2", "D2", "RENAMED"]
    assert answer.to_polars().height == answer.to_pandas().shape[0] == 3


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM glob('/etc/*')", "Permission Error"),
        ("SELECT * FROM read_parquet('http://127.0.0.1:1/x')", "the statement failed"),
        ("COPY (SELECT 1) TO 'never.csv'", "only reading is allowed here, and this is"),
        ("DROP VIEW findings", "only reading is allowed"),
        ("CREATE TABLE x AS SELECT 1", "only reading is allowed"),
        ("SET threads = 1", "only reading is allowed"),
        ("ATTACH 'never.db'", "only reading is allowed"),
        ("INSTALL httpfs", "only reading is allowed"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("", "0 statements"),
        ("SELEC 1", "Parser Error"),
        ("SELECT nam FROM devices", "nam"),
    ],
)
def test_what_does_not_read_is_refused(snapshot, sql, said):
    with pytest.raises(StoreError) as caught:
        list(snapshot.ask(sql).rows())
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.slow
def test_a_copy_of_the_record_gives_the_same_answers(store, tmp_path, request):
    three_syncs(store)
    with store.snapshot(with_history=True) as snapshot:
        rows = queries.findings(snapshot)
    target = tmp_path / "copy.db"
    if not store.address.startswith("postgresql"):
        target = request.getfixturevalue("server").new_database()
    copied = store.copy_to(target)
    assert copied["finding"] > 0
    with Store.open(target, published=tmp_path / "copied") as other:
        with other.snapshot() as there:
            assert [told.partition(" is ")[2] for told in there.repaired] == [
                "missing; it was rebuilt from the record"
            ]
            assert queries.findings(there) == rows
        assert other.runs.latest() == store.runs.latest()
        sync(other, {"d1": [finding(1)]}, now=NOW + 9 * DAY)
        assert other.runs.latest()[0].id > store.runs.latest()[0].id
    with pytest.raises(StoreError, match="holds a record already"):
        store.copy_to(target)


def test_damage_anywhere_is_named_by_a_check(store):
    three_syncs(store)
    assert store.publications.damaged() == []
    lost = store.published / "source=nsight" / "run=1" / "devices.parquet"
    lost.unlink()
    assert store.publications.damaged() == [f"{lost} is missing"]


def test_publications_on_a_storage_are_read_through_it(address, tmp_path):
    with Store.open(address, published="memory://fleet") as store:
        sync(store, {"d1": [finding(n) for n in range(20)]})
        sync(store, {"d1": [finding(n) for n in range(21)]}, now=NOW + DAY)
        with store.snapshot() as snapshot:
            assert queries.count_findings(snapshot) == 21
            assert snapshot.repaired == ()
        store._storage._files.rm("/fleet/source=nsight/run=1/findings.parquet")
        with store.snapshot() as snapshot:
            (told,) = snapshot.repaired
            assert told == (
                "memory://fleet/source=nsight/run=1/findings.parquet is missing; "
                "it was rebuilt from the record"
            )
            assert queries.count_findings(snapshot) == 21
        store._storage._files.rm("/fleet", recursive=True)
    with pytest.raises(StoreError, match="nothing here can publish to s3://"):
        Store.open(tmp_path / "other.db", published="s3://bucket/fleet")
