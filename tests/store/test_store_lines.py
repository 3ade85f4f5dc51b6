"""Lists that are read in part, and answers put together from less than all, against all rows."""

from collections import Counter, defaultdict
from itertools import islice
from random import Random

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.models import OPEN_STATES, SEVERITIES, STATES, Selection
from patchfleet.store import Store, queries

DEVICES = [f"d{n}" for n in range(6)]
PATCHES = [
    patch(
        f"P{n}",
        severity=SEVERITIES[n % 5],
        released_at=None if n == 3 else NOW - (n % 5 + n // 7) * 9 * DAY,
    )
    for n in range(8)
]
"""Two pairs are of one severity and one day, a third is of one severity and two days."""
PLACES = inventory(
    *(device(d, customer=f"c{1 + n % 2}", site=f"s{1 + n % 2}") for n, d in enumerate(DEVICES)),
    customers=("Acme", "beta"),
    sites=("Main", "North"),
)
SELECTIONS = [
    Selection(),
    Selection(customers=("acme",)),
    Selection(severities=("critical", "low")),
    Selection(states=("failed", "installed")),
]


FURTHER = pytest.mark.full(share=0.05)
"""Other fleets of chance: of all that is asked of them a plain run draws a question or two."""


@pytest.fixture(
    scope="module", params=[1, pytest.param(2, marks=FURTHER), pytest.param(3, marks=FURTHER)]
)
def snapshot(request, tmp_path_factory):
    """Eight days in which states change by chance, findings come and go, and a device leaves."""
    chance = Random(request.param)
    standing = {
        d: {n: chance.choice(STATES) for n in range(8) if chance.random() < 0.8} for d in DEVICES
    }
    with Store.open(tmp_path_factory.mktemp("days") / "fleet.db") as store:
        for day in range(8):
            for d in DEVICES:
                for n in range(8):
                    if chance.random() < 0.2:
                        standing[d][n] = chance.choice(STATES)
                    elif chance.random() < 0.05:
                        standing[d].pop(n, None)
            there = DEVICES[: 6 - (day in {3, 6, 7})]
            of = inventory(
                *(one for one in PLACES.devices if one.id in there),
                customers=("Acme", "beta"),
                sites=("Main", "North"),
                at=NOW + day * DAY,
            )
            listings = {
                d: [finding(n, PATCHES[n], state) for n, state in standing[d].items()]
                for d in there
            }
            sync(store, listings, now=NOW + day * DAY, of=of)
        with store.snapshot(with_history=True) as opened:
            yield opened


@pytest.mark.slow
def test_a_list_is_counted_and_begins_as_it_is_read(snapshot):
    for selection in SELECTIONS:
        for lines in (
            queries.worst_open_findings(snapshot, selection),
            queries.work_items.lazy(snapshot, selection=selection),
            queries.devices.lazy(snapshot, selection),
            queries.failed_patches.lazy(snapshot, selection),
            queries.waiting_devices.lazy(snapshot, selection),
            queries.silent_devices.lazy(snapshot, selection, after_days=0),
            queries.contradictions.lazy(snapshot, selection, after_days=1),
        ):
            rows = list(lines.read())
            assert len(lines) == len(rows)
            assert list(lines.read(3)) == rows[:3]
            assert list(lines.read(0)) == []
            assert list(lines[1:3]) == rows[1:3]


@pytest.mark.slow
def test_the_worst_of_what_is_open_is_the_same_however_much_is_read(snapshot):
    for selection in SELECTIONS:
        lines = queries.worst_open_findings(snapshot, selection)
        rows = list(lines.read())
        for limit in range(len(rows) + 2):
            assert list(lines.read(limit)) == rows[:limit]


def test_what_is_open_comes_worst_first_and_is_all_that_is_open(snapshot):
    for selection in SELECTIONS:
        rows = list(queries.worst_open_findings(snapshot, selection).read())
        wanted = [r for r in queries.findings(snapshot, selection) if r.state in OPEN_STATES]
        assert sorted(rows, key=repr) == sorted(wanted, key=repr)
        ages = [
            (SEVERITIES.index(r.severity), r.age_days is None, -(r.age_days or 0)) for r in rows
        ]
        assert ages == sorted(ages)


@pytest.mark.parametrize("lines", [queries.work_items.lazy, queries.failed_patches.lazy])
def test_two_selections_read_by_turns_do_not_mix(snapshot, lines):
    first, second = (
        lines(snapshot, selection=Selection(customers=(name,))) for name in ("acme", "beta")
    )
    alone = [list(first.read()), list(second.read())]
    one, two = first.read(), second.read()
    by_turns = [list(islice(one, 1)), list(islice(two, 1))]
    by_turns[0] += one
    by_turns[1] += two
    assert by_turns == alone
    assert {name for row in alone[0] for name in _customers(row)} <= {"Acme"}
    assert len(alone[0]) == len(first)


def _customers(row):
    return row.customers if hasattr(row, "customers") else (row.customer,)


def test_how_long_closing_takes_is_what_the_intervals_say(snapshot):
    for selection in SELECTIONS:
        lives = defaultdict(list)
        for row in queries.history(snapshot, selection):
            lives[row.device_id, row.finding_id].append(row)
        wanted = Counter()
        for life in lives.values():
            opened = [row.valid_from for row in life if row.state in OPEN_STATES]
            if not opened:
                continue
            closed = [row.valid_from for row in life if row.state == "installed"]
            is_closed = bool(closed) and min(closed) > min(opened)
            ends = [row.valid_to for row in life]
            until = min(closed) if is_closed else snapshot.as_of if None in ends else max(ends)
            severity = max(life, key=lambda row: row.from_run).severity
            wanted[severity, max(0, (until - min(opened)).days), is_closed] += 1
        found = queries.times_to_close(snapshot, selection)
        assert {(r.severity, r.days, r.is_closed): r.findings for r in found} == dict(wanted)


def test_how_often_something_failed_is_what_the_intervals_say(snapshot):
    history = queries.history(snapshot, Selection())
    failing = list(queries.findings(snapshot, Selection(states=("failed",))))
    wanted = Counter()
    for row in failing:
        states = [
            h.state
            for h in history
            if (h.device_id, h.finding_id) == (row.device_id, row.finding_id)
        ]
        before = [None, *states[:-1]]
        wanted[row.patch] += sum(
            state == "failed" != last for state, last in zip(states, before, strict=True)
        )
    found = Counter()
    for row in queries.failed_patches(snapshot):
        found[row.patch] += row.times
    assert found == wanted
