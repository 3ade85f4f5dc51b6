"""`patchfleet report`: reports for customers and auditors."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from patchfleet.cli.options import check_names, device_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import CustomerRef, Selection
from patchfleet.models.fleet import customer_home
from patchfleet.policy.packs import NAMES as PACKS
from patchfleet.report.registry import REPORTS, ReportRequest

if TYPE_CHECKING:
    from patchfleet.report import Report

_DEFAULT = next(iter(REPORTS))
SUMMARY = f"Write a report: {', '.join(REPORTS)}."


def _help() -> str:
    width = max(map(len, REPORTS))
    kinds = (
        f"{kind.name:{width}}  {kind.summary}{' (the default)' if kind.name == _DEFAULT else ''}"
        for kind in REPORTS.values()
    )
    examples = [f"  patchfleet {kind.example}" for kind in REPORTS.values() if kind.example]
    lines = (*kinds, "For example:", *examples, "  patchfleet report --all-customers reports")
    return "\n".join((SUMMARY, "", "\b", *lines))


@click.command(help=_help())
@click.argument("kind", type=click.Choice(tuple(REPORTS)), default=_DEFAULT)
@device_options
@click.option("--overdue-after", type=click.IntRange(0), help="Days allowed for a critical patch.")
@click.option(
    "--pack",
    metavar="PACK",
    type=click.Choice(PACKS),
    help="Standard whose deadlines apply, such as pci-dss-4.0.1.",
)
@click.option(
    "--all-customers",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write one report for each customer, and an overview, into this folder.",
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
    """Write one report, or one for each customer."""
    report = REPORTS[kind]
    settings = session.settings
    days = settings.today.overdue_after_days if overdue_after is None else overdue_after
    with session.store() as store, store.snapshot(with_history=report.needs_history) as snapshot:
        session.warn_repaired(snapshot)
        check_names(snapshot, selection)
        request = ReportRequest(
            snapshot=snapshot,
            selection=selection,
            overdue_after_days=days,
            deadlines=replace(settings.deadlines, pack=pack) if pack else settings.deadlines,
            intel=store.intel.read,
        )
        if folder is None:
            made = report.build(request)
            session.show(made, as_json=as_json, outputs=outputs, table=table)
        elif outputs or as_json or table:
            raise click.UsageError("--all-customers writes files: leave the other output out")
        else:
            _save_per_customer(session, request, report.build, folder)


def _save_per_customer(
    session: Session,
    request: ReportRequest,
    build: "Callable[[ReportRequest], Report]",
    folder: Path,
) -> None:
    from patchfleet.report.per_customer import save_per_customer
    from patchfleet.store.queries import customers

    snapshot, selection = request.snapshot, request.selection
    homes: dict[str, list[CustomerRef]] = {}
    for row in customers(snapshot, selection):
        ref = CustomerRef(row.source, row.customer_id, row.customer)
        homes.setdefault(customer_home(ref.source, ref.id), []).append(ref)
    names = [refs[0].name for refs in homes.values()]
    reports = (
        (
            refs[0].name
            if names.count(refs[0].name) == 1
            else f"{refs[0].name} ({', '.join(dict.fromkeys(ref.source for ref in refs))})",
            build(request.narrowed(replace(selection, only=tuple(refs)))),
        )
        for refs in homes.values()
    )
    coverage = snapshot.coverage(selection)
    saved = save_per_customer(reports, folder, (".xlsx", ".html"), coverage=coverage)
    session.info(f"wrote {len(saved.customers):,} reports and {saved.overview[0]}")
