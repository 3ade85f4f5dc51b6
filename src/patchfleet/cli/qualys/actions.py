"""`patchfleet qualys enable`, `disable` and `delete`."""

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
    """Return the command of one change; the three differ only in their texts."""

    @click.command(
        name=name,
        help=f"{summary}\n\n{note}\n\nJOB is one or more ids from `patchfleet qualys jobs`. The "
        "jobs are read and shown before you confirm, and read again afterwards; the outcome is "
        f"{done}, unchanged or unknown.",
    )
    @click.argument("job_ids", metavar="JOB...", nargs=-1)
    @asking
    @click.option("--json", "as_json", is_flag=True, help="Print the outcome of each as JSON.")
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
                say_list(session, [_line(job) for job in jobs])
            if dry_run:
                if as_json:
                    session.show(_table(jobs, "Jobs"), as_json=True, outputs=())
                return Exit.DONE
            if not confirm(session, f"{name.capitalize()} them?", yes=yes):
                return Exit.DECLINED
            changes = act(client, chosen)
        words = {"success": done, "unknown": "unknown"}
        for one in changes:
            one.status = words.get(str(one.status), "unchanged")
            if one.message:
                session.info(f"{one.name or one.id}: {one.message}")
        table = _table(changes, "Outcome of the change")
        session.show(table, as_json=as_json, outputs=())
        return outcome(changes, chosen, done)

    return command


def _line(job: Any) -> str:
    return f"{job.name} ({job.platform}, {job.scheduleType}, {job.status})"


def _table(jobs: "Sequence[Any]", title: str) -> "Table":
    from patchfleet.report import Column, Table

    columns = (Column("name", "Job"), Column("status", "Outcome"), Column("id", "Id"))
    rows = [(one.name, one.status, one.id) for one in jobs]
    return Table(name="changes", title=title, columns=columns, rows=rows)


enable = _command(
    "enable",
    "enabled",
    "Enable jobs; an on-demand job starts immediately.",
    "A job that runs once cannot be disabled or changed after it is enabled.",
    lambda client, ids: client.change_job_status("Enabled", ids),
)
disable = _command(
    "disable",
    "disabled",
    "Disable recurring jobs.",
    "It takes up to half an hour to reach the agents.",
    lambda client, ids: client.change_job_status("Disabled", ids),
)
delete = _command(
    "delete",
    "gone",
    "Delete jobs.",
    "It takes up to half an hour to reach the agents; a job they already have still runs.",
    lambda client, ids: client.delete_job(ids),
)
