"""Spark reads the published files, and its posture is ours.

Spark has an environment of its own, made by `script/environment` when the test is drawn.
"""

import csv
import os
import subprocess
from pathlib import Path

import pytest

from environments import python_of
from patchfleet.emulator import Emulator
from patchfleet.fleet import NSightSource, sync
from patchfleet.nsight import NAble
from patchfleet.store import Store

HOME = Path(__file__).parent.parent
SCRIPT = HOME / "examples" / "posture_in_spark.py"
OURS = "SELECT customer, severity, state, count(*) FROM findings GROUP BY ALL ORDER BY ALL"

pytestmark = [pytest.mark.slow, pytest.mark.full(group="environments")]


def in_spark(published: Path) -> list[tuple[str, ...]]:
    python = python_of("spark")
    quiet = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
    }
    done = subprocess.run(
        [python, SCRIPT, published], env={**os.environ, **quiet},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    header, *rows = csv.reader(done.stdout.splitlines())
    assert header == ["customer", "severity", "state", "findings"]
    return [tuple(row) for row in rows]


def test_the_posture_of_spark_is_ours(tmp_path):
    emulator = Emulator(customers=4, devices=40, patches=80, seed=3)
    with (
        Store.open(tmp_path / "fleet.db") as store,
        emulator.running() as host,
        NAble(base_url=host.url, key=host.api_key, rate_limit=None) as nable,
    ):
        source = NSightSource(nable)
        for day in range(3):
            sync(source, store, now=lambda: emulator.now)
            with store.snapshot() as snapshot:
                (publication,) = snapshot.publications
                ours = [tuple(map(str, row)) for row in snapshot.ask(OURS).rows()]
            if day != 1:  # a whole publication, and one that says what changed in two syncs
                assert len(publication.folders) == day + 1
                assert in_spark(Path(store.published) / "source=nsight") == ours
            emulator.advance(days=1)
    assert len(ours) > 20
