"""A sync and its workers, each a process of its own: equal to ground truth, row by row."""

import signal

import psycopg
import pytest
from cluster import until

from ground_truth import patched, recorded_findings, true_findings
from patchfleet.fleet.distributed.dbos_queue import SCHEMA
from patchfleet.store import Store
from patchfleet.store.queries import findings

BATCH = 50


def learned(cluster):
    with Store.open(cluster.address, create=False) as store, store.snapshot() as snapshot:
        return recorded_findings(findings(snapshot))


def listed(emulator):
    return [call.params["deviceid"] for call in emulator.calls if call.service == "patch_list_all"]


def left_in_the_queue(cluster):
    with psycopg.connect(cluster.address) as connection:
        rows = connection.execute(f"SELECT status FROM {SCHEMA}.workflow_status").fetchall()
    return [status for (status,) in rows]


pytestmark = pytest.mark.slow

SLOWLY = pytest.mark.parametrize(
    "emulator", [pytest.param(150, marks=pytest.mark.full(share=0.4))], indirect=True
)
"""Calls take so many milliseconds that a batch can be interrupted; a plain run draws some."""


def test_two_workers_learn_the_truth(cluster, emulator):
    workers = cluster.workers(2)
    first = cluster.sync()
    assert first.code == 0, first.err
    assert [line.partition(" in ")[0] for line in first.err.splitlines()] == [
        "nsight: 4 customers, 120 devices; read 105 with 2,440 patches",
        "changes: 2,440 new, 0 changed, 0 gone",
        "not covered: 15 devices without patch management",
    ]
    assert learned(cluster) == true_findings(emulator)
    assert sorted(listed(emulator)) == sorted(patched(emulator)), "each device once"
    assert first.json["calls"] == len(emulator.calls)
    assert left_in_the_queue(cluster) == []

    emulator.advance(days=8)
    emulator.clear_calls()
    second = cluster.sync()
    assert second.code == 0, second.err
    assert learned(cluster) == true_findings(emulator)
    assert second.json["unchanged"] > 0, "fingerprints travel too"
    assert second.json["calls"] == len(emulator.calls)

    for worker, number in zip(workers, (signal.SIGINT, signal.SIGTERM), strict=True):
        worker.kill(number)
    said = [worker.result() for worker in workers]
    assert [result.code for result in said] == [0, 0]
    read = [line.split() for result in said for line in result.err.splitlines()[1:]]
    assert sum(int(words[2]) for words in read) == 2 * len(patched(emulator))


@SLOWLY
def test_a_killed_worker_costs_its_batch(cluster, emulator):
    first, syncing = cluster.start("worker"), cluster.start("sync", "--engine", "--json")
    until(lambda: len(listed(emulator)) >= BATCH // 4)
    first.kill()
    first.result()
    asked = len(listed(emulator))
    cluster.start("worker")
    result = syncing.result()
    assert result.code == 0, result.err
    assert "is gone: 50 devices of its batch are read again" in result.err
    assert learned(cluster) == true_findings(emulator)
    assert asked <= BATCH, "it had one batch"
    assert len(listed(emulator)) == asked + len(patched(emulator))
    assert result.json["scanned"] == len(patched(emulator)), "none twice"


@SLOWLY
def test_a_worker_told_to_end_hands_in_what_it_has_read(cluster, emulator):
    first, syncing = cluster.start("worker"), cluster.start("sync", "--engine", "--json")
    until(lambda: len(listed(emulator)) >= BATCH // 4)
    first.kill(signal.SIGTERM)
    ended = first.result()
    assert ended.code == 0, ended.err
    cluster.start("worker")
    result = syncing.result()
    assert result.code == 0, result.err
    assert "a worker was stopped: " in result.err
    assert learned(cluster) == true_findings(emulator)
    assert len(listed(emulator)) <= len(patched(emulator)) + 12, "little was read twice"


@SLOWLY
def test_a_killed_sync_goes_on_from_its_record(cluster, emulator):
    cluster.workers(2)
    syncing = cluster.start("sync", "--engine")
    until(lambda: len(listed(emulator)) >= 101)
    syncing.kill()
    syncing.result()
    again = cluster.sync()
    assert again.code == 0, again.err
    assert again.json["is_resumed"]
    assert again.json["already_scanned"] + again.json["scanned"] == len(patched(emulator))
    assert learned(cluster) == true_findings(emulator)
    assert left_in_the_queue(cluster) == []


@SLOWLY
def test_a_batch_of_a_killed_sync_is_let_go(cluster, emulator):
    (worker,) = cluster.workers(1)
    syncing = cluster.start("sync", "--engine")
    until(lambda: listed(emulator))
    syncing.kill()
    syncing.result()
    asked = len(listed(emulator))
    until(lambda: "SUCCESS" in left_in_the_queue(cluster))
    assert len(listed(emulator)) < asked + BATCH / 2
    worker.kill(signal.SIGTERM)
    assert worker.result().code == 0


def test_no_secret_enters_the_database(cluster, server, emulator):
    database = cluster.address.rpartition("/")[2]
    server.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
    log = server.folder / "log"
    begun_at = log.stat().st_size
    cluster.workers(1)
    assert cluster.sync().code == 0
    said = log.read_bytes()[begun_at:]
    assert b"read_batch" in said
    assert said.count(b"fingerprint") >= 2, "what went in and what came out is in the log"
    assert cluster.host.api_key.encode() not in said
    assert cluster.host.url.encode() not in said


def test_without_a_worker_of_this_account_it_ends(cluster, emulator):
    other = cluster.start("worker", PATCHFLEET_NSIGHT_KEY="another-key")
    until(lambda: "waiting for devices" in other.said())
    cluster.rate_limit(0, worker_timeout_seconds=2)
    result = cluster.sync()
    assert result.code == 3
    assert result.error().startswith("no worker took a batch for ")
    assert result.error().endswith(" seconds: 105 devices are not read")
    assert listed(emulator) == left_in_the_queue(cluster) == []


def test_a_worker_ends_when_nothing_comes(cluster):
    result = cluster.start("worker", "--idle-seconds", "1").result()
    assert result.code == 0
    assert result.err.splitlines()[-1].endswith(": read 0 devices in 0 batches")
