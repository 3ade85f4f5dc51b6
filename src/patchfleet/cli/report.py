"""`patchfleet report`: what a customer pays for and an auditor accepts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from msgspec.structs import replace

from patchfleet.cli.options import check_names, device_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import CustomerRef, Selection
from patchfleet.policy.packs import NAMES as PACKS

if TYPE_CHECKING:
    from patchfleet.report import Report
    from patchfleet.store import Snapshot, Store
    from patchfleet.store.queries import CustomerRow

NAMES = ("posture", "overdue", "ageing", "history", "jobs")


@click.command()
@click.argument("kind", type=click.Choice(NAMES), default="posture")
@device_options
@click.option("--overdue-after", type=click.IntRange(0), help="Days a critical patch may take.")
@click.option(
    "--pack",
    metavar="PACK",
    type=click.Choice(PACKS),
    help="The standard that `overdue` judges by, such as pci-dss-4.0.1.",
)
@click.option(
    "--all-customers",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="One report for each customer into this folder, and an overview.",
)
@output_options
@click.option("--table", metavar="NAME", help="Only this table of the report; a CSV holds one.")
@pass_session
def command(
    session: Session,
    *,
    kind: str,
    selection: Selection,
    overdue_after: int | None,
    pack: str | None,
    folder: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    table: str | None,
) -> None:
    """Write a report: posture, overdue, ageing, history, jobs.

    \b
    posture   how everything stands now (the default)
    overdue   every open patch against the deadlines of a standard
    ageing    how long patches stay open, and how fast they are closed
    history   how the fleet came to stand so, sync by sync
    jobs      what deployment jobs did
    For example:
      patchfleet report --output fleet.xlsx --output fleet.html
      patchfleet report overdue --pack pci-dss-4.0.1 --customer "Acme*" --output acme.html
      patchfleet report posture --all-customers reports
    """  # noqa: D301 -- \b is what click wants, not a backslash
    days = session.settings.today.overdue_after_days if overdue_after is None else overdue_after
    with _opened(session, kind) as (store, snapshot):
        check_names(snapshot, selection)
        asked = _Asked(session, store, snapshot, days, pack)
        make = partial(KINDS[kind], asked)
        if folder is not None:
            if outputs or as_json or table:
                raise click.UsageError("--all-customers writes files: leave the other output out")
            _save_each(session, snapshot, selection, make, folder)
            return
        report = make(selection)
        session.show(report, as_json=as_json, outputs=outputs, table=table)


@contextmanager
def _opened(session: Session, kind: str) -> "Iterator[tuple[Store, Snapshot]]":
    with_history = kind in ("history", "ageing")
    with session.store() as store, store.snapshot(with_history=with_history) as snapshot:
        session.warn_repaired(snapshot)
        yield store, snapshot


class _Asked(NamedTuple):
    """Everything that a report is made from, but for the selection."""

    session: Session
    store: "Store"
    snapshot: "Snapshot"
    overdue_after_days: int
    pack: str | None


def _posture(asked: _Asked, selection: Selection) -> "Report":
    from patchfleet.report import fleet_report

    return fleet_report(
        asked.snapshot,
        selection=selection,
        overdue_after_days=asked.overdue_after_days,
    )


def _overdue(asked: _Asked, selection: Selection) -> "Report":
    from patchfleet.policy import load
    from patchfleet.report.deadlines import threat_data
    from patchfleet.report.overdue import overdue_report

    settings = asked.session.settings.deadlines
    return overdue_report(
        asked.snapshot,
        load(asked.pack or settings.pack),
        threat_data(asked.store.intel(), ("kev", "epss", "ssvc", "kb")),
        zone=settings.time_zone,
        selection=selection,
    )


def _ageing(asked: _Asked, selection: Selection) -> "Report":
    from patchfleet.report.ageing import ageing_report

    return ageing_report(asked.snapshot, selection=selection)


def _history(asked: _Asked, selection: Selection) -> "Report":
    from patchfleet.report.history import trend_report

    return trend_report(asked.snapshot, selection=selection)


def _jobs(asked: _Asked, selection: Selection) -> "Report":
    from patchfleet.report.jobs import jobs_report

    return jobs_report(asked.snapshot, selection=selection)


KINDS: "dict[str, Callable[[_Asked, Selection], Report]]" = {
    "posture": _posture,
    "overdue": _overdue,
    "ageing": _ageing,
    "history": _history,
    "jobs": _jobs,
}


def _exactly(row: "CustomerRow") -> CustomerRef:
    return CustomerRef(row.source, row.customer_id, row.customer)


def _save_each(
    session: Session,
    snapshot: "Snapshot",
    selection: Selection,
    make: "Callable[[Selection], Report]",
    folder: Path,
) -> None:
    from patchfleet.report.per_customer import save_per_customer
    from patchfleet.store.queries import customers

    rows = customers(snapshot, selection)
    names = [row.customer for row in rows]
    reports = (
        (
            row.customer if names.count(row.customer) == 1 else f"{row.customer} ({row.source})",
            make(
                replace(selection, only=(CustomerRef(row.source, row.customer_id, row.customer),))
            ),
        )
        for row in rows
    )
    coverage = snapshot.coverage(selection)
    saved = save_per_customer(reports, folder, (".xlsx", ".html"), coverage=coverage)
    session.info(f"wrote {len(saved.customers):,} reports and {saved.overview[0]}")
