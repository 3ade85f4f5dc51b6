"""`patchfleet emulate`: an emulated vendor on a port of this machine."""

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import ConfigError

if TYPE_CHECKING:
    from patchfleet.emulator import Host


@click.group()
def command() -> None:
    """Run an emulated vendor on a port of this machine."""


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 takes a free one.")
@click.option(
    "--devices", type=click.IntRange(1), default=60, show_default=True, help="How many devices."
)
@click.option(
    "--customers", type=click.IntRange(1), default=6, show_default=True, help="How many customers."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, same world.")
@click.option(
    "--latency",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Milliseconds a call takes.",
)
@click.option(
    "--start",
    metavar="DATE",
    type=click.DateTime(),
    help="What the clock says at first, in UTC: 2026-11-13 or 2026-11-13T07:00:00.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@pass_session
def nsight(
    session: Session,
    *,
    port: int,
    devices: int,
    customers: int,
    seed: int,
    latency: int,
    start: datetime | None,
    as_json: bool,
) -> None:
    """Emulate N-able N-sight RMM until interrupted.

    Its state changes with approvals and with a clock that moves only when told, by the control API
    described in docs/emulator.md.
    """
    from patchfleet.emulator import Emulator

    emulator = Emulator(
        customers=customers,
        devices=devices,
        seed=seed,
        latency_ms=latency,
        start=start.replace(tzinfo=UTC) if start else None,
    )

    def ready(host: "Host") -> None:
        if as_json:
            where = {"url": host.url, "api_key": host.api_key, "control_url": host.control_url}
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
        session.say("Ctrl-C ends it.")

    try:
        emulator.serve_forever(port, on_ready=ready)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"port {port} cannot be used: {reason}", hint="--port 0 takes a free one"
        ) from None
