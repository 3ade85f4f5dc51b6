"""`patchfleet emulate`: an emulated vendor on a port of this machine."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import ConfigError

if TYPE_CHECKING:
    from patchfleet.emulator import Emulator, Host


@click.group()
def command() -> None:
    """Run an emulated vendor on a port of this machine."""


def _world_options(command: click.decorators.FC) -> click.decorators.FC:
    """Add what a world is made from and where it answers."""
    for option in reversed(
        (
            click.option(
                "--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 takes a free one."
            ),
            click.option(
                "--devices", type=click.IntRange(1), default=60, show_default=True,
                help="How many devices.",
            ),
            click.option(
                "--customers", type=click.IntRange(1), default=6, show_default=True,
                help="How many customers.",
            ),
            click.option(
                "--lookalikes", type=click.IntRange(0), default=0, show_default=True,
                help="So many machines of each kind that is hard to tell apart.",
            ),
            click.option(
                "--seed", type=int, default=1, show_default=True, help="The same seed, same world."
            ),
            click.option(
                "--latency", type=click.IntRange(0), default=0, show_default=True,
                help="Milliseconds a call takes.",
            ),
            click.option(
                "--start", metavar="DATE", type=click.DateTime(),
                help="What the clock says at first, in UTC: 2026-11-13 or 2026-11-13T07:00:00.",
            ),
            click.option(
                "--json", "as_json", is_flag=True, help="Print one line of JSON when ready."
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _emulator(
    *, devices: int, customers: int, seed: int, latency: int, start: datetime | None, **more: Any
) -> "Emulator":
    from patchfleet.emulator import Emulator

    try:
        return Emulator(
            customers=customers,
            devices=devices,
            seed=seed,
            latency_ms=latency,
            start=start.replace(tzinfo=UTC) if start else None,
            **more,
        )
    except ValueError as problem:
        raise ConfigError(
            f"no such world can be emulated: {problem}", hint="change the options of the command"
        ) from None


@command.command()
@_world_options
@pass_session
def nsight(session: Session, /, *, port: int, as_json: bool, **world: Any) -> None:
    """Emulate N-able N-sight RMM until interrupted.

    Its state changes with approvals and with a clock that moves only when told, by the control API
    described in docs/emulator.md.
    """

    def ready(host: "Host") -> None:
        account = host.emulator.qualys
        if as_json:
            where = {
                "url": host.url,
                "api_key": host.api_key,
                "control_url": host.control_url,
                "qualys_username": account.username,
                "qualys_password": account.password,
            }
            click.echo(json.dumps(where))
            return
        click.echo(f"url          {host.url}")
        click.echo(f"api key      {host.api_key}")
        click.echo(f"control url  {host.control_url}")
        session.say("")
        session.say("In another terminal:")
        session.say(f"  export PATCHFLEET_NSIGHT_URL={host.url}")
        session.say(f"  export PATCHFLEET_NSIGHT_KEY={host.api_key}")
        session.say("  patchfleet --store try.db sync")
        session.say("The same machines at Qualys, read by the same sync:")
        session.say(f"  export PATCHFLEET_QUALYS_URL={host.url}")
        session.say(f"  export PATCHFLEET_QUALYS_USERNAME={account.username}")
        session.say(f"  export PATCHFLEET_QUALYS_PASSWORD={account.password}")
        session.say("Ctrl-C ends it.")

    _serve(_emulator(**world), port, ready)


@command.command()
@_world_options
@click.option("--https", is_flag=True, help="Answer over TLS, by an authority made for this run.")
@click.option("--assets", type=click.IntRange(0), help="Exactly so many assets, to measure with.")
@click.option("--patches", type=click.IntRange(0), help="Exactly so many Windows patches.")
@click.option("--jobs", type=click.IntRange(0), help="Exactly so many finished jobs.")
@pass_session
def qualys(
    session: Session,
    /,
    *,
    port: int,
    as_json: bool,
    https: bool,
    assets: int | None,
    patches: int | None,
    jobs: int | None,
    **world: Any,
) -> None:
    """Emulate Qualys Patch Management and its inventory until interrupted.

    Jobs run when the clock says so, and it moves only when told, by the control API described in
    docs/emulator.md. The same machines answer as N-sight beside it.
    """
    emulator = _emulator(**world, qualys_assets=assets, qualys_patches=patches, qualys_jobs=jobs)

    def ready(host: "Host") -> None:
        account = emulator.qualys
        if as_json:
            where = {
                "url": host.url,
                "username": account.username,
                "password": account.password,
                "control_url": host.control_url,
                "ca_file": host.ca_file,
            }
            click.echo(json.dumps(where))
            return
        click.echo(f"url          {host.url}")
        click.echo(f"username     {account.username}")
        click.echo(f"password     {account.password}")
        click.echo(f"control url  {host.control_url}")
        if host.ca_file:
            click.echo(f"ca file      {host.ca_file}")
        session.say("")
        session.say("In another terminal:")
        session.say(f"  export PATCHFLEET_QUALYS_URL={host.url}")
        session.say(f"  export PATCHFLEET_QUALYS_USERNAME={account.username}")
        session.say(f"  export PATCHFLEET_QUALYS_PASSWORD={account.password}")
        if host.ca_file:
            session.say(f"  export PATCHFLEET_QUALYS_CA_FILE={host.ca_file}")
        session.say("  patchfleet qualys jobs")
        session.say("Ctrl-C ends it.")

    _serve(emulator, port, ready, https=https)


def _serve(
    emulator: "Emulator", port: int, ready: "Callable[[Host], None]", *, https: bool = False
) -> None:
    try:
        emulator.serve_forever(port, on_ready=ready, https=https)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"port {port} cannot be used: {reason}", hint="--port 0 takes a free one"
        ) from None
