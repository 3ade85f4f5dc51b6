"""Fleets of chance with everything that a report may have to say of what it does not cover.

Every device, gap and job has a token in its name that is part of no other name, so that a search
for it in the bytes of a report says who is named.
"""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
from hypothesis import strategies as st
from rich.console import Console

from patchfleet.config import DeadlineSettings
from patchfleet.models import (
    SEVERITIES,
    STATES,
    Customer,
    Device,
    Finding,
    FindingStatus,
    Gap,
    Inventory,
    Job,
    JobResult,
    JobRun,
    Jobs,
    Patch,
    Selection,
    Site,
)
from patchfleet.models.machine import Identity, Machine, MatchCandidate, Member
from patchfleet.policy import load
from patchfleet.report import (
    ReportRequest,
    changes_report,
    registry,
    save,
    to_csv,
    to_json,
    to_markdown,
    today_report,
    write_text,
)
from patchfleet.report.deadlines import threat_data
from patchfleet.report.overdue import overdue_report

START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
CUSTOMER_NAMES = ("Acme", "Acme North", "acme", "A*", "c1", "Öl & Söhne")


class Owned(NamedTuple):
    """One thing with a token: whose it is, and of which device, where it is of one."""

    token: str
    source: str
    customer: str | None
    device: str | None = None


class Plan(NamedTuple):
    """A fleet to be: what stands where, and what could not be learned of it."""

    sources: tuple[str, ...]
    customers: tuple[Customer, ...]
    devices: dict[str, tuple[Device, ...]]
    gaps: dict[str, tuple[Gap, ...]]
    later: dict[str, tuple[tuple[Gap, ...], ...]]
    look_alikes: tuple[tuple[int, int], ...]
    seed: int

    def owned(self, gaps):
        return [Owned(g.reason.split()[0], s, g.customer_id, g.device_id) for s, g in gaps]


def _gap(draw, token, customers, devices):
    reason = f"{token} was not told"
    kind = draw(st.sampled_from(["device", "customer", "nobody", "unknown device"]))
    if kind == "nobody" or not devices:
        return Gap("inventory", reason)
    device = draw(st.sampled_from(devices))
    if kind == "device":
        return Gap(f"device {device.id}", reason, device.customer_id, device.id)
    if kind == "customer":
        return Gap("inventory", reason, draw(st.sampled_from(customers)).id)
    return Gap("inventory", reason, device.customer_id, "no-such-device")


@st.composite
def plans(draw):
    """Draw a fleet of two customers or more, in one source or two with the same ids."""
    sources = ("nsight", "qualys")[: draw(st.integers(1, 2))]
    names = draw(st.permutations(CUSTOMER_NAMES))[: draw(st.integers(2, 4))]
    customers = tuple(Customer(id=f"c{n}", name=name) for n, name in enumerate(names))
    devices, gaps, later = {}, {}, {}
    for source in sources:
        mine = []
        for place, customer in enumerate(customers):
            for number in range(draw(st.integers(1, 2)) + 1):
                token = f"DV{source[0]}{place}N{number}E"
                mine.append(
                    Device(
                        id=f"{place}{number}",
                        site_id=f"s{place}",
                        customer_id=customer.id,
                        name=token,
                        kind=draw(st.sampled_from(["server", "workstation"])),
                        # The last of each customer may be a blind spot.
                        is_patched=number == 0 or draw(st.booleans()),
                        last_seen_at=START - draw(st.integers(0, 20)) * DAY,
                    )
                )
        devices[source] = tuple(mine)
        gaps[source] = tuple(
            _gap(draw, f"GP{source[0]}{n}E", customers, mine)
            for n in range(draw(st.integers(0, 4)))
        )
        later[source] = tuple(
            tuple(
                _gap(draw, f"LT{source[0]}{run}G{n}E", customers, mine)
                for n in range(draw(st.integers(0, 3)))
            )
            for run in range(draw(st.integers(0, 2)))
        )
    count = sum(map(len, devices.values()))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    alike = draw(st.lists(pairs.filter(lambda p: p[0] < p[1]), max_size=3, unique=True))
    return Plan(sources, customers, devices, gaps, later, tuple(alike), draw(st.integers(0, 2**16)))


def findings_of(device, day, seed):
    number = int(device.id) + seed + day
    return [
        Finding(
            f"{device.id}-{place}",
            Patch(
                title=f"Update {place}",
                kb=None if place == 3 else f"50{place:05}",
                severity=SEVERITIES[(number + place) % 5],
                released_at=None if place == 2 else START - (9 * place + 1) * DAY,
                cves=("CVE-2024-0001",) if place == 1 else (),
                vendor_id=f"v{place}",
            ),
            FindingStatus(
                state=STATES[(number + place) % len(STATES)],
                decision="approve",
                is_own_decision=False,
                vendor_status="x",
                vendor_decision="y",
            ),
        )
        for place in range(5)
    ]


def record(store, plan, days=2):
    """Make complete runs of every source, and after them those that were not."""
    for day in range(days):
        for source in plan.sources:
            at = START + day * DAY
            run = store.begin(source, now=at)
            run.inventory(inventory(plan, source, at))
            for device in plan.devices[source]:
                if device.is_patched:
                    run.record(device.id, findings_of(device, day, plan.seed), now=at)
            if day == days - 1:
                for gap in plan.gaps[source]:
                    run.problem(gap)
            run.jobs(jobs(plan, source, at))
            known = plan.sources if day else plan.sources[: plan.sources.index(source) + 1]
            run.machines(identity(plan, known))
            run.complete(now=at, as_of=at)
    for number in range(2):
        for source in plan.sources:
            if number < len(plan.later[source]):
                at = START + (days + number) * DAY
                run = store.begin(source, now=at, resume_within=timedelta(0))
                for gap in plan.later[source][number]:
                    run.problem(gap)
                run.stop(now=at)


def inventory(plan, source, at):
    sites = [
        Site(id=f"s{place}", customer_id=customer.id, name=f"Site {place}")
        for place, customer in enumerate(plan.customers)
    ]
    return Inventory(
        as_of=at, customers=plan.customers, sites=tuple(sites), devices=plan.devices[source]
    )


def jobs(plan, source, at):
    """Make a job for each device, which is named after it."""
    made, runs, results = [], [], []
    for device in plan.devices[source]:
        name = f"j{device.id}"
        made.append(
            Job(id=name, name=f"of {device.name}", status="enabled", vendor_status="Enabled")
        )
        runs.append(JobRun(id="1", job_id=name, status="done", scheduled_at=at))
        results.append(
            JobResult(
                job_id=name, run_id="1", device_id=device.id, status="failed",
                vendor_status="Failed", failed=("v1",), failed_count=1,
            )
        )  # fmt: skip
    return Jobs(as_of=at, jobs=tuple(made), runs=tuple(runs), results=tuple(results))


def identity(plan, sources):
    refs = [(source, device.id) for source in sources for device in plan.devices[source]]
    alike = [(refs[a], refs[b]) for a, b in plan.look_alikes if b < len(refs)]
    return Identity(
        tuple(Machine(f"{s}-{d}", (Member(s, d),)) for s, d in sorted(refs)),
        tuple(
            MatchCandidate(left=min(pair), right=max(pair), kind="twins", score=50,
                      reasons_for=("same serial",), reasons_against=())
            for pair in alike
        ),
    )  # fmt: skip


def overdue(snapshot, selection, pack="pci-dss-4.0.1"):
    return overdue_report(snapshot, load(pack), threat_data(()), zone=ZONE, selection=selection)


def _of_the_registry(kind):
    def make(snapshot, before, chosen):
        del before
        return kind.build(
            ReportRequest(
                snapshot=snapshot,
                selection=chosen,
                overdue_after_days=14,
                deadlines=DeadlineSettings(pack="pci-dss-4.0.1", zone=ZONE.key),
                intel=tuple,
            )
        )

    return make


REPORTS = {
    "today": lambda snapshot, before, chosen: today_report(
        snapshot, selection=chosen, with_items=True
    ),
    "diff": lambda snapshot, before, chosen: changes_report(before, snapshot, selection=chosen),
} | {name: _of_the_registry(kind) for name, kind in registry.REPORTS.items()}
"""Every kind of the registry, and the reports of the two commands of their own."""


def as_text(what):
    file = io.StringIO()
    write_text(what, Console(file=file, width=200))
    return file.getvalue()


def as_workbook(what, folder):
    path = save(what, Path(folder) / "r.xlsx")
    with zipfile.ZipFile(path) as book:
        return "\n".join(unescape(book.read(name).decode()) for name in book.namelist())


def as_page(what, folder):
    return unescape(save(what, Path(folder) / "r.html").read_text(encoding="utf-8"))


def as_parquet(table, folder):
    path = save(table, Path(folder) / "t.parquet")
    sql = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{path}')"
    return str(duckdb.sql(sql).fetchall())


WHOLE = {
    "text": lambda report, folder: as_text(report),
    "json": lambda report, folder: to_json(report),
    "md": lambda report, folder: to_markdown(report).replace("\\", ""),
    "xlsx": as_workbook,
    "html": as_page,
}
ONE_TABLE = {
    "csv": lambda table, folder: to_csv(table),
    "parquet": as_parquet,
    "text": lambda table, folder: as_text(table),
    "json": lambda table, folder: to_json(table),
    "md": lambda table, folder: to_markdown(table).replace("\\", ""),
    "xlsx": as_workbook,
    "html": as_page,
}
SELECTION = Selection()
DATED = date(2026, 11, 1)
