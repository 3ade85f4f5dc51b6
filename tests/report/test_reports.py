"""Reports over a real store: every number compared with what was recorded."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from patchfleet.errors import StoreError
from patchfleet.models import (
    SEVERITIES,
    STATES,
    Customer,
    Device,
    Finding,
    FindingStatus,
    Gap,
    Inventory,
    Patch,
    Selection,
    Site,
)
from patchfleet.report import changes_report, fleet_report, save, today_report
from patchfleet.report.coverage import described
from patchfleet.store import Store

FIRST = datetime(2026, 11, 19, 6, 30, tzinfo=UTC)
SECOND = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
OVERDUE_STATES = {"missing", "pending", "installing", "failed"}

CUSTOMERS = tuple(Customer(id=str(n), name=name) for n, name in enumerate(("Acme", "Öhl", "Void")))
SITES = tuple(Site(id=f"s{c.id}", customer_id=c.id, name="HQ") for c in CUSTOMERS)
DEVICES = tuple(
    Device(
        id=f"d{n}",
        site_id=f"s{n % 2}",
        customer_id=str(n % 2),
        name=f"PC-{n}",
        kind="workstation",
        is_patched=n != 4,
    )
    for n in range(5)
)


def condition(state):
    return FindingStatus(
        state, "approve", is_own_decision=False, vendor_status="x", vendor_decision="y"
    )


def findings_of(device):
    """Make 24 findings: every state three times, severities and ages by turns."""
    number = int(device.id[1:])
    return [
        Finding(
            str(place),
            Patch(
                title=f"Patch {place}",
                kb=f"50{place:05}",
                severity=SEVERITIES[(place + number) % 5],
                released_at=None if place % 7 == 6 else SECOND - timedelta(days=5 * place),
            ),
            condition(STATES[place % 8]),
        )
        for place in range(24)
    ]


def record(store, at, change):
    run = store.begin("nsight", now=at)
    run.inventory(Inventory(as_of=at, customers=CUSTOMERS, sites=SITES, devices=DEVICES))
    for device in DEVICES[:4]:  # the fifth has no patch management
        run.record(device.id, [change(finding) for finding in findings_of(device)], now=at)
    run.problem(Gap("inventory", "site Harbour did not answer", is_general=True))
    run.complete(now=at, as_of=at)


def unchanged(finding):
    return finding


def repaired(finding):
    """Turn what failed into what is installed."""
    if finding.state != "failed":
        return finding
    return Finding(
        finding.id,
        finding.patch,
        condition("installed"),
        installed_at=SECOND,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("store") / "fleet.db") as store:
        record(store, FIRST, unchanged)
        record(store, SECOND, repaired)
        yield store


@pytest.fixture(scope="module")
def before(store):
    with store.snapshot(run_id=1, with_history=True) as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def snapshot(store):
    with store.snapshot(with_history=True) as snapshot:
        yield snapshot


def everything(change=unchanged):
    return [(device, change(f)) for device in DEVICES[:4] for f in findings_of(device)]


def by_name(table, key="customer"):
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    return {row[key]: row for row in rows}


def is_overdue(finding, at):
    return (
        finding.patch.severity == "critical"
        and finding.state in OVERDUE_STATES
        and finding.patch.released_at is not None
        and finding.patch.released_at < at - timedelta(days=14)
    )


def test_today_counts_what_waits(before):
    report = today_report(before, with_items=True)
    work = by_name(report.table("worklist"))
    assert set(work) == {"Acme", "Öhl", "Void"}
    for customer in CUSTOMERS:
        theirs = [f for device, f in everything() if device.customer_id == customer.id]
        row = work[customer.name]
        assert row["failed"] == sum(f.state == "failed" for f in theirs)
        assert row["reboot_required"] == sum(f.state == "reboot_required" for f in theirs)
        assert row["overdue_critical"] == sum(is_overdue(f, FIRST) for f in theirs)
    items = report.table("work_items").rows
    counts = ("failed", "reboot_required", "overdue_critical", "not_judged")
    assert len(items) == sum(row[name] for row in work.values() for name in counts)
    assert report.as_of == FIRST


def test_items_come_only_when_asked(before):
    assert "work_items" not in today_report(before).names
    assert "work_items" in today_report(before, with_items=True).names
    assert "new_critical" not in today_report(before).names, "of a first sync all would be new"


def test_a_report_that_outlives_its_facts_says_so(store, tmp_path):
    with store.snapshot() as snapshot:
        report = fleet_report(snapshot)
    with pytest.raises(StoreError, match="the snapshot is closed"):
        save(report, tmp_path / "late.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_fleet_report_holds_every_open_finding_worst_first(snapshot):
    table = fleet_report(snapshot).table("open_findings")
    opened = [f for _, f in everything(repaired) if f.state not in {"installed", "ignored"}]
    assert len(table.rows) == len(opened)
    keys = [column.key for column in table.columns]
    ranks = [SEVERITIES.index(row[keys.index("severity")]) for row in table.rows]
    assert ranks == sorted(ranks)
    ages = [
        row[keys.index("age_days")] for row in table.rows if row[keys.index("severity")] == "low"
    ]
    assert ages == sorted(ages, key=lambda age: (age is None, -(age or 0)))


def test_the_figures_are_the_sums_of_what_was_recorded(snapshot):
    figures = {figure.name: figure.value for figure in fleet_report(snapshot).figures}
    findings = [f for _, f in everything(repaired)]
    installed = sum(f.state == "installed" for f in findings)
    ignored = sum(f.state == "ignored" for f in findings)
    assert figures == {
        "machines": 5,
        "installed_share": installed / (len(findings) - ignored),
        "open": len(findings) - installed - ignored,
        "failed": 0,
        "reboot_required": 12,
        "overdue_critical": sum(is_overdue(f, SECOND) for f in findings),
        "not_judged": figures["not_judged"],
    }
    assert figures["not_judged"] > 0


def test_charts_and_tables_tell_the_same(snapshot):
    report = fleet_report(snapshot)
    charts = {chart.name: chart.table for chart in report.charts}
    opened = len(report.table("open_findings").rows)
    for name in ("open_by_customer", "age_of_open"):
        assert sum(sum(row[1:]) for row in charts[name].rows) == opened
    others = [f for _, f in everything(repaired) if f.state != "installed"]
    assert sum(sum(row[1:]) for row in charts["not_installed"].rows) == len(others)
    summary = next(c.summary for c in report.charts if c.name == "not_installed")
    assert summary.startswith(f"{96 - len(others)} of 96 patches on devices are installed")
    top = report.table("top_patches").rows
    assert [sum(row[1:]) for row in charts["top_patches"].rows] == [row[3] for row in top[:12]]


def test_what_is_not_covered_is_said(snapshot):
    notes = " ".join(fleet_report(snapshot).notes)
    assert "From nsight (run 2) as of 2026-11-20 06:30 UTC." in notes
    assert "1 device without patch management (PC-4)" in notes
    assert "Not covered: site Harbour did not answer" in notes
    assert "Incomplete: " in notes
    assert "more than 14 days" in notes


def test_devices_without_patch_management_are_marked(snapshot):
    devices = by_name(fleet_report(snapshot).table("devices"), "device")
    assert [name for name, row in devices.items() if not row["is_patched"]] == ["PC-4"]


def test_a_selection_narrows_and_says_so(snapshot):
    selection = Selection(customers=("acme",), severities=("critical",))
    report = fleet_report(snapshot, selection=selection, overdue_after_days=30)
    assert "Only customer acme; severity critical." in report.notes
    assert any("more than 30 days" in note for note in report.notes)
    keys = [column.key for column in report.table("open_findings").columns]
    rows = report.table("open_findings").rows
    assert {row[keys.index("customer")] for row in rows} == {"Acme"}
    assert {row[keys.index("severity")] for row in rows} == {"critical"}


def test_a_selection_of_closed_states_has_nothing_open(snapshot):
    report = fleet_report(snapshot, selection=Selection(states=("installed",)))
    assert list(report.table("open_findings").rows) == []


def test_a_selection_in_words():
    assert described(Selection()) == ""
    assert described(Selection(sites=("HQ", "Port"), kinds=("server",))) == (
        "site HQ or Port; kind server"
    )


def test_changes_between_two_runs(before, snapshot):
    report = changes_report(before, snapshot)
    assert report.table("transitions").rows == [("failed", "installed", 12)]
    keys = [column.key for column in report.table("changes").columns]
    rows = [dict(zip(keys, row, strict=True)) for row in report.table("changes").rows]
    assert len(rows) == 12
    assert {(row["before_state"], row["after_state"]) for row in rows} == {("failed", "installed")}
    assert report.remarks == (
        "Between 2026-11-19 06:30 UTC and 2026-11-20 06:30 UTC.",
        "Not covered before: site Harbour did not answer",
    )
    assert report.as_of == SECOND


def test_no_change_is_an_empty_table(snapshot):
    report = changes_report(snapshot, snapshot, with_rows=False)
    assert report.names == "transitions"
    assert report.table("transitions").rows == []


def test_reports_load_no_heavy_library_before_they_need_it():
    code = (
        "import sys, patchfleet.report\n"
        "heavy = {'xlsxwriter', 'vl_convert', 'jinja2', 'rich', 'duckdb', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
