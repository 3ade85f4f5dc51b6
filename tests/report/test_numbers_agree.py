"""Headlines count machines once, and every report, `today` and SQL count the same."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from patchfleet.config import DeadlineSettings
from patchfleet.models import (
    OPEN_STATES,
    SEVERITIES,
    STATES,
    Customer,
    Device,
    Finding,
    FindingStatus,
    Inventory,
    Patch,
    Selection,
    Site,
)
from patchfleet.models.machine import Identity, Machine, Member
from patchfleet.policy import load
from patchfleet.report import ReportRequest, registry, today_report
from patchfleet.report.deadlines import Rules, threat_data
from patchfleet.store import Store

START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ACCOUNTS = ("nsight", "qualys", "qualys-two")
EVERYTHING = Selection()
PACK = "cyber-essentials-3.3"
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 12))]


class Row(Struct, frozen=True):
    """One open or closed finding, as SQL lists it."""

    source: str
    device_id: str
    customer: str
    finding_id: str
    patch: str
    kb: str | None
    severity: str
    state: str
    released_at: datetime | None
    as_of: datetime


class Place(Struct, frozen=True):
    """One device, and the machine it is."""

    source: str
    device_id: str
    machine_id: str
    is_patched: bool


ROWS = """SELECT source, device_id, customer, finding_id, patch, kb, severity, state, released_at,
    as_of FROM findings"""
PLACES = """SELECT source, device_id, machine_id, is_patched
    FROM devices JOIN machines USING (source, device_id)"""


def _patch(number, source):
    kb = f"50{number:05}" if number % 3 else None
    days = number * 7 % 40
    return Patch(
        title=f"Update {number}" if number % 2 else f"Update {number} by {source}",
        kb=kb,
        severity=SEVERITIES[number % 5],
        released_at=None if number % 7 == 6 else START - days * DAY - timedelta(hours=1),
        vendor_id=f"{source} {number}",
    )


def _findings(chance, source):
    """Draw patches of one device, one in five of them another release of the same KB number."""
    found = []
    for number in chance.sample(range(14), chance.randint(0, 9)):
        for copy in range(2 if chance.random() < 0.2 else 1):
            state = chance.choice((*STATES, "missing", "missing", "failed"))
            status = FindingStatus(
                state, "approve", is_own_decision=False, vendor_status="x", vendor_decision="y"
            )
            found.append(Finding(f"{number}-{copy}", _patch(number, source), status))
    return found


def fleet(store, seed):
    """Record some days of accounts that join one after the other and share machines.

    Returns how many patches each run found open, by account.
    """
    measured: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    chance = Random(seed)
    customers = (Customer(id="c1", name="Acme"), Customer(id="c2", name="Birch"))
    sites = tuple(Site(id=f"s{c.id}", customer_id=c.id, name=f"At {c.name}") for c in customers)
    joins = {source: place * chance.randint(0, 2) for place, source in enumerate(ACCOUNTS)}
    devices = {
        source: [
            Device(
                id=f"{number}", site_id=f"sc{number % 2 + 1}", customer_id=f"c{number % 2 + 1}",
                name=f"{source}-{number}", kind=chance.choice(["server", "workstation"]),
                is_patched=chance.random() < 0.8, last_seen_at=START,
            )
            for number in range(chance.randint(1, 6))
        ]
        for source in ACCOUNTS
    }  # fmt: skip
    known: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for source in ACCOUNTS:
        for device in devices[source]:
            # Machines 0 to 3 may be known to each account, the others to one.
            is_shared = int(device.id) < 4 and chance.random() < 0.7
            known[f"m{device.id}" if is_shared else f"{source} {device.id}"].append(
                (source, device.id)
            )
    present = set()
    for day in range(5):
        for source in ACCOUNTS:
            if day < joins[source] or (day and chance.random() < 0.2):
                continue
            at = START + day * DAY + ACCOUNTS.index(source) * timedelta(minutes=5)
            mine = [one for one in devices[source] if chance.random() < 0.9]
            present |= {(source, one.id) for one in mine}
            run = store.begin(source, now=at)
            run.inventory(Inventory(as_of=at, customers=customers, sites=sites, devices=mine))
            count = 0
            for device in mine:
                if device.is_patched:
                    found = _findings(chance, source)
                    count += sum(one.state in OPEN_STATES for one in found)
                    run.record(device.id, found, now=at)
            measured[source].append((at, count))
            machines = [
                Machine(name, tuple(Member(*ref) for ref in sorted(refs) if ref in present))
                for name, refs in known.items()
            ]
            run.machines(Identity(tuple(m for m in machines if m.members), ()))
            run.complete(now=at, as_of=at)
    return measured


def truth(rows, places, is_meant):
    """Count patches on machines once: of the devices of a machine, the one with most counts."""
    machine_of = {(p.source, p.device_id): p.machine_id for p in places}
    each: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        if is_meant(row):
            machine = machine_of[row.source, row.device_id]
            each[machine, row.kb or row.patch.lower(), row.source, row.device_id] += 1
    most: dict[tuple[str, str], int] = {}
    for (machine, what, *_), count in each.items():
        most[machine, what] = max(most.get((machine, what), 0), count)
    return sum(most.values())


def is_open(row):
    return row.state in OPEN_STATES


def is_late(row, now):
    """Judge by Cyber Essentials: 14 days from release, if neither moderate nor low."""
    if row.released_at is None or row.severity in ("moderate", "low"):
        return False
    return is_open(row) and now > row.released_at + 14 * DAY


def number(report):
    return {figure.name: figure.value for figure in report.figures}


def column(report, table, key):
    made = report.table(table)
    place = [one.key for one in made.columns].index(key)
    return sum(row[place] for row in made.rows)


def made(snapshot, selection=EVERYTHING):
    request = ReportRequest(
        snapshot=snapshot, selection=selection, overdue_after_days=None,
        deadlines=DeadlineSettings(pack=PACK), intel=tuple,
    )  # fmt: skip
    reports = {name: kind.build(request) for name, kind in registry.REPORTS.items()}
    rules = Rules(load(PACK), threat_data(()), ZoneInfo("UTC"))
    return reports | {"today": today_report(snapshot, selection=selection, rules=rules)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory, request):
    with Store.open(tmp_path_factory.mktemp("fleet") / "fleet.db") as store:
        measured = fleet(store, request.param)
        with store.snapshot(with_history=True) as snapshot:
            yield SimpleNamespace(snapshot=snapshot, measured=measured)


@pytest.mark.slow
@pytest.mark.parametrize("filled", SEEDS, indirect=True)
def test_every_report_counts_the_same(filled):
    snapshot = filled.snapshot
    rows, places = snapshot.rows(Row, ROWS), snapshot.rows(Place, PLACES)
    reports = made(snapshot)
    numbers = {name: number(report) for name, report in reports.items()}
    opened = truth(rows, places, is_open)
    machines = len({place.machine_id for place in places})
    counted = {
        "machines": machines,
        "open": opened,
        "failed": truth(rows, places, lambda r: r.state == "failed"),
        "reboot_required": truth(rows, places, lambda r: r.state == "reboot_required"),
        "overdue_critical": truth(
            rows, places, lambda r: is_late(r, snapshot.as_of) and r.severity == "critical"
        ),
        "overdue": truth(rows, places, lambda r: is_late(r, snapshot.as_of)),
    }
    for name in ("today", "posture", "overdue", "ageing", "history"):
        for key, value in counted.items():
            assert numbers[name].get(key, value) == value, (name, key)
        assert numbers[name]["machines"] == machines, name
        assert numbers[name]["open"] == opened, name
    late = numbers["overdue"]
    assert late["overdue"] + late["not_judged"] + late["on_time"] == opened
    assert numbers["today"] == {
        k: v for k, v in numbers["posture"].items() if k != "installed_share"
    }
    for key in ("overdue_critical", "not_judged"):
        assert numbers["today"][key] == late[key]


@pytest.mark.slow
@pytest.mark.parametrize("filled", SEEDS, indirect=True)
def test_tables_count_each_device_of_each_account_and_agree(filled):
    snapshot = filled.snapshot
    rows, places = snapshot.rows(Row, ROWS), snapshot.rows(Place, PLACES)
    reports = made(snapshot)
    opened = sum(map(is_open, rows))
    assert column(reports["posture"], "posture", "open") == opened
    assert column(reports["posture"], "devices", "open") == opened
    assert sum(sum(row[1:]) for row in reports["ageing"].table("ages").rows) == opened
    assert reports["history"].table("syncs").rows[-1][1] == opened
    late = [
        column(reports["overdue"], "customers", key) for key in ("overdue", "not_judged", "on_time")
    ]
    not_covered = column(reports["overdue"], "customers", "not_covered")
    assert sum(late) + not_covered == opened
    assert len(reports["overdue"].table("overdue").rows) == late[0]
    for key in ("overdue_critical", "not_judged"):
        listed = column(reports["overdue"], "customers", key)
        assert column(reports["today"], "worklist", key) == listed, key
        assert column(reports["posture"], "worklist", key) == listed, key
    for name in ("today", "posture"):
        assert column(reports[name], "worklist", "devices") == len(places)
        assert column(reports[name], "worklist", "unpatched_devices") == sum(
            not place.is_patched for place in places
        )


@pytest.mark.slow
@pytest.mark.parametrize("filled", SEEDS, indirect=True)
def test_an_account_that_joins_is_not_a_rise(filled):
    """Every moment counts every account: as at its last sync by then, else as at its first."""
    # An account without any open patch ever is in no count.
    accounts = {s: runs for s, runs in filled.measured.items() if any(n for _, n in runs)}
    expected = {}
    for at in sorted(at for runs in accounts.values() for at, _ in runs):
        known = [[n for when, n in runs if when <= at][-1:] or [runs[0][1]]
                 for runs in accounts.values()]  # fmt: skip
        expected[at] = sum(n for (n,) in known)
    report = made(filled.snapshot)["history"]
    table = report.table("syncs")
    assert {row[0]: row[1] for row in table.rows} == expected
    firsts = {name: row[0] for row in table.rows for name in row[-1]}
    assert firsts == {source: runs[0][0] for source, runs in accounts.items()}
    numbers = number(report)
    assert (numbers["open_before"], numbers["open_listed"]) == (
        next(iter(expected.values())),
        list(expected.values())[-1],
    )
    later = [source for source, at in firsts.items() if at > min(expected)]
    for source in later:
        assert any(note.startswith(f"{source} was first read on") for note in report.remarks)
