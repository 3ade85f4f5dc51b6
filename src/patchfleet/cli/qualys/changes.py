"""`patchfleet qualys enable`, `disable` and `delete`: shown, agreed to, done."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.exits import Exit
from patchfleet.cli.qualys.agreement import asking, is_agreed, outcome, say_list
from patchfleet.cli.qualys.reading import some
from patchfleet.cli.session import Session, pass_session

if TYPE_CHECKING:
    from patchfleet.qualys import Qualys


def _command(
    name: str, summary: str, note: str, act: "Callable[[Qualys, list[str]], Any]"
) -> click.Command:
    """Make the command of one change; the three differ in nothing but their words."""

    @click.command(
        name=name,
        help=f"{summary}\n\n{note}\n\nJOB is one id or several, as `patchfleet qualys jobs` shows "
        "them. The jobs are read, shown and asked about before anything is sent.",
    )
    @click.argument("job_ids", metavar="JOB...", nargs=-1)
    @asking
    @click.option("--json", "as_json", is_flag=True, help="Print what became of each as JSON.")
    @pass_session
    def command(
        session: Session,
        /,
        *,
        job_ids: tuple[str, ...],
        dry_run: bool,
        yes: bool,
        as_json: bool,
    ) -> int:
        from patchfleet.report import Column, Table
        from patchfleet.report.spelling import counted

        chosen = list(dict.fromkeys(some(job_ids, "job")))
        with session.qualys() as client:
            jobs = [client.get_job(one) for one in chosen]
            session.say(f"{name}: {counted(len(jobs), 'job')}")
            say_list(
                session,
                [f"{job.name} ({job.platform}, {job.scheduleType}, {job.status})" for job in jobs],
            )
            if dry_run:
                return Exit.DONE
            if not is_agreed(session, f"{name.capitalize()} them?", yes=yes):
                return Exit.DECLINED
            changes = act(client, chosen)
        columns = (Column("name", "Job"), Column("status", "Outcome"), Column("id", "Id"))
        named = {job.id: job.name for job in jobs}
        rows = [(one.name or named.get(one.id), one.status, one.id) for one in changes]
        table = Table(name="changes", title="What became of the jobs", columns=columns, rows=rows)
        session.show(table, as_json=as_json, outputs=())
        for one in changes:
            if one.extra.get("message"):
                session.say(f"{named.get(one.id, one.id)}: {one.extra['message']}")
        return outcome(changes)

    return command


enable = _command(
    "enable",
    "Enable jobs: those that run once start.",
    "A job that runs once is enabled once, and cannot be disabled or changed afterwards.",
    lambda client, ids: client.change_job_status("Enabled", ids),
)
disable = _command(
    "disable",
    "Disable jobs that repeat.",
    "It takes up to half an hour until agents know of it.",
    lambda client, ids: client.change_job_status("Disabled", ids),
)
delete = _command(
    "delete",
    "Delete jobs.",
    "It takes up to half an hour until agents know of it; a job that they have already runs.",
    lambda client, ids: client.delete_job(ids),
)
