"""The table of commands, and the line and exit code of every error."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from patchfleet.cli.exit_codes import MEANINGS, Exit, exit_of
from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.session import Session
from patchfleet.cli.streams import FULL, give_up_output, open_streams
from patchfleet.errors import Error
from patchfleet.report.registry import REPORTS
from patchfleet.version import __version__

COMMANDS = {
    "demo": ("patchfleet.cli.demo", "Run a tour on an emulated fleet, in under a minute."),
    "init": ("patchfleet.cli.init", "Set up an account and test it with one call."),
    "account": ("patchfleet.cli.account", "List, add, test and remove accounts."),
    "login": (
        "patchfleet.cli.login:login",
        "Store the key or password of an account in the system's keyring.",
    ),
    "logout": (
        "patchfleet.cli.login:logout",
        "Delete the key or password of an account from the system's keyring.",
    ),
    "sync": ("patchfleet.cli.sync", "Read the whole fleet into the record."),
    "worker": ("patchfleet.cli.worker", "Read devices for a sync on another machine."),
    "today": ("patchfleet.cli.today", "Show what needs attention, by customer, worst first."),
    "report": ("patchfleet.cli.report", f"Write a report: {', '.join(REPORTS)}."),
    "intel": ("patchfleet.cli.intel", "Load vulnerability data: KEV, EPSS, SSVC."),
    "device": ("patchfleet.cli.device", "Show the patches of a device, now or at an earlier time."),
    "history": ("patchfleet.cli.history", "Show the patch history of a device."),
    "patch": ("patchfleet.cli.patch", "Show the history of one patch in all sources."),
    "diff": ("patchfleet.cli.diff", "Show what changed between two syncs."),
    "journal": ("patchfleet.cli.journal", "Show who changed what, when, and the outcome."),
    "machines": ("patchfleet.cli.machines", "Show which devices are the same machine, and decide."),
    "sql": ("patchfleet.cli.sql", "Query the record in SQL, read-only."),
    "store": (
        "patchfleet.cli.store",
        "Copy the record, republish it, check it, delete what is old.",
    ),
    "runs": ("patchfleet.cli.runs", "List the syncs on record and their problems."),
    "nsight": ("patchfleet.cli.nsight", "See and change patches through N-able N-sight RMM."),
    "qualys": ("patchfleet.cli.qualys", "See and change jobs, patches and assets at Qualys."),
    "doctor": (
        "patchfleet.cli.doctor",
        "Check the set-up, or record what a vendor's answers look like and compare that.",
    ),
    "emulate": ("patchfleet.cli.emulate", "Run an emulated vendor on a port of this machine."),
    "completion": ("patchfleet.cli.completion", "Print the shell's completion script."),
}


def _epilog() -> str:
    lines = "\n".join(f"  {code.value:>3}  {MEANINGS[code]}" for code in Exit)
    return f"\b\nExit codes:\n{lines}"


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=_epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="patchfleet", message="%(prog)s %(version)s")
@click.option("--config", type=click.Path(path_type=Path), help="Read settings from this file.")
@click.option("--store", metavar="FILE", help="Use this file, or postgresql://…, as the record.")
@click.pass_context
def app(ctx: click.Context, config: Path | None, store: str | None) -> None:
    """See and change the patch state of a whole fleet.

    \b
    First steps:
      patchfleet demo                 no account needed
      patchfleet init                 your N-sight account
      patchfleet sync                 read the fleet
      patchfleet today                what needs attention
    """  # noqa: D301 -- \b is what click wants, not a backslash
    ctx.color = _is_coloured()
    ctx.obj = Session(config_file=config, store=store)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    open_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        # The reader of our output has closed it, it never was open, or its disk is full.
        give_up_output()
        if isinstance(error, BrokenPipeError):
            return Exit.DONE
        reason = f"cannot write to standard output: {error.strerror}"
        return _print_error(reason, "--output writes to a file", Exit.CONFIG)
    return code


def _run(arguments: list[str] | None) -> int:
    """Run the command line; raise only errors of standard output."""
    try:
        result = app.main(arguments, prog_name="patchfleet", standalone_mode=False)
    except SystemExit as end:
        # click and rich exit with 1 when the reader of our output is gone; click exits with 0 when
        # it has answered a shell's request for completions.
        if end.code:
            raise BrokenPipeError from None
        return Exit.DONE
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in FULL:
            raise
        return _explained(error)
    return int(result) if isinstance(result, int) else Exit.DONE


def _explained(error: Exception) -> int:
    """Print an error as one line and a hint, and return its exit code."""
    if isinstance(error, click.exceptions.Abort):  # click's form of Ctrl-C
        words = str(error.__cause__) if isinstance(error.__cause__, KeyboardInterrupt) else ""
        return _print_error(words or "interrupted", None, Exit.INTERRUPTED)
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "patchfleet"
        hint = getattr(error, "hint", None) or f"see `{where} --help`"
        # click sets choices on lines of their own; ours is one line
        return _print_error(error.format_message().replace("\n\t", " "), hint, Exit.USAGE)
    if isinstance(error, click.ClickException):
        return _print_error(error.format_message(), None, Exit.CONFIG)
    if isinstance(error, Error):
        for note in getattr(error, "__notes__", ()):
            with suppress(OSError):
                click.echo(f"note: {_printable(note)}", err=True)
        return _print_error(error.sentence, error.hint, exit_of(error))
    if os.environ.get("PATCHFLEET_TRACEBACK"):
        raise error
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    hint = "PATCHFLEET_TRACEBACK=1 shows where it happened; please report it"
    return _print_error(f"internal error: {what}", hint, Exit.BUG)


def _print_error(message: str, hint: str | None, code: Exit) -> int:
    lines = [f"{click.style('error:', fg='red', bold=True)} {_printable(message)}"]
    if hint:
        lines.append(f"{click.style('hint:', fg='cyan')} {_printable(hint)}")
    with suppress(OSError):  # without standard error the exit code remains
        click.echo("\n".join(lines), err=True, color=_is_coloured())
    return code


def _is_coloured() -> bool | None:
    """Return False if colour is unwanted (https://no-color.org), else None: the stream decides."""
    return False if os.environ.get("NO_COLOR") else None


def _printable(text: str) -> str:
    """Neutralise control characters in text of foreign origin."""
    from patchfleet.report.wording import printable

    return printable(text)
