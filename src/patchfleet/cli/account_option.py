"""Option --account of commands that use one account of a vendor."""

from typing import Any, TypeVar

import click

from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.session import Session

F = TypeVar("F", bound=Any)


def _choose(ctx: click.Context, _param: click.Parameter, name: str | None) -> None:
    if name is not None:
        ctx.ensure_object(Session).account_name = name


def _option() -> click.Option:
    return click.Option(
        ["--account"],
        metavar="NAME",
        expose_value=False,
        callback=_choose,
        help="Use this account, if several of the vendor are set up.",
    )


def account_option(command: F) -> F:
    """Add --account, which chooses the account of the session."""
    command.__click_params__ = [_option(), *getattr(command, "__click_params__", [])]
    return command


class AccountGroup(LazyGroup):
    """A group whose commands all have --account."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and give it --account."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and all(one.name != "account" for one in command.params):
            # One account is used, so that the filter on several of them has no place here.
            kept = [one for one in command.params if one.name != "accounts"]
            command.params[:] = [*kept, _option()]
        return command
