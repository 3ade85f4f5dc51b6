"""The help of every command, as the command itself prints it."""

from collections.abc import Iterator

import click

from patchfleet.cli.main import app

_WIDTH = 96


def commands() -> str:
    """Return a section for each command, in the order of the help."""
    return "\n".join(
        f"## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n"
        for context in contexts(app, None)
    )


def contexts(command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    """Yield the context of a command and of all below it."""
    name = command.name if parent else "patchfleet"
    context = click.Context(command, parent, name, terminal_width=_WIDTH, max_content_width=_WIDTH)
    if parent is None:
        context.help_option_names = ["-h", "--help"]
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            found.name = below
            yield from contexts(found, context)
