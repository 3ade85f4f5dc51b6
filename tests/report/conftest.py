"""Rows made by hand, and the reports they make; times are fixed and nothing is random."""

import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from patchfleet.models import SEVERITIES, Selection
from patchfleet.report import Metric, Report, tables
from patchfleet.report.charts import state as charts
from patchfleet.report.figures import work_figures
from patchfleet.store.queries import LazyRows, WorkCount, rows
from patchfleet.store.report_coverage import Coverage, CoveredSource

AS_OF = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
HOSTILE = '=2+5 </script><img src=x onerror="window.hurt=1"> [bold]&amp; "KB"'
COVERAGE = Coverage(
    selection=Selection(),
    as_of=AS_OF,
    sources=(CoveredSource("nsight", 3, AS_OF, AS_OF),),
    gaps=(HOSTILE,),
)

CUSTOMERS = ("Acme Ltd", "Bäckerei Öhl", HOSTILE, "Nord Logistik", "Zenith Dental")
TITLES = (
    "2026-11 Cumulative Update for Windows 11 Version 24H2 for x64-based Systems (KB5049981)",
    "2026-10 Cumulative Update for Windows Server 2022 (21H2) for x64-based Systems (KB5044281)",
    "Mozilla Firefox 145.0.1",
    "Security Update for Microsoft Office 2019 (KB5002653)",
    "7-Zip 25.01",
    HOSTILE,
)
STATES = ("missing", "pending", "failed", "reboot_required", "installing", "unknown")


def finding(number, customer=0):
    """Make the open finding of this number; everything follows from the number."""
    age = None if number % 11 == 0 else number % 97
    kind = "server" if number % 3 == 0 else "workstation"
    return rows.FindingRow(
        source="nsight",
        customer_id=str(100 + customer),
        customer=CUSTOMERS[customer],
        site_id=str(200 + customer),
        site="Head office",
        device_id=str(1000 + number % 40),
        device=f"{'SRV' if kind == 'server' else 'WS'}-{number % 40:03}",
        kind=kind,
        finding_id=str(number),
        patch_id=number % len(TITLES),
        patch=TITLES[number % len(TITLES)],
        product="Windows",
        kb=None if number % 4 == 0 else f"50{number % 100000:05}",
        severity=SEVERITIES[number % 5],
        vendor_severity=None,
        state=STATES[number % 6],
        decision="approve",
        is_own_decision=number % 2 == 0,
        vendor_status="Missing",
        vendor_decision="Approve",
        released_at=None if age is None else AS_OF - timedelta(days=age),
        installed_at=None,
        first_seen_at=AS_OF - timedelta(days=3),
        changed_at=AS_OF - timedelta(hours=number % 72),
        scanned_at=AS_OF,
        age_days=age,
        is_installable=True,
        is_removable=None,
        url=None,
    )


def device(number, customer):
    return rows.DeviceRow(
        source="nsight",
        customer_id=str(100 + customer),
        customer=CUSTOMERS[customer],
        site_id=str(200 + customer),
        site="Head office",
        device_id=str(1000 + number),
        device=f"WS-{number:03}",
        kind="workstation",
        is_patched=number % 7 != 0,
        os="Windows 11 Pro",
        description=None,
        user=None,
        serial=f"PF{number:05}",
        mac_addresses=("00:15:5d:00:00:01", "00:15:5d:00:00:02"),
        domain="acme.example",
        last_seen_at=AS_OF - timedelta(minutes=number),
        last_boot_at=None,
        scanned_at=None if number % 7 == 0 else AS_OF,
        findings=180,
        open=number,
    )


def work(customer):
    n = len(CUSTOMERS) - customer
    return rows.CustomerWork(
        source="nsight",
        customer_id=str(100 + customer),
        customer=CUSTOMERS[customer],
        devices=10 + n,
        unpatched_devices=n % 2,
        failed=n * 3,
        reboot_required=n,
        overdue_critical=n * 17,
        not_judged=0,
    )


def stand(customer):
    n = len(CUSTOMERS) - customer
    opened = (n * 40, n * 95, n * 30, 7 * n, n)
    installed = 2000 - sum(opened)
    return rows.PostureRow(
        "nsight",
        str(100 + customer),
        CUSTOMERS[customer],
        10 + n,
        n % 2,
        2010,
        installed,
        10,
        sum(opened),
        *opened,
        installed / 2000,
        90 - customer,
    )


def work_item(number):
    row = finding(number, number % len(CUSTOMERS))
    return rows.WorkItem(
        "failed" if number % 2 else "overdue_critical",
        row.source,
        row.customer_id,
        row.customer,
        row.site_id,
        row.site,
        row.device_id,
        row.device,
        row.kind,
        row.finding_id,
        row.patch,
        row.kb,
        row.severity,
        row.state,
        row.decision,
        row.released_at,
        row.first_seen_at,
        row.changed_at,
        row.age_days,
    )


def reading(make, count):
    """Read made-up rows as a store is read: so many, or as many as are wanted."""
    return LazyRows(
        lambda limit: (make(n) for n in range(count if limit is None else min(limit, count))), count
    )


def make_report(findings=60):
    """Make a whole fleet report of made-up answers with this many open findings."""
    everybody = range(len(CUSTOMERS))
    works = [work(customer) for customer in everybody]
    stands = [stand(customer) for customer in everybody]
    top = [
        rows.TopPatchRow(
            "nsight", i, title, "Windows", None, SEVERITIES[i % 5], AS_OF, i, 60 - 9 * i
        )
        for i, title in enumerate(TITLES)
    ]
    ages = [
        rows.AgeRow(bucket, severity, (i + 2) * (j + 1) * 13 % 90)
        for i, bucket in enumerate(rows.AGE_BUCKETS)
        for j, severity in enumerate(SEVERITIES)
    ]
    states = [
        rows.SeverityStateRow(severity, state, (i + 1) * (j + 3) * 7)
        for i, severity in enumerate(SEVERITIES)
        for j, state in enumerate(("missing", "pending", "installed", "failed", "reboot_required"))
    ]
    return Report(
        name="fleet",
        title="Patch state of the fleet",
        coverage=COVERAGE,
        figures=(
            Metric(name="machines", title="Machines", value=60),
            Metric(
                name="installed_share",
                title="Installed",
                value=tables.installed_share(stands),
                kind="percent",
            ),
            *work_figures(
                WorkCount(
                    sum(one.open for one in stands),
                    *(
                        sum(getattr(one, name) for one in works)
                        for name in WorkCount.__struct_fields__[1:]
                    ),
                )
            ),
        ),
        charts=(
            charts.open_by_customer(stands),
            charts.age_of_open_patches(ages),
            charts.patches_not_installed(states),
            charts.top_open_patches(top),
        ),
        tables=(
            tables.worklist_table(works),
            tables.posture_table(stands),
            tables.items_table(reading(work_item, 12)),
            tables.open_findings_table(
                reading(lambda number: finding(number, number % len(CUSTOMERS)), findings)
            ),
            tables.devices_table(
                reading(lambda number: device(number, number % len(CUSTOMERS)), 20)
            ),
            tables.top_patches_table(top),
        ),
    )


@pytest.fixture(scope="session")
def made():
    """Give the makers of rows and reports to tests."""
    return SimpleNamespace(
        AS_OF=AS_OF,
        COVERAGE=COVERAGE,
        HOSTILE=HOSTILE,
        CUSTOMERS=CUSTOMERS,
        finding=finding,
        work=work,
        work_item=work_item,
        stand=stand,
        device=device,
        report=make_report,
    )


@pytest.fixture(scope="session")
def browser_path():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None
