"""`patchfleet qualys enable`, `disable` and `delete`: shown, agreed to, done."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.qualys.confirm import asking, changing, confirm, outcome, say_list
from patchfleet.cli.qualys.output import some
from patchfleet.cli.session import Session, pass_session

if TYPE_CHECKING:
    from patchfleet.qualys import Qualys
    from patchfleet.report import Table


def _command(
    name: str, done: str, summary: str, note: str, act: "Callable[[Qualys, list[str]], Any]"
) -> click.Command:
    """Make the command of one change; the three differ in nothing but their words."""

    @click.command(
        name=name,
        help=f"{summary}\n\n{note}\n\nJOB is one id or several, as `patchfleet qualys jobs` shows "
        "them. The jobs are read, shown and asked about before anything is sent, and read again "
        f"after it: {done}, unchanged or unknown.",
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
        from patchfleet.report.wording import plural

        chosen = list(dict.fromkeys(some(job_ids, "job")))
        with changing(session, dry_run=dry_run) as client:
            jobs = [client.get_job(one) for one in chosen]
            if not (dry_run and as_json):
                session.info(f"{name}: {plural(len(jobs), 'job')}")
                say_list(session, [_told(job) for job in jobs])
            if dry_run:
                if as_json:
                    session.show(_table(jobs, "The jobs"), as_json=True, outputs=())
                return Exit.DONE
            if not confirm(session, f"{name.capitalize()} them?", yes=yes):
                return Exit.DECLINED
            changes = act(client, chosen)
        words = {"success": done, "unknown": "unknown"}
        for one in changes:
            one.status = words.get(str(one.status), "unchanged")
            if one.message:
                session.info(f"{one.name or one.id}: {one.message}")
        table = _table(changes, "What became of the jobs")
        session.show(table, as_json=as_json, outputs=())
        return outcome(changes, chosen, done)

    return command


def _told(job: Any) -> str:
    return f"{job.name} ({job.platform}, {job.scheduleType}, {job.status})"


def _table(jobs: "Sequence[Any]", title: str) -> "Table":
    from patchfleet.report import Column, Table

    columns = (Column("name", "Job"), Column("status", "Outcome"), Column("id", "Id"))
    rows = [(one.name, one.status, one.id) for one in jobs]
    return Table(name="changes", title=title, columns=columns, rows=rows)


enable = _command(
    "enable",
    "enabled",
    "Enable jobs: those that run once start.",
    "A job that runs once is enabled once, and cannot be disabled or changed afterwards.",
    lambda client, ids: client.change_job_status("Enabled", ids),
)
disable = _command(
    "disable",
    "disabled",
    "Disable jobs that repeat.",
    "It takes up to half an hour until agents know of it.",
    lambda client, ids: client.change_job_status("Disabled", ids),
)
delete = _command(
    "delete",
    "gone",
    "Delete jobs.",
    "It takes up to half an hour until agents know of it; a job that they have already runs.",
    lambda client, ids: client.delete_job(ids),
)
