"""`patchfleet qualys jobs`, `job`, `results` and `runs`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.options import CommandLineError, output_options
from patchfleet.cli.qualys.output import (
    attributes_option,
    gathered,
    page_count,
    pages_option,
    platform_option,
    say_problems,
    some,
)
from patchfleet.cli.session import Session, pass_session

if TYPE_CHECKING:
    from patchfleet.qualys import JobResultSummary

JOBS_A_PAGE = 100


def _narrowing(command: click.decorators.FC) -> click.decorators.FC:
    """Add the filters of a list of jobs."""
    for option in (
        click.option("--filter", "-f", "qql", metavar="QQL", help="Only jobs that match."),
        click.option("--owned", is_flag=True, help="Only jobs owned by this user alone."),
        click.option("--coauthored", is_flag=True, help="Only jobs co-authored by this user."),
        platform_option(),
    ):
        command = option(command)
    return command


@click.command()
@_narrowing
@attributes_option
@pages_option
@click.option(
    "--sort", metavar="FIELD", help="Sort by this field; -FIELD sorts in descending order."
)
@output_options
@pass_session
def jobs(
    session: Session,
    *,
    platform: str,
    qql: str | None,
    owned: bool,
    coauthored: bool,
    attributes: str | None,
    pages: int | None,
    sort: str | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """List deployment jobs.

    \b
    For example:
      patchfleet qualys jobs --filter 'status:`Enabled` and scheduleType:`Monthly`'
      patchfleet qualys jobs --platform linux --output jobs.xlsx
    """  # noqa: D301 -- \b is what click wants, not a backslash
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import PMJob

    with session.qualys() as client:
        listing = client.iter_jobs(
            platform,  # type: ignore[arg-type]
            page_count(pages),
            filter=qql,
            attributes=attributes,
            ownedJob=owned,
            coauthorJob=coauthored,
            pageSize=JOBS_A_PAGE,
            sort=sort,
        )
        found = gathered(session, "jobs", listing)
    say_problems(session, found)
    table = records_table("jobs", "Deployment jobs", PMJob, found)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("job_id", metavar="JOB")
@output_options
@pass_session
def job(session: Session, *, job_id: str, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """Show one job with all its settings.

    JOB is an id from `patchfleet qualys jobs`.
    """
    from patchfleet.cli.qualys.tables import fields_table

    with session.qualys() as client:
        found = client.get_job(job_id)
    say_problems(session, [found])
    session.show(fields_table("job", "Deployment job", found), as_json=as_json, outputs=outputs)


@click.command()
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Show the results of all matching jobs.")
@_narrowing
@click.option(
    "--run", metavar="NUMBER", help="Show this run, a number from `runs`, instead of the last."
)
@click.option(
    "--table",
    type=click.Choice(("results", "assets")),
    help="Only this table; a CSV or Parquet file holds just one.",
)
@output_options
@pass_session
def results(
    session: Session,
    *,
    job_ids: tuple[str, ...],
    everything: bool,
    platform: str,
    qql: str | None,
    owned: bool,
    coauthored: bool,
    run: str | None,
    table: str | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> int:
    """Show the results of jobs on every asset.

    JOB is one or more ids; --all selects every job that --filter and --platform match. A workbook
    has one sheet for the results and one for their assets.

    \b
    For example:
      patchfleet qualys results 11111111-2222-3333-4444-555555555555
      patchfleet qualys results --all --filter 'status:`Enabled`' --output results.xlsx
    """  # noqa: D301
    from patchfleet.cli.qualys.tables import results_report

    if everything == bool(job_ids):
        raise CommandLineError(
            "give jobs or --all, not both",
            hint="`patchfleet qualys jobs` lists their ids",
        )
    if run is not None and len(job_ids) != 1:
        raise CommandLineError("--run needs exactly one job", hint="give one JOB")
    asked: dict[str, Any] = {
        "platform": platform, "filter": qql, "ownedJob": owned, "coauthorJob": coauthored,
    }  # fmt: skip
    found, is_whole = _results(session, list(job_ids), run, asked)
    say_problems(session, [*found, *(view for one in found for view in one.assets or ())])
    report = results_report(found, datetime.now(UTC))
    name = "assets of results" if table == "assets" else table
    session.show(report, as_json=as_json, outputs=outputs, table=name)
    return Exit.DONE if is_whole else Exit.INCOMPLETE


def _results(
    session: Session, job_ids: list[str], run: str | None, asked: dict[str, Any]
) -> "tuple[list[JobResultSummary], bool]":
    """Return the results of `job_ids`, or of all matching jobs; and whether they are complete.

    Jobs whose id is no UUID cannot be read: a warning names them.
    """
    from patchfleet.qualys.ids import is_uuid

    with session.qualys() as client:
        if run is not None:
            return [client.get_job_results(job_ids[0], jobInstanceId=run, pageSize=100)], True
        jobs = [] if job_ids else client.list_jobs(pageSize=JOBS_A_PAGE, **asked)
        chosen = job_ids or [str(job.id) for job in jobs if is_uuid(job.id)]
        odd = [job for job in jobs if not is_uuid(job.id)]
        for job in odd:
            session.info(
                f"warning: job {job.name}: its results cannot be read, because its id is {job.id!r}"
            )
        return gathered(session, "results", client.iter_job_results(chosen, pageSize=100)), not odd


@click.command()
@click.argument("job_ids", metavar="JOB...", nargs=-1)
@output_options
@pass_session
def runs(
    session: Session, *, job_ids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the runs of jobs.

    JOB is one or more ids from `patchfleet qualys jobs`.
    """
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import PMRun

    with session.qualys() as client:
        found = client.get_job_runs(list(some(job_ids, "job")))
    say_problems(session, found)
    table = records_table("runs", "Runs of jobs", PMRun, found)
    session.show(table, as_json=as_json, outputs=outputs)
