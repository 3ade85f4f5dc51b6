"""`patchfleet intel`: vulnerability data, loaded from local files."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from patchfleet.cli.interrupted import remind
from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.options import CommandLineError, output_options
from patchfleet.cli.session import Session, pass_session

MOST_PROBLEMS = 20
"""Odd entries of one file that are listed; the others are counted."""

COMMANDS = {
    "load": ("patchfleet.cli.intel:load", "Load KEV, EPSS, SSVC or KB files into the record."),
    "list": ("patchfleet.cli.intel:listed", "List the loaded files with their dates."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Load vulnerability data: KEV, EPSS, SSVC."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dated", metavar="DAY", help="Date of the data, if the file has none.")
@pass_session
def load(session: Session, *, files: tuple[Path, ...], dated: str | None) -> None:
    """Load KEV, EPSS, SSVC or KB files into the record.

    The type of a file is detected from its content: CISA's KEV catalogue (JSON or CSV), EPSS
    scores (CSV, also .gz), SSVC assessments (JSON or CSV), Microsoft's CVRF or CSAF (JSON), or a
    table with the columns kb and cve, and optionally supersedes. All files are read before any is
    stored; entries that cannot be parsed are listed, the others are loaded.
    """
    from patchfleet.policy.intel import read_intel

    day = _day(dated) if dated else None
    read = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandLineError(f"{file}: {error.strerror}") from None
        read.append((file, content, read_intel(str(file), content, dated=day)))
    with session.store(create=True) as store:
        for file, content, intel in read:
            store.intel.add(
                intel.kind,
                content,
                dated=intel.dated,
                name=file.name,
                version=intel.version,
                rows=len(intel.rows),
                now=datetime.now(UTC),
            )
            session.info(
                f"{intel.kind}: {len(intel.rows):,} rows of {intel.dated} from {file.name}"
            )
            for problem in intel.problems[:MOST_PROBLEMS]:
                session.info(f"warning: {file.name}: {problem}")
            if len(intel.problems) > MOST_PROBLEMS:
                more = len(intel.problems) - MOST_PROBLEMS
                session.info(f"warning: {file.name}: {more:,} more entries cannot be parsed")
        remind(session, store.journal)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandLineError(f"{text!r} is not a date", hint="use the form 2026-11-20") from None


@click.command()
@output_options
@pass_session
def listed(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List the loaded files with their dates."""
    from patchfleet.report import Column, tabulate

    columns = (
        Column("kind", "What"),
        Column("name", "File"),
        Column("version", "Version"),
        Column("rows", "Rows", "integer"),
        Column("loaded_at", "Loaded", "moment"),
    )
    with session.store() as store:
        rows = store.intel.files()
    table = tabulate("intel", "Vulnerability data", columns, rows)
    days = Column("dated", "As of")
    wide = [(*row[:2], str(one.dated), *row[2:]) for row, one in zip(table.rows, rows, strict=True)]
    from patchfleet.report import Table

    shown = Table(
        name="intel", title=table.title, columns=(*columns[:2], days, *columns[2:]), rows=wide
    )
    session.show(shown, as_json=as_json, outputs=outputs)
