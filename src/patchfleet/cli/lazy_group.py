"""A click group with a table of names and summaries, which imports a command when it is run.

Summaries are in the table, so that `--help` imports no command. Invariant: each equals the first
line of its command's own help (tests/cli/test_cli_help.py::test_every_command_has_help).
"""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module

import click


class LazyGroup(click.Group):
    """A click group over a table: name → (module with a `command`, summary)."""

    def __init__(
        self, *args: object, table: Mapping[str, tuple[str, str]], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, or return None for an unknown name."""
        if cmd_name not in self.table:
            return None
        module, _, name = self.table[cmd_name][0].partition(":")
        command = getattr(import_module(module), name or "command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, also by a former name; suggest a close name for an unknown one."""
        try:
            return super().resolve_command(ctx, self._current(ctx, args))
        except click.exceptions.NoSuchCommand:
            from difflib import get_close_matches

            close = get_close_matches(args[0], list(self.table), 1) if args else []
            meant = f"; did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"there is no command '{args[0]}'{meant}", ctx) from None

    def _current(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Replace former names of the command and its options; warn unless a shell completes."""
        from patchfleet._renamed.words import current_command, current_options

        if not args:
            return args
        group = ctx.command_path.split()[1:]
        path, renamed = current_command(" ".join([*group, args[0]]))
        words, warnings = current_options(path, args[1:])
        if not ctx.resilient_parsing:
            for warning in [renamed, *warnings]:
                if warning:
                    with suppress(OSError):
                        click.echo(f"warning: {warning}", err=True)
        return [path.split()[-1] if renamed else args[0], *words]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write names and summaries from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.table.items()])
