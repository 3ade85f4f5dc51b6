"""A record filled by an earlier revision holds after an upgrade what that code stated of it."""

import sqlite3
from contextlib import closing

import duckdb
import pytest
from old_records import DRAFTS, REVISIONS, OldRecord, rows
from small_fleet import finding, sync

from patchfleet import __version__
from patchfleet.store import Store
from patchfleet.store.record import schema

OPEN = """
    SELECT source, device_id, state, count(*) FROM findings
    GROUP BY source, device_id, state ORDER BY ALL
"""
STATED = """
    SELECT source, device_id, patch, state, decision, vendor_status, installed_at, first_seen_at,
        changed_at FROM findings ORDER BY ALL
"""
RECORDED = """
    SELECT count(*) FROM finding JOIN device ON device.key = finding.device
    WHERE from_run <= (SELECT max(run) FROM publication WHERE source = device.source)
"""
PLAIN = {("0001", "sqlite"), ("0004", "postgresql"), (REVISIONS[-1], "sqlite")}
"""What a plain run opens; the others are drawn."""
EVERY = [
    pytest.param(
        revision, database, marks=[] if (revision, database) in PLAIN else [pytest.mark.full]
    )
    for revision in (*REVISIONS, *DRAFTS)
    for database in ("sqlite", "postgresql")
    if not (revision in DRAFTS and database == "postgresql")
]


@pytest.fixture
def old(revision):
    return OldRecord(revision)


@pytest.fixture
def address(old, database, tmp_path, request, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    server = request.getfixturevalue("server") if database == "postgresql" else None
    return old.place(tmp_path, server and server.new_database())


@pytest.fixture
def upgraded(address, tmp_path):
    said = []
    published = tmp_path / "fleet.published"
    with Store.open(address, published=published, create=False, on_upgrade=said.append) as store:
        store.said = said
        yield store


def copies(tmp_path):
    return [*tmp_path.glob("fleet.0*.db"), *(tmp_path / "data").rglob("fleet.0*.db")]


def text(value):
    """Format a value as the JSON of a command does."""
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value


def test_every_revision_but_the_newest_has_a_record():
    assert REVISIONS == schema.REVISIONS or schema.REVISIONS[:-1] == REVISIONS


@pytest.mark.parametrize(("revision", "database"), EVERY)
def test_what_an_earlier_revision_recorded_is_found_after_an_upgrade(old, upgraded):
    by_run = {}
    for run, source, device, state, count in old.truth["open"]:
        by_run.setdefault(run, []).append((source, device, state, count))
    assert len(by_run) >= 3
    for run, expected in by_run.items():
        with upgraded.snapshot(run_id=run) as snapshot:
            assert list(snapshot.ask(OPEN).rows()) == expected
    with upgraded.snapshot(with_history=True) as snapshot:
        assert [(snapshot.count("SELECT count(*) FROM finding_history"),)] == old.ask(RECORDED)
        listed = list(snapshot.ask(STATED).rows())
        assert all("outdated" in sentence for sentence in snapshot.repaired)
    if "findings" in old.truth["stated"]:
        rows = old.truth["stated"]["findings"]["rows"]
        assert [tuple(map(text, row)) for row in listed] == [tuple(row.values()) for row in rows]
    else:
        assert len(listed) == len(old.truth["stated"]["patches"]["rows"])
    assert upgraded.publications.damaged() == []


@pytest.mark.parametrize(("revision", "database"), EVERY)
def test_an_upgrade_keeps_a_copy_that_opens_as_the_record_did(old, upgraded, tmp_path):
    kept = copies(tmp_path)
    if old.revision == schema.REVISIONS[-1]:
        assert (kept, upgraded.said) == ([], [])
        return
    (copy,) = kept
    assert f".{old.revision[:4]}-" in copy.name
    assert copy.stat().st_mode & 0o077 == 0 or "data" not in copy.parts
    (sentence,) = upgraded.said
    assert str(copy) in sentence
    with closing(sqlite3.connect(copy)) as record:
        there = {table: rows(record, table) for table in old.tables}
    assert there == old.tables


@pytest.mark.parametrize(
    ("revision", "database"), [("0003", "sqlite"), pytest.param("0005", "postgresql")]
)
def test_a_copy_from_before_an_upgrade_can_be_used_in_its_place(old, upgraded, tmp_path):
    (copy,) = copies(tmp_path)
    with Store.open(copy, published=tmp_path / "again") as store, store.snapshot() as again:
        there = list(again.ask(OPEN).rows())
    with upgraded.snapshot() as snapshot:
        assert list(snapshot.ask(OPEN).rows()) == there


def test_a_published_file_names_the_version_that_wrote_it(tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        sync(store, {"d1": [finding(1)]})
    for file in (tmp_path / "fleet.published").rglob("*.parquet"):
        asked = f"SELECT decode(value) FROM parquet_kv_metadata('{file}')"
        with duckdb.connect() as files:
            found = files.execute(f"{asked} WHERE decode(key) = 'patchfleet.version'").fetchall()
        assert found == [(__version__,)], file.name
