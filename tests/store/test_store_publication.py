"""What is published: the rows of the record, whole; rebuilt when damaged; safe on a full disk."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync
from sqlalchemy import select, update

from patchfleet.errors import StoreError
from patchfleet.store import Store, queries
from patchfleet.store.record.nul_bytes import SIGN, without_nul
from patchfleet.store.record.schema import publication

pytestmark = pytest.mark.slow

ODD = "a \"quoted\", back\\slash, line\nbreak\r, 日本 \U0001f600, \x01, 'single' and \x00 nul"


def test_every_field_survives(store):
    machine = device(
        name=ODD,
        kind="workstation",
        os="",
        description=ODD,
        user=None,
        serial="S/1",
        mac_addresses=("00:11", "22:33"),
        domain="x",
        last_seen_at=NOW - timedelta(microseconds=1),
        last_boot_at=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    )
    what = patch(
        ODD,
        product="",
        kb="5049981",
        severity="low",
        vendor_severity=ODD,
        released_at=datetime(2026, 11, 11, tzinfo=UTC),
        url="https://example.org/?a=1,2",
        is_installable=False,
        is_removable=None,
    )
    found = finding(
        'id "7",\x00\\ 日本\n',  # a NUL is shown: no text of PostgreSQL holds one
        what,
        "installed",
        "ignore",
        is_own_decision=True,
        vendor_status=ODD,
        vendor_decision="",
        installed_at=datetime(2026, 11, 12, 3, 4, 5, 678901, tzinfo=UTC),
    )
    of = inventory(machine, device("d2", is_patched=False), customers=(ODD,), sites=(ODD,))
    sync(store, {"d1": [found]}, of=of)
    with store.snapshot() as snapshot:
        (row,) = queries.findings(snapshot)
        first, second = queries.devices(snapshot)
    assert row.finding_id == found.id.replace("\0", SIGN)
    found, what, machine = (without_nul(value) for value in (found, what, machine))
    assert row.patch == what.title
    for name in ("product", "kb", "severity", "vendor_severity", "released_at", "url"):
        assert getattr(row, name) == getattr(what, name), name
    assert (row.is_installable, row.is_removable) == (False, None)
    for name in ("state", "decision", "is_own_decision", "vendor_status", "vendor_decision"):
        assert getattr(row, name) == getattr(found, name), name
    assert row.installed_at == found.installed_at
    assert (row.first_seen_at, row.changed_at, row.scanned_at) == (NOW, NOW, NOW)
    assert (row.customer, row.site, row.age_days) == (*[ODD.replace("\0", SIGN)] * 2, 6)
    assert first.device == machine.name
    for name in (
        "kind",
        "is_patched",
        "os",
        "description",
        "user",
        "serial",
        "mac_addresses",
        "domain",
        "last_seen_at",
        "last_boot_at",
    ):
        assert getattr(first, name) == getattr(machine, name), name
    assert (first.findings, first.open, first.scanned_at) == (1, 0, NOW)
    assert (second.is_patched, second.mac_addresses, second.scanned_at) == (False, (), None)


def test_the_files_need_nobody_but_a_reader_of_parquet(store):
    run_id, _ = sync(store, {"d1": [finding(what=patch(released_at=NOW))]})
    folder = store.published / "source=nsight" / f"run={run_id}"
    kinds = duckdb.sql(
        f"DESCRIBE SELECT * EXCLUDE (run) FROM '{folder}/findings.parquet'"
    ).fetchall()
    assert {name: kind for name, kind, *_ in kinds} == {
        "source": "VARCHAR",
        "device_key": "BIGINT",
        "finding_id": "VARCHAR",
        "patch_id": "BIGINT",
        "state": "VARCHAR",
        "decision": "VARCHAR",
        "is_own_decision": "BOOLEAN",
        "vendor_status": "VARCHAR",
        "vendor_decision": "VARCHAR",
        "installed_at": "TIMESTAMP WITH TIME ZONE",
        "first_seen_at": "TIMESTAMP WITH TIME ZONE",
        "changed_at": "TIMESTAMP WITH TIME ZONE",
        "from_run": "BIGINT",
        "word": "INTEGER",
    }
    assert sorted(path.name for path in folder.iterdir()) == [
        "customers.parquet",
        "devices.parquet",
        "findings.parquet",
        "job_results.parquet",
        "job_runs.parquet",
        "jobs.parquet",
        "look_alikes.parquet",
        "machines.parquet",
        "patches.parquet",
        "sites.parquet",
    ]


def test_only_patches_in_use_are_published(store):
    sync(store, {"d1": [finding(1, patch("Old")), finding(2, patch("Both"))]})
    sync(store, {"d1": [finding(2, patch("Both")), finding(3, patch("New"))]}, now=NOW + DAY)
    for run_id, titles in ((1, ["Both", "Old"]), (2, ["Both", "New"])):
        with store.snapshot(run_id=run_id) as snapshot:
            assert snapshot.texts("SELECT patch FROM patches ORDER BY patch") == titles


def test_an_empty_fleet_is_published(store):
    sync(store, {}, of=inventory(customers=(), sites=()))
    with store.snapshot() as snapshot:
        assert queries.worklist(snapshot) == []
        assert queries.findings(snapshot) == []


@pytest.mark.parametrize("harm", ["unlink", "cut", "flip", "empty"])
@pytest.mark.parametrize("name", ["findings", "patches", "devices", "sites", "customers"])
def test_a_file_that_is_missing_or_damaged_is_named_and_rebuilt(store, name, harm):
    run_id, _ = sync(store, {"d1": [finding(n) for n in range(50)]})
    path = store.published / "source=nsight" / f"run={run_id}" / f"{name}.parquet"
    content = path.read_bytes()
    if harm == "unlink":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[:-20])
    elif harm == "empty":
        path.write_bytes(b"")
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with store.snapshot() as snapshot:
        word = "missing" if harm == "unlink" else "damaged"
        assert snapshot.repaired == (f"{path} is {word}; it was rebuilt from the record",)
        assert queries.count_findings(snapshot) == 50
    with store.snapshot() as snapshot:
        assert snapshot.repaired == ()


def test_digests_of_earlier_versions_are_compared(store):
    run_id, _ = sync(store, {"d1": [finding(n) for n in range(50)]})
    folder = store.published / "source=nsight" / f"run={run_id}"
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    with store._database.write() as connection:
        said = connection.scalars(select(publication.c.digests)).one()
        assert json.loads(said).keys() == before.keys()
        connection.execute(update(publication).values(digests=json.dumps(before)))
    with store.snapshot() as snapshot:
        assert snapshot.repaired == ()
    assert store.publications.damaged() == []
    path = folder / "findings.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with store.snapshot() as snapshot:
        assert snapshot.repaired == (f"{path} is damaged; it was rebuilt from the record",)
        assert queries.count_findings(snapshot) == 50
    assert store.publications.damaged() == []


def test_nothing_is_printed_by_the_library(path):
    """As in a shell or a notebook, where the engine shows how far it is once something lasts."""
    with Store.open(path) as store:
        sync(store, {"d1": [finding(n) for n in range(50)]})
    script = f"""
from patchfleet.store import Store, queries
with Store.open({str(path)!r}) as store:
    store.publications.rewrite_all()
    with store.snapshot() as snapshot:
        for engine in (snapshot._connection, snapshot._cursor()):
            asked = "SELECT current_setting('enable_progress_bar')"
            assert engine.execute(asked).fetchall() == [(False,)]
        assert queries.count_findings(snapshot) == 50
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"", b"")


@pytest.mark.parametrize("name", ["it's", "a?", "{b}", "[ab]", "a*", "100% \u00fc", "-- x"])
def test_files_stand_in_a_folder_of_any_name(path, tmp_path, name):
    with Store.open(path, published=tmp_path / name) as store:
        for day in range(3):
            states = ["installed" if n < day else "missing" for n in range(50)]
            listed = [finding(n, state=state) for n, state in enumerate(states)]
            sync(store, {"d1": listed}, now=NOW + day * DAY)
        with store.snapshot() as snapshot:
            assert [f.finding_id for f in queries.findings(snapshot) if f.state != "missing"] == [
                "0",
                "1",
            ]


def test_an_earlier_run_is_rebuilt_to_its_own_rows(store):
    sync(store, {"d1": [finding(1), finding(2)], "d2": [finding(1)]})
    with store.snapshot() as snapshot:
        before = queries.findings(snapshot), queries.devices(snapshot)
    sync(store, {"d1": [finding(2, state="failed")]}, now=NOW + DAY)
    store.publications.rewrite(1)
    with store.snapshot(run_id=1) as snapshot:
        assert (queries.findings(snapshot), queries.devices(snapshot)) == before
        assert snapshot.repaired == ()


def test_only_complete_runs_are_published(store):
    run = store.begin("nsight", now=NOW)
    for call in (
        store.snapshot,
        lambda: store.snapshot(run_id=run.id),
        lambda: store.publications.rewrite(run.id),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.hint
    sync_one = store.published / "source=nsight"
    assert not sync_one.exists()


def test_what_a_killed_process_left_in_the_folder_is_cleared(store):
    left = store.published / "source=nsight" / "run=1" / ".work-1"
    left.mkdir(parents=True)
    (left / "findings.csv").write_text("half")
    sync(store, {"d1": [finding()]})
    assert not left.exists()


FULL = """
import datetime, resource, sys
from small_fleet import NOW, DAY, finding, patch, sync, inventory, device
from patchfleet.errors import StoreError
from patchfleet.store import Store
store = Store.open(sys.argv[1])
run = store.begin("nsight", now=NOW + DAY)
run.inventory(inventory(device()))
run.record("d1", [finding(n, patch(f"Update {n}")) for n in range(3000)], now=NOW + DAY)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
except StoreError as error:
    print(error.message); print(error.hint)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
run.stop(now=NOW + DAY)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX")
@pytest.mark.parametrize("limit", [10_000, 100_000])
def test_a_disk_that_fills_up_while_publishing_harms_nothing(address, store, limit):
    """Let the system refuse to grow any file beyond `limit`, first of the text, then of Parquet."""
    sync(store, {"d1": [finding(1)]})
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL, address, str(limit)],
        cwd=__file__.rpartition("/")[0],
        capture_output=True,
        text=True,
        check=True,
    )
    message, hint = done.stdout.splitlines()
    assert message.startswith("run 2 cannot be published in "), message
    assert "free some space" in hint
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 1
    run = store.begin("nsight", now=NOW + DAY)
    assert run.scanned == {"d1"}
    run.inventory(inventory(device()))
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 3000


def test_readers_go_on_while_a_run_is_written(address, store):
    sync(store, {"d1": [finding(1)]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device()))
    with (
        store._database.write(),
        Store.open(address, create=False) as reader,
        reader.snapshot() as snapshot,
    ):
        assert queries.count_findings(snapshot) == 1
