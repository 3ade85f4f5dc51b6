"""Options shared by commands: filters on devices and findings, and output."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from patchfleet.models import SEVERITIES, STATES, Selection

F = TypeVar("F", bound=Callable[..., Any])


def output_options(command: F) -> F:
    """Add --json and --output, as `as_json` and `outputs`."""
    command = click.option(
        "--output",
        "outputs",
        metavar="FILE",
        type=click.Path(path_type=Path),
        multiple=True,
        callback=_checked_outputs,
        help="Write to this file: .xlsx, .html, .md, .csv, .json or .parquet; repeatable.",
    )(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(
        command
    )


def _checked_outputs(
    ctx: click.Context,  # noqa: ARG001 -- click's signature
    param: click.Parameter,  # noqa: ARG001
    value: tuple[Path, ...],
) -> tuple[Path, ...]:
    """Refuse a file that cannot be written, before any work is done."""
    if value:
        from patchfleet.report import check_destination

        for path in value:
            check_destination(path)
    return value


def device_options(command: F) -> F:
    """Add the options that filter devices; the command receives one `Selection`."""
    return _selecting(command, _DEVICE_OPTIONS)


def finding_options(command: F) -> F:
    """Add the options that filter findings; the command receives one `Selection`."""
    return _selecting(command, (*_DEVICE_OPTIONS, *_PATCH_OPTIONS))


class CommandLineError(click.UsageError):
    """An invalid command line, with a hint."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def named(
    ctx: click.Context,  # noqa: ARG001 -- click's signature
    param: click.Parameter,
    value: tuple[str, ...],
) -> tuple[str, ...]:
    """Refuse an empty name and a bare `KB`: an empty shell variable must not select everything."""
    for term in value:
        if term.strip().casefold() in {"", "kb"}:
            raise CommandLineError(
                f"{param.opts[0] if isinstance(param, click.Option) else 'PATCH'} '{term}' "
                + ("lacks its number" if term.strip() else "is empty"),
                hint="is a variable empty?"
                + ("" if param.required else " Leave the option out to select all"),
            )
    return value


customer_option = click.option(
    "--customer",
    "-c",
    "customers",
    metavar="NAME",
    multiple=True,
    callback=named,
    help="Only this customer, by name or id; * and ? are wildcards.",
)

_DEVICE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--account",
        "accounts",
        metavar="NAME",
        multiple=True,
        callback=named,
        help="Only this account; * and ? are wildcards.",
    ),
    customer_option,
    click.option(
        "--site",
        "sites",
        metavar="NAME",
        multiple=True,
        callback=named,
        help="Only this site, by name or id.",
    ),
    click.option(
        "--device",
        "-d",
        "devices",
        metavar="NAME",
        multiple=True,
        callback=named,
        help="Only this device, by name or id.",
    ),
    click.option("--servers", is_flag=True, help="Only servers."),
    click.option("--workstations", is_flag=True, help="Only workstations."),
)

_PATCH_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--title",
        "titles",
        metavar="PATCH",
        multiple=True,
        callback=named,
        help="Only this patch: a KB number or part of a title.",
    ),
    click.option(
        "--severity",
        "severities",
        metavar="WORD",
        multiple=True,
        type=click.Choice(SEVERITIES),
        help=f"Only this severity: {', '.join(SEVERITIES)}.",
    ),
    click.option(
        "--status",
        "states",
        metavar="WORD",
        multiple=True,
        type=click.Choice(STATES),
        help=f"Only patches in this state: {', '.join(STATES)}.",
    ),
)


def _selecting(command: F, options: tuple[Callable[[Any], Any], ...]) -> F:
    @wraps(command)
    def with_selection(
        *args: Any,
        accounts: tuple[str, ...] = (),
        customers: tuple[str, ...],
        sites: tuple[str, ...],
        devices: tuple[str, ...],
        servers: bool,
        workstations: bool,
        titles: tuple[str, ...] = (),
        severities: tuple[Any, ...] = (),
        states: tuple[Any, ...] = (),
        **kwargs: Any,
    ) -> Any:
        kinds: list[Any] = ["server"] * servers + ["workstation"] * workstations
        selection = Selection(
            accounts=accounts,
            customers=customers,
            sites=sites,
            devices=devices,
            kinds=tuple(kinds),
            patches=titles,
            severities=severities,
            states=states,
        )
        return command(*args, selection=selection, **kwargs)

    wrapped: Any = with_selection
    for option in reversed(options):
        wrapped = option(wrapped)
    result: F = wrapped
    return result


def check_names(snapshot: Any, selection: Selection) -> None:
    """Refuse an unknown customer, site or device: more often a typo than an empty result."""
    from patchfleet.store.queries import unknown_names

    for unknown in unknown_names(snapshot, selection):
        raise no_such(unknown.field.removesuffix("s"), unknown.name, unknown.close)


def no_such(noun: str, name: str, close: Sequence[str]) -> CommandLineError:
    """Return the error for an unknown name; the hint suggests close names."""
    meant = " or ".join(f"'{one}'" for one in close)
    return CommandLineError(
        f"no {noun} is called '{name}'",
        hint=f"did you mean {meant}?" if meant else "* and ? are wildcards",
    )
