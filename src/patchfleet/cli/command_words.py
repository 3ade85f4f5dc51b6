"""Words of the running command for the journal, without values that may be secret.

Invariant: only values of parameters listed here are kept (tests/cli/test_cli_journal.py).
"""

import shlex

import click
from click.core import ParameterSource

KEPT = frozenset(
    {
        "patterns", "customers", "sites", "devices", "titles", "job_ids", "job_id", "name",
        "patches", "assets", "tags", "start", "timezone", "first", "second", "by",
        "accept_unread", "max_age", "max_calls", "dated", "at_most", "account", "accounts", "names",
    }
)  # fmt: skip
"""Parameters whose values name things of the fleet, or numbers; those of choices are kept too."""
HIDDEN = "…"
"""Shown in place of a value that is not kept."""
_LONGEST = 1000


def command_words() -> str | None:
    """Return the words of the command that runs, None outside the command line."""
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    words = [context.command_path]
    for param in context.command.params:
        name = param.name or ""
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = context.params.get(name)
            if not param.expose_value:  # --account is kept in the session
                value = getattr(context.obj, f"{name}_name", HIDDEN)
            words += _words(param, value)
    text = " ".join(words)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + HIDDEN


def _words(param: click.Parameter, value: object) -> list[str]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    if isinstance(param, click.Option):
        option = max(param.opts, key=len)
        if param.is_flag and param.is_bool_flag:
            return [option] if value else []
        return [f"{option} {_shown(param, one)}" for one in values]
    return [_shown(param, one) for one in values]


def _shown(param: click.Parameter, value: object) -> str:
    if param.name in KEPT or isinstance(param.type, click.Choice):
        return shlex.quote(str(value))
    name, equals, _ = str(value).partition("=")
    return f"{name}={HIDDEN}" if param.name == "others" and equals else HIDDEN
