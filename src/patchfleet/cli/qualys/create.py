"""`patchfleet qualys create`, `update` and `clone`.

The common parameters of a job are options; all others are given by name, such as
`--set preDeployment="…"`. The library validates the job. Invariant: nothing is sent that was not
shown (tests/cli/test_cli_qualys_changes.py).
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.options import CommandLineError
from patchfleet.cli.qualys.confirm import asking, changing, confirm, looking
from patchfleet.cli.session import Session, pass_session

if TYPE_CHECKING:
    from patchfleet.qualys import Qualys

LONGEST = 400
SCHEDULES = ("On-demand", "Once", "Daily", "Weekly", "Monthly")


def _settings(command: click.decorators.FC) -> click.decorators.FC:
    """Add the parameters shared by create, update and clone."""
    for option in (
        click.option("--description", help="Description; Patchfleet appends its marker."),
        click.option(
            "--query", "qql", metavar="QQL", help="Install the patches that match this query."
        ),
        click.option(
            "--patch",
            "patches",
            metavar="ID",
            multiple=True,
            help="Install this patch; repeatable.",
        ),
        click.option(
            "--asset",
            "assets",
            metavar="ID",
            multiple=True,
            help="Run on this asset, by agent id; repeatable.",
        ),
        click.option(
            "--tag",
            "tags",
            metavar="NAME",
            multiple=True,
            help="Run on assets with this tag, by name or id; repeatable.",
        ),
        click.option(
            "--hosts",
            "host_query",
            metavar="QQL",
            help="Run on the hosts of the inventory that match now.",
        ),
        click.option(
            "--start", metavar="TIME", help="Start time, for example '2026-12-09 01:30:00 AM'."
        ),
        click.option(
            "--timezone", metavar="ZONE", help="Time zone of the start, for example Europe/Berlin."
        ),
        click.option(
            "--set",
            "others",
            metavar="NAME=VALUE",
            multiple=True,
            help="Any other parameter of create_job; the value may be JSON.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@click.option(
    "--platform",
    "-P",
    type=click.Choice(("Windows", "Linux"), case_sensitive=False),
    required=True,
    help="Platform of the job.",
)
@click.option(
    "--schedule", type=click.Choice(SCHEDULES, case_sensitive=False), default="On-demand",
    show_default=True, help="When the job runs.",
)  # fmt: skip
@click.option("--rollback", is_flag=True, help="Uninstall patches instead of installing them.")
@click.option(
    "--enabled", is_flag=True, help="Enable the job; an on-demand job starts immediately."
)
@_settings
@asking
@looking
@click.option("--json", "as_json", is_flag=True, help="Print the id as JSON.")
@pass_session
def create(
    session: Session,
    /,
    *,
    name: str,
    platform: Any,
    schedule: Any,
    rollback: bool,
    enabled: bool,
    dry_run: bool,
    yes: bool,
    after_looking: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Create a deployment job.

    The job is shown before you confirm, and is disabled unless --enabled is given. If the response
    is lost, Patchfleet looks for the job before it sends again, so that it is never created twice.
    Without --dry-run it shows the fields that are set and asks for confirmation.

    \b
    For example:
      patchfleet qualys create "Critical on servers" --platform windows \\
          --query 'vendorSeverity:`Critical`' --tag Servers --dry-run
    """  # noqa: D301
    from patchfleet.qualys.jobs.body import create_body

    with changing(session, dry_run=dry_run, makes=True, after_looking=after_looking) as client:
        parameters = _parameters(session, client, given)
        if enabled:
            parameters["status"] = "Enabled"
        kind: Any = "Rollback" if rollback else "Install"
        body = create_body(platform, name, kind, schedule, **parameters)
        _show_body(session, body, as_data=dry_run)
        if dry_run:
            return Exit.DONE
        if not confirm(session, "Create it?", yes=yes):
            return Exit.DECLINED
        created = client.create_job(platform, name, kind, schedule, **parameters)
        _say_created(session, created, as_json=as_json)
    return Exit.DONE


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--name", help="New name.")
@_settings
@asking
@pass_session
def update(
    session: Session,
    /,
    *,
    job_id: str,
    name: str | None,
    dry_run: bool,
    yes: bool,
    **given: Any,
) -> int:
    """Change a job that repeats or has not run yet.

    Parameters that are not given stay as they are. A job that runs once can be changed until it is
    enabled.
    """
    from patchfleet.qualys.jobs.body import job_changes

    with changing(session, dry_run=dry_run) as client:
        changes: Any = _parameters(session, client, given)
        if name is not None:
            changes["name"] = name
        shown = job_changes(**changes)
        if not shown:
            raise CommandLineError("nothing to change", hint="give at least one parameter")
        job = client.get_job(job_id)
        session.info(f"{job.name} ({job.platform}, {job.scheduleType}, {job.status})")
        _show_body(session, shown, as_data=dry_run)
        if dry_run:
            return Exit.DONE
        if not confirm(session, "Change it?", yes=yes):
            return Exit.DECLINED
        client.update_job(job, **changes)
    click.echo(f"Job {job_id} ({name or job.name}) updated.")
    return Exit.DONE


@click.command()
@click.argument("job_id", metavar="JOB")
@click.argument("name")
@_settings
@asking
@looking
@click.option("--json", "as_json", is_flag=True, help="Print the id as JSON.")
@pass_session
def clone(
    session: Session,
    /,
    *,
    job_id: str,
    name: str,
    dry_run: bool,
    yes: bool,
    after_looking: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Create a copy of a job under another name.

    The copy is disabled; it takes all other parameters from the original unless they are given.
    """
    from patchfleet.qualys.jobs.body import job_changes
    from patchfleet.qualys.operations.job_changes import clone_body

    with changing(session, dry_run=dry_run, makes=True, after_looking=after_looking) as client:
        changes: Any = _parameters(session, client, given)
        job = client.get_job(job_id)
        session.info(f"copy of {job.name} ({job.platform}, {job.scheduleType}):")
        body = clone_body(job, {**job_changes(**changes), "name": name})
        _show_body(session, body, as_data=dry_run)
        if dry_run:
            return Exit.DONE
        if not confirm(session, "Create it?", yes=yes):
            return Exit.DECLINED
        created = client.clone_job(job, name, **changes)
        _say_created(session, created, as_json=as_json)
    return Exit.DONE


def _say_created(session: Session, created: Any, *, as_json: bool) -> None:
    if created.was_there:
        session.info("an interrupted command had already created it; nothing was sent now")
    click.echo(json.dumps({"id": created.id, "name": created.name}) if as_json else str(created))


def _show_body(session: Session, body: dict[str, Any], *, as_data: bool) -> None:
    """Print the body: as JSON if `as_data`, else only the fields that are set."""
    if as_data:
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return
    for name, value in body.items():
        if value not in (None, "", [], {}, False):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            session.info(f"  {name:<24} {text if len(text) <= LONGEST else text[:LONGEST] + '…'}")


def _parameters(session: Session, client: "Qualys", given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a job, with tags and hosts looked up."""
    found = _named(given["others"])
    named = {
        "description": given["description"],
        "dynamicPatchesQQL": given["qql"],
        "approvedPatches": list(given["patches"]) or None,
        "startDateTime": given["start"],
        "timezone": given["timezone"],
        "assetTagIds": _tag_ids(client, given["tags"]) or None,
        "assetIds": _asset_ids(session, client, given) or None,
    }
    for name, value in named.items():
        if value is not None:
            if name in found:
                raise CommandLineError(f"{name} is given twice", hint="one of them is in --set")
            found[name] = value
    return found


def _named(pairs: Iterable[str]) -> dict[str, Any]:
    """Parse NAME=VALUE; a value may be JSON: true, 5, a list, an object."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            raise CommandLineError(
                f"--set '{pair}' is not NAME=VALUE", hint="for example minimizeWindow=true"
            )
        if name.strip() in found:
            raise CommandLineError(f"--set {name.strip()} is given twice")
        try:
            found[name.strip()] = json.loads(text)
        except ValueError:
            found[name.strip()] = text
    return found


def _tag_ids(client: "Qualys", tags: tuple[str, ...]) -> list[str]:
    from patchfleet.errors import ConfigError
    from patchfleet.qualys.ids import uuid_text

    ids: list[str] = []
    for tag in tags:
        try:
            ids.append(uuid_text("--tag", tag))
        except ConfigError:  # not an id, so a name
            ids.append(client.get_tag_id(tag))
    return ids


def _asset_ids(session: Session, client: "Qualys", given: dict[str, Any]) -> list[str]:
    """Return the ids of the assets given, and of the hosts that match now."""
    ids = list(given["assets"])
    if given["host_query"] is None:
        return ids
    hosts = client.query_assets(filter=given["host_query"], includeFields="agentId")
    agents = [host.agentId for host in hosts if host.agentId]
    if len(agents) < len(hosts):
        session.info(f"{len(hosts) - len(agents):,} of {len(hosts):,} hosts have no agent")
    if not agents:
        raise CommandLineError(
            "no host with an agent matches", hint="`patchfleet qualys hosts` lists hosts"
        )
    return [*ids, *agents]
