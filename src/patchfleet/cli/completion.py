"""`patchfleet completion`: the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell's completion script.

    \b
    For example:
      patchfleet completion bash > ~/.local/share/bash-completion/completions/patchfleet
      patchfleet completion zsh  > ~/.zfunc/_patchfleet
      patchfleet completion fish > ~/.config/fish/completions/patchfleet.fish
    """  # noqa: D301 -- \b is what click wants, not a backslash
    from patchfleet.cli.main import app

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(app, {}, "patchfleet", "_PATCHFLEET_COMPLETE").source())
