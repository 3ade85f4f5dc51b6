"""History replays to the present: each complete run reads as recorded, whatever came after."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_fleet import DAY, NOW, device, finding, inventory, patch

import sampling
from patchfleet.store import Store, queries

DEVICES = ("d1", "d2", "d3")
listing = st.dictionaries(
    st.sampled_from(["1", "2", "10", "é,\"'"]),
    st.builds(
        lambda title, state, decision, installed: (title, state, decision, installed),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["missing", "installed"]),
        st.sampled_from(["approve", "ignore"]),
        st.sampled_from([None, NOW]),
    ),
)
step = st.tuples(
    st.lists(st.tuples(st.sampled_from(DEVICES), listing), max_size=5),
    st.sampled_from(["complete", "stop", "killed", "abandoned"]),
    st.sampled_from(["", " Ltd"]),
)


def findings_of(found):
    return [
        finding(number, patch(title), state, decision, installed_at=installed)
        for number, (title, state, decision, installed) in found.items()
    ]


def inventory_of(present, suffix):
    machines = (device(number, number + suffix) for number in sorted(present))
    return inventory(*machines, customers=("Acme" + suffix,))


def read(store, run_id):
    with store.snapshot(run_id=run_id) as snapshot:
        held = {
            (row.device_id, row.finding_id): (
                row.customer,
                row.device,
                row.patch,
                row.state,
                row.decision,
                row.installed_at,
                row.first_seen_at,
                row.changed_at,
            )
            for row in queries.findings(snapshot)
        }
        return {row.device_id for row in queries.devices(snapshot)}, held


class Mirror:
    """What the record should say, kept the slow way: everything that was ever said, in order."""

    def __init__(self):
        self.first, self.since, self.last = {}, {}, {}

    def record(self, number, found, now):
        for key in [key for key in self.last if key[0] == number and key[1] not in found]:
            del self.last[key]
        for finding_id, (title, *rest) in found.items():
            key = (number, finding_id)
            self.first.setdefault(key, now)
            if self.last.get(key, (None, None))[1] != rest:
                self.since[key] = now
            self.last[key] = (title, rest)

    def read(self, present, suffix):
        return {
            key: ("Acme" + suffix, key[0] + suffix, title, *rest, self.first[key], self.since[key])
            for key, (title, rest) in self.last.items()
            if key[0] in present
        }


@pytest.mark.slow
@settings(max_examples=sampling.examples(15, 60), deadline=None, database=None)
@given(st.lists(step, max_size=6))
def test_every_complete_run_reads_as_it_was_recorded(steps):
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "fleet.db")
        mirror, expected, now = Mirror(), {}, NOW
        for scans, end, suffix in steps:
            now += DAY / 8
            run = store.begin("nsight", now=now, fresh=end == "abandoned")
            present = {number for number, _ in scans} | run.scanned
            run.inventory(inventory_of(present, suffix))
            for number, found in scans:
                now += DAY / 1000
                if number not in run.scanned:
                    run.record(number, findings_of(found), now=now)
                    mirror.record(number, found, now)
            if end == "complete":
                run.complete(now=now, as_of=now)
                expected[run.id] = (present, mirror.read(present, suffix))
            elif end == "stop":
                run.stop(now=now)
            else:
                store.close()
                store = Store.open(Path(folder) / "fleet.db")
        for run_id, snapshot in expected.items():
            assert read(store, run_id) == snapshot
            store.publications.rewrite(run_id)
            assert read(store, run_id) == snapshot
        store.close()
