"""Every report in every format, of fleets in which there is little or nothing; and none changes."""

from itertools import permutations
from pathlib import Path

import openpyxl
import pytest
from fleets import ONE_TABLE, REPORTS, START, Plan, as_text, inventory, overdue, record

from patchfleet.models import Customer, Device, Finding, FindingStatus, Inventory, Patch, Selection
from patchfleet.policy.packs import NAMES as PACKS
from patchfleet.report import save, to_json
from patchfleet.store import Store

ENDINGS = (".xlsx", ".html", ".md", ".json")
ACME = Customer(id="c0", name="Acme")
BETA = Customer(id="c1", name="Beta")


def device(number, customer=ACME):
    place = customer.id[1:]
    return Device(
        id=f"{place}{number}", site_id=f"s{place}", customer_id=customer.id,
        name=f"DVn{place}N{number}E", kind="server",
    )  # fmt: skip


def plan(customers, devices):
    names = {"nsight": tuple(devices)}
    return Plan(("nsight",), tuple(customers), names, {"nsight": ()}, {"nsight": ()}, (), 1)


def empty(store, devices, findings):
    """Make one run in which devices have these findings."""
    run = store.begin("nsight", now=START)
    run.inventory(inventory(plan([ACME], devices), "nsight", START))
    for one in devices:
        run.record(one.id, findings, now=START)
    run.complete(now=START, as_of=START)


def no_customer(store):
    run = store.begin("nsight", now=START)
    run.inventory(Inventory(as_of=START, customers=(), sites=(), devices=()))
    run.complete(now=START, as_of=START)


def installed():
    condition = FindingStatus("installed", "approve", False, "x", "y")  # noqa: FBT003
    return Finding("1", Patch(title="Done", severity="critical"), condition)


FLEETS = {
    "first sync": lambda store: record(store, plan([ACME, BETA], [device(0), device(0, BETA)]), 1),
    "two syncs": lambda store: record(store, plan([ACME, BETA], [device(0), device(0, BETA)]), 2),
    "one customer": lambda store: record(store, plan([ACME], [device(0)]), 2),
    "nothing open": lambda store: empty(store, [device(0)], [installed()]),
    "no findings": lambda store: empty(store, [device(0)], []),
    "no devices": lambda store: empty(store, [], []),
    "no customer": no_customer,
}
SELECTIONS = {
    "whole": Selection(),
    "Acme": Selection(customers=("Acme",)),
    "empty": Selection(customers=("nobody",)),
    "closed": Selection(states=("installed",)),
}


@pytest.mark.slow
@pytest.mark.full(share=0.4)
@pytest.mark.parametrize("fleet", FLEETS)
def test_every_report_is_a_file_in_every_format(tmp_path: Path, fleet: str) -> None:
    with Store.open(tmp_path / "fleet.db") as store:
        FLEETS[fleet](store)
        with store.snapshot(with_history=True) as snapshot:
            for name, chosen in SELECTIONS.items():
                for make in REPORTS.values():
                    report = make(snapshot, snapshot, chosen)
                    assert as_text(report)
                    for ending in ENDINGS:
                        assert save(report, tmp_path / f"r{ending}").stat().st_size
                    openpyxl.load_workbook(tmp_path / "r.xlsx")
                    for chart in report.drawn:
                        assert chart.has_data
                    for table in report.tables if name == "whole" else ():
                        for form in ("csv", "parquet"):
                            assert ONE_TABLE[form](report.table(table.name), tmp_path) is not None


@pytest.mark.slow
def test_no_report_changes_another_whatever_is_saved_first(tmp_path: Path) -> None:
    with Store.open(tmp_path / "fleet.db") as store:
        record(store, plan([ACME, BETA], [device(0), device(1), device(0, BETA)]))
        with store.snapshot(with_history=True) as snapshot:
            alone = {}
            for pack in PACKS:
                with store.snapshot(with_history=True) as fresh:
                    alone[pack] = to_json(overdue(fresh, Selection(), pack))
            assert len(set(alone.values())) == len(PACKS)
            for first, second in permutations(PACKS, 2):
                one, other = (overdue(snapshot, Selection(), pack) for pack in (first, second))
                assert to_json(other) == alone[second]
                assert to_json(one) == alone[first]


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(REPORTS)))
def test_a_report_of_one_customer_stays_while_another_is_made_and_read(tmp_path, kind):
    chosen = [Selection(customers=(name,)) for name in ("Acme", "Beta")]
    with Store.open(tmp_path / "fleet.db") as store:
        record(store, plan([ACME, BETA], [device(0), device(1), device(0, BETA)]))
        with store.snapshot(with_history=True) as snapshot, store.snapshot(at=START) as before:
            alone = [to_json(REPORTS[kind](snapshot, before, one)) for one in chosen]
            reports = [REPORTS[kind](snapshot, before, one) for one in chosen]
            tables = [iter(table.rows) for report in reports for table in report.tables]
            while tables:  # row by row in turn: no reading is the end of another
                tables = [rows for rows in tables if next(rows, None) is not None]
            assert [to_json(report) for report in reversed(reports)] == alone[::-1]
