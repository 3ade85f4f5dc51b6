"""Backup and restore, as docs/operate.md describes them."""

import sqlite3


def everything(cli, *words):
    query = "SELECT account, device, patch, state FROM findings ORDER BY ALL"
    return cli(*words, "sql", query, "--json").json["rows"]


def test_a_backup_is_restored_into_an_empty_record_only(reading):
    before = everything(reading)
    assert reading("store", "copy", "backup.db").code == 0
    result = reading("--store", "backup.db", "store", "copy", "fleet.db")
    assert result.code == 6
    assert "holds a record already" in result.error()
    assert result.hint()
    assert everything(reading) == before
    (reading.folder / "fleet.db").rename(reading.folder / "lost.db")
    assert reading("--store", "backup.db", "store", "copy", "fleet.db").code == 0
    assert reading("store", "publish", "--all").code == 0
    assert reading("store", "check").code == 0
    assert everything(reading) == before
    assert reading("sync").code == 0, "the restored record goes on"


def test_a_copy_during_a_write_is_one_moment(reading):
    with sqlite3.connect(reading.folder / "fleet.db") as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE run SET calls = calls + 1")
        assert reading("store", "copy", "backup.db").code == 0
        other.rollback()
    other.close()
    assert everything(reading, "--store", "backup.db") == everything(reading)
