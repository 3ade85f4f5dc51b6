"""What all processes keep together, and what one does when the others or the database are gone."""

import re
import signal
import sys
import time
from pathlib import Path

import pytest
from cluster import until

from patchfleet.fleet import NSightSource, SyncOptions, sync
from patchfleet.fleet.distributed.dbos_queue import engine_of
from patchfleet.fleet.distributed.queued_source import QueuedSource
from patchfleet.nsight import NAble
from patchfleet.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.full(share=0.4)]

CALLS, SECONDS = 25, 8.0
"""Three calls a second: the slowest machine makes more, so that the limit holds it up."""
WORKER = """
import sys
from patchfleet.fleet import NSightSource
from patchfleet.fleet.distributed.worker import Worker
from patchfleet.nsight import NAble
from patchfleet.store import Store
address, published, url, key, calls, seconds = sys.argv[1:]
with Store.open(address, published=published) as store:
    pace = store.rate_limit("account", int(calls), seconds=float(seconds))
    with NAble(base_url=url, key=key, pace=pace) as nable:
        Worker(store, {"account": NSightSource(nable)}).serve(idle_seconds=15)
"""


def test_one_pace_for_all_processes(cluster, server, emulator, monkeypatch):
    emulator.reset(customers=4, devices=40, patches=20, seed=5)
    database = cluster.address.rpartition("/")[2]
    server.execute(f"ALTER DATABASE {database} SET log_statement = 'mod'")
    log = server.folder / "log"
    begun_at = log.stat().st_size
    arrivals, answer = [], emulator.handle
    monkeypatch.setattr(
        emulator,
        "handle",
        lambda *call, **more: (arrivals.append(time.time()), answer(*call, **more))[1],
    )
    published, host = cluster.folder / "published", cluster.host
    words = [cluster.address, str(published), host.url, host.api_key, str(CALLS), str(SECONDS)]
    for _ in range(2):
        cluster.run([sys.executable, "-c", WORKER, *words])
    with Store.open(cluster.address, published=published) as store:
        rate_limit = store.rate_limit("account", CALLS, seconds=SECONDS)
        with (
            NAble(base_url=host.url, key=host.api_key, rate_limit=rate_limit) as nable,
            engine_of(store, "nsight", "account") as engine,
        ):
            source = QueuedSource(NSightSource(nable), engine, devices_a_batch=5)
            outcome = sync(source, store, rules=SyncOptions(concurrency=6))
    assert outcome.is_complete
    assert len(arrivals) == outcome.calls == len(emulator.calls)
    lists = re.findall(r"= '\[([\d,]+)\]'", log.read_bytes()[begun_at:].decode())
    places = sorted({int(start) / 1e6 for starts in lists for start in starts.split(",")})
    assert len(places) > CALLS + 10
    assert fullest(places, SECONDS) == CALLS, "by the server's clock, to the microsecond"
    # From its place to the vendor a call takes its time; none comes before it.
    for place, arrival in zip(places, sorted(arrivals), strict=True):
        assert place <= arrival


def fullest(times, seconds):
    """Count the times in the fullest window of so many seconds."""
    return max(sum(start <= one < start + seconds for one in times) for start in times)


@pytest.mark.parametrize("emulator", [150], indirect=True)
def test_a_database_that_goes_away_ends_both(cluster, server, emulator):
    (worker,) = cluster.workers(1)
    syncing = cluster.start("sync", "--engine")
    until(lambda: len(emulator.calls) >= 40)
    server.stop()
    try:
        ended = [worker.result(), syncing.result()]
    finally:
        server.start()
    assert [result.code for result in ended] == [6, 6]
    for result in ended:
        assert result.error().startswith(f"{cluster.address} ")
    cluster.workers(1)
    again = cluster.sync()
    assert (again.code, again.json["is_complete"]) == (0, True)


@pytest.mark.parametrize("emulator", [150], indirect=True)
def test_a_sync_that_is_interrupted_says_that_it_goes_on(cluster, emulator):
    cluster.workers(1)
    syncing = cluster.start("sync", "--engine")
    until(lambda: len(emulator.calls) >= 40)
    syncing.kill(signal.SIGINT)
    result = syncing.result()
    assert result.code == 130
    assert "the next sync resumes here" in result.error()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells it in /proc")
def test_a_worker_talks_to_the_database_and_the_vendor_alone(cluster, server, emulator):
    (worker,) = cluster.workers(1)
    assert cluster.sync().code == 0
    folder = Path(f"/proc/{worker.pid}/fd")
    mine = {str(entry.readlink()) for entry in folder.iterdir() if entry.exists()}
    sockets = [
        (row.split()[2], row.split()[3])
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if f"socket:[{row.split()[9]}]" in mine
    ]
    assert sockets
    assert "0A" not in {state for _, state in sockets}, "it listens nowhere"
    ports = {int(address.rpartition(":")[2], 16) for address, _ in sockets}
    assert ports <= {server.port, cluster.host.port}
