"""`patchfleet demo`: a tour of the main commands on an emulated fleet, over real HTTP.

Nothing is faked: to the rest of the code the emulator is a vendor, and every number printed comes
from the record.
"""

import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet.cli.session import Session, pass_session
from patchfleet.config import DeadlineSettings
from patchfleet.errors import Error
from patchfleet.models import Selection

if TYPE_CHECKING:
    from patchfleet.emulator import Host
    from patchfleet.fleet import NSightSource, SyncResult
    from patchfleet.store import Store
    from patchfleet.store.queries import CustomerWork

DAYS_PASSED = 8
"""Covers every install window of the emulated fleet: the longest wait is a week."""


@click.command()
@click.option(
    "--devices", type=click.IntRange(1), default=60, show_default=True, help="Number of devices."
)
@click.option(
    "--customers", type=click.IntRange(1), default=6, show_default=True, help="Number of customers."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same fleet."
)
@click.option(
    "--latency",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Milliseconds each call takes.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for the record and the reports.",
)
@pass_session
def command(
    session: Session, *, devices: int, customers: int, seed: int, latency: int, folder: Path
) -> None:
    """Run a tour on an emulated fleet, in under a minute.

    Starts an emulated N-sight and Qualys on a local port, reads the fleet, shows what needs
    attention, approves the overdue critical patches of the worst customer, lets a week pass, reads
    again and shows what changed; then runs a Qualys job that patches the servers of the same fleet.
    It needs no account and contacts no other machine.
    """
    from patchfleet.emulator import Emulator

    record = _fresh_record(folder)
    emulator = Emulator(
        devices=devices, customers=customers, seed=seed, latency_ms=latency, qualys_jobs=0
    )
    with emulator.running() as host:
        session.info(
            f"Emulated N-sight and Qualys answer at {host.url}; the emulated time is {_now(host)}."
        )
        _Demo(session, host, record, folder).run()


def _fresh_record(folder: Path) -> Path:
    """Create the folder and remove the record of an earlier demo, nothing else."""
    from patchfleet.errors import ConfigError

    record = folder / "demo.db"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (record, *folder.glob("demo.db-*")):
            path.unlink(missing_ok=True)
        if (folder / "demo.published").exists():
            shutil.rmtree(folder / "demo.published")
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror}", hint="--folder chooses another folder"
        ) from None
    return record


def _now(host: "Host") -> str:
    return f"{host.emulator.now:%Y-%m-%d %H:%M} UTC"


class _Demo:
    """The steps of the demo over one emulator and one record."""

    def __init__(self, session: Session, host: "Host", record: Path, folder: Path) -> None:
        self._session = session
        self._host = host
        self._record = record
        self._folder = folder

    def run(self) -> None:
        from patchfleet.cli.demo_qualys import show_qualys
        from patchfleet.fleet import NSightSource
        from patchfleet.nsight import NAble
        from patchfleet.store import Store

        host = self._host
        with (
            # The emulator has no limit; the default for a real account is 60 calls a minute.
            NAble(key=host.api_key, base_url=host.url, rate_limit=None) as client,
            Store.open(self._record) as store,
        ):
            source = NSightSource(client, now=self._clock)
            first = self._sync(source, store)
            worst = self._today(store)
            self._approve(source, store, worst)
            self._step(f"{DAYS_PASSED} days pass, with every install window")
            host.emulator.advance(days=DAYS_PASSED)
            second = self._sync(source, store)
            self._changes(store, first.run_id, second.run_id)
            self._today(store)
            self._difference(store, worst)
            show_qualys(self._session, self._step, host, store, self._folder)
            self._reports(store)

    def _clock(self) -> datetime:
        return self._host.emulator.now

    def _step(self, title: str) -> None:
        self._session.info("")
        self._session.info(f"==> {title}", bold=True)

    def _sync(self, source: "NSightSource", store: "Store") -> "SyncResult":
        from patchfleet.cli.progress import sync_progress
        from patchfleet.cli.sync_result import print_result
        from patchfleet.fleet import sync

        self._step(f"patchfleet sync, at {_now(self._host)}")
        started = time.monotonic()
        with sync_progress(self._session.stderr) as progress:
            on_progress = progress("nsight", 0)
            outcome = sync(source, store, now=self._clock, on_progress=on_progress)
        print_result(self._session, outcome, time.monotonic() - started)
        if not outcome.is_complete:
            raise Error("the sync of the demo is incomplete", hint="please report this")
        return outcome

    def _today(self, store: "Store") -> "CustomerWork":
        """Show the worklist and return the customer with most overdue critical patches."""
        from patchfleet.report import today_report, write_text
        from patchfleet.report.deadlines import rules_in_force
        from patchfleet.store.queries import worklist

        rules = rules_in_force(DeadlineSettings(), store.intel.read)
        self._step("patchfleet today")
        with store.snapshot(with_history=True) as snapshot:
            write_text(today_report(snapshot, rules=rules, most_rows=5), self._session.console)
            return worklist(snapshot)[0]

    def _approve(self, source: "NSightSource", store: "Store", worst: "CustomerWork") -> None:
        from patchfleet.cli.nsight.actions import print_outcome, show, summarise
        from patchfleet.plan import apply, plan
        from patchfleet.store.queries import findings, work_items

        name = worst.customer
        self._step(f'patchfleet nsight approve --customer "{name}", overdue critical patches')
        selection = Selection(customers=(worst.customer_id,))
        with store.snapshot() as snapshot:
            overdue = {
                (item.device_id, item.finding_id)
                for item in work_items(snapshot, selection=selection)
                if item.reason == "overdue_critical"
            }
            rows = [
                row
                for row in findings(snapshot, selection)
                if (row.device_id, row.finding_id) in overdue
            ]
            planned = plan("approve", source.name, rows, as_of=snapshot.as_of, now=self._clock())
        show(planned, self._session.info)
        results = list(apply(planned, source, store.journal, now=self._clock))
        for result in results:
            print_outcome(self._session, result)
        summarise(self._session, planned, results)

    def _changes(self, store: "Store", first: int, second: int) -> None:
        from patchfleet.report import changes_report, write_text

        self._step("patchfleet diff: changes between the two syncs")
        with store.snapshot(run_id=first) as before, store.snapshot(run_id=second) as after:
            report = changes_report(before, after, with_rows=False)
            write_text(report, self._session.console)

    def _difference(self, store: "Store", before: "CustomerWork") -> None:
        from patchfleet.store.queries import worklist

        with store.snapshot() as snapshot:
            chosen = Selection(customers=(before.customer_id,))
            (after,) = worklist(snapshot, selection=chosen)
        self._session.info(
            f"{after.customer}: {before.overdue_critical} overdue critical patches before, "
            f"{after.overdue_critical} now; {after.failed - before.failed:+} failed, "
            f"{after.reboot_required - before.reboot_required:+} waiting for a reboot"
        )

    def _reports(self, store: "Store") -> None:
        from patchfleet.report import fleet_report, save
        from patchfleet.report.deadlines import rules_in_force

        self._step("patchfleet report")
        with store.snapshot() as snapshot:
            rules = rules_in_force(DeadlineSettings(), store.intel.read)
            report = fleet_report(snapshot, rules=rules)  # its lists are read while it is written
            for name in ("fleet.xlsx", "fleet.html"):
                self._session.info(f"wrote {save(report, self._folder / name)}")
        self._session.info(f"The record is {self._record}; try:")
        self._session.info(f"  patchfleet --store {self._record} today --items")
        self._session.info(f"  patchfleet --store {self._record} nsight patches --status failed")
