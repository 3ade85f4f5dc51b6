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
    """Add the options of the emulated fleet and of its address."""
    for option in reversed(
        (
            click.option(
                "--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 picks a free one."
            ),
            click.option(
                "--devices", type=click.IntRange(1), default=60, show_default=True,
                help="Number of devices.",
            ),
            click.option(
                "--customers", type=click.IntRange(1), default=6, show_default=True,
                help="Number of customers.",
            ),
            click.option(
                "--lookalikes", type=click.IntRange(0), default=0, show_default=True,
                help="Number of machines of each kind that is hard to tell apart.",
            ),
            click.option(
                "--seed", type=int, default=1, show_default=True,
                help="The same seed gives the same fleet.",
            ),
            click.option(
                "--latency", type=click.IntRange(0), default=0, show_default=True,
                help="Milliseconds each call takes.",
            ),
            click.option(
                "--start", metavar="DATE", type=click.DateTime(),
                help="Start of the emulated clock, in UTC: 2026-11-13 or 2026-11-13T07:00:00.",
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
            f"this fleet cannot be emulated: {problem}", hint="change the options of the command"
        ) from None


def _command(
    name: str,
    text: str,
    account: "Callable[[Host], dict[str, str | None]]",
    steps: "Callable[[Host], list[str]]",
) -> click.Command:
    """Return the command of one vendor: `account` is what --json prints, `steps` what to type next.

    Without --json the account is printed line by line; credentials of the other vendor are in
    `steps` only.
    """

    @click.command(name, help=text)
    @_world_options
    @pass_session
    def emulate(
        session: Session, /, *, port: int, as_json: bool, https: bool = False, **world: Any
    ) -> None:
        def ready(host: "Host") -> None:
            printed = account(host)
            if as_json:
                click.echo(json.dumps(printed))
                return
            for key, value in printed.items():
                if value and not key.startswith("qualys_"):
                    click.echo(f"{key.replace('_', ' '):<13}{value}")
            for line in ("", "In another terminal:", *steps(host), "Press Ctrl-C to stop."):
                session.info(line)

        _serve(_emulator(**world), port, ready, https=https)

    return emulate


def _nsight_account(host: "Host") -> dict[str, str | None]:
    return {
        "url": host.url,
        "api_key": host.api_key,
        "control_url": host.control_url,
        "qualys_username": host.emulator.qualys.username,
        "qualys_password": host.emulator.qualys.password,
    }


def _nsight_steps(host: "Host") -> list[str]:
    return [
        f"  export PATCHFLEET_NSIGHT_URL={host.url}",
        f"  export PATCHFLEET_NSIGHT_KEY={host.api_key}",
        "  patchfleet --store try.db sync",
        "To let the same sync read the same machines from Qualys:",
        *_qualys_variables(host),
    ]


def _qualys_account(host: "Host") -> dict[str, str | None]:
    return {
        "url": host.url,
        "username": host.emulator.qualys.username,
        "password": host.emulator.qualys.password,
        "control_url": host.control_url,
        "ca_file": host.ca_file,
    }


def _qualys_steps(host: "Host") -> list[str]:
    authority = [f"  export PATCHFLEET_QUALYS_CA_FILE={host.ca_file}"] if host.ca_file else []
    return [*_qualys_variables(host), *authority, "  patchfleet qualys jobs"]


def _qualys_variables(host: "Host") -> list[str]:
    account = host.emulator.qualys
    return [
        f"  export PATCHFLEET_QUALYS_URL={host.url}",
        f"  export PATCHFLEET_QUALYS_USERNAME={account.username}",
        f"  export PATCHFLEET_QUALYS_PASSWORD={account.password}",
    ]


nsight = _command(
    "nsight",
    """Emulate N-able N-sight RMM until interrupted.

    Approvals change its state, and so does its clock, which moves only through the control API; see
    docs/emulator.md.
    """,
    _nsight_account,
    _nsight_steps,
)
qualys = _command(
    "qualys",
    """Emulate Qualys Patch Management and its inventory until interrupted.

    Jobs run by the emulated clock, which moves only through the control API; see docs/emulator.md.
    The same machines answer as N-sight at the same address.
    """,
    _qualys_account,
    _qualys_steps,
)
for option in (
    click.option(
        "--https",
        is_flag=True,
        help="Answer over TLS, with a certificate authority made for this run.",
    ),
    click.option(
        "--assets",
        "qualys_assets",
        type=click.IntRange(0),
        help="Exact number of assets, for benchmarks.",
    ),
    click.option(
        "--patches",
        "qualys_patches",
        type=click.IntRange(0),
        help="Exact number of Windows patches.",
    ),
    click.option(
        "--jobs", "qualys_jobs", type=click.IntRange(0), help="Exact number of finished jobs."
    ),
):
    option(qualys)
command.add_command(nsight)
command.add_command(qualys)


def _serve(
    emulator: "Emulator", port: int, ready: "Callable[[Host], None]", *, https: bool = False
) -> None:
    try:
        emulator.serve_forever(port, on_ready=ready, https=https)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"port {port} cannot be used: {reason}", hint="--port 0 picks a free one"
        ) from None
