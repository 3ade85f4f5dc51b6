"""Every command explains itself, at once and in the same words everywhere."""

import os
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest

from patchfleet import __version__
from patchfleet.cli import app
from patchfleet.cli.exit_codes import MEANINGS, Exit, exit_of
from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.errors import (
    ConfigError,
    Error,
    Forbidden,
    Incomplete,
    PlanError,
    StalePlan,
    StoreError,
    Unreachable,
)


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(app))
SUMMARIES = {
    (*path, name): summary
    for path, group in [((), app), *ALL.items()]
    if isinstance(group, LazyGroup)
    for name, (_, summary) in group.table.items()
}


def test_these_are_the_commands():
    assert [" ".join(path) for path in ALL if path[0] not in ("nsight", "qualys")] == [
        "demo", "init", "account", "account list", "account add", "account test",
        "account remove", "login", "logout", "sync", "worker", "today", "report",
        "intel", "intel load", "intel list",
        "device", "history", "patch", "diff", "journal",
        "machines", "machines list", "machines candidates",
        "machines link", "machines unlink", "machines decisions", "sql", "store",
        "store publish", "store check", "store copy", "store prune", "store forget", "store vacuum",
        "runs", "doctor", "emulate",
        "emulate nsight", "emulate qualys", "completion",
    ]  # fmt: skip
    assert [path[1] for path in ALL if path[:1] == ("nsight",) and len(path) == 2] == [
        "clients", "sites", "devices", "patches",
        "approve", "ignore", "do-nothing", "inherit", "retry", "reprocess",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help(cli, path):
    result = cli(*path, "--help")
    assert cli(*path, "-h") == result
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: patchfleet {' '.join(path)} ")
    first = re.split(r"\n\s*\n", result.out)[1]
    if path in SUMMARIES:
        assert " ".join(first.split()) == SUMMARIES[path]
    assert first.rstrip().endswith(".")
    assert max(map(len, result.out.splitlines())) <= 100


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_is_explained(path):
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help[0].isupper() or parameter.help[0] in ".0", parameter.help
            assert parameter.help.endswith(".")


def test_no_argument_is_help_too(cli):
    for path in [(), ("nsight",), ("emulate",)]:
        result = cli(*path)
        assert "Commands:" in result.out + result.err
        assert "Traceback" not in result.err


def test_examples_in_help_can_be_typed(cli):
    """Every example is a command that is there, with options it has."""
    found = 0
    for path in ALL:
        for line in cli(*path, "--help").out.splitlines():
            if not line.startswith("    patchfleet "):
                continue
            found += 1
            words = re.sub(r"\s>.*", "", line).replace('"', "").split()[1:]
            command = app
            while isinstance(command, click.Group):
                command = command.get_command(click.Context(command), words.pop(0))
            known = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known, line
    assert found > 10


def test_the_exit_codes_are_in_the_help(cli):
    text = cli("--help").out
    for code in Exit:
        assert f"{code.value:>5}  {MEANINGS[code]}\n" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 4),
        (Unreachable("x"), 5),
        (Forbidden("x"), 5),
        (StoreError("x"), 6),
        (PlanError("x"), 7),
        (StalePlan("x"), 7),
        (Incomplete("x", []), 3),
        (Error("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(error, code):
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["snyc"], "there is no command 'snyc'; did you mean 'sync'?", "see `patchfleet --help`"),
        (["x"], "there is no command 'x'", "see `patchfleet --help`"),
        (["nsight", "aprove"], "there is no command 'aprove'; did you mean 'approve'?",
         "see `patchfleet nsight --help`"),
        (["--storr", "x"], "No such option '--storr'. Did you mean '--store'?",
         "see `patchfleet --help`"),
        (["sync", "now"], "Got unexpected extra argument (now)", "see `patchfleet sync --help`"),
        (["today", "--overdue-after", "x"],
         "Invalid value for '--overdue-after': 'x' is not a valid integer range.",
         "see `patchfleet today --help`"),
        (["nsight", "patches", "--status", "broken"], None,
         "see `patchfleet nsight patches --help`"),
    ],
)  # fmt: skip
def test_a_command_line_that_cannot_be_used(cli, words, error, hint):
    result = cli(*words)
    assert result.code == 2
    assert error in {None, result.error()}
    assert result.hint() == hint


def test_the_version(cli):
    for words in (["--version"], ["--version", "sync"]):
        assert cli.process(*words) == (0, f"patchfleet {__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(cli, shell):
    result = cli.process("completion", shell)
    assert result.code == 0
    assert "_PATCHFLEET_COMPLETE" in result.out
    assert f"{shell}_complete" in result.out
    assert "patchfleet" in result.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("patchfleet s", ["sync", "sql", "store"]),
        ("patchfleet machines s", [""]),
        ("patchfleet machines same --r", ["--reason"]),
        ("patchfleet sync --accept-", ["--accept-missing", "--accept-unread"]),
        ("patchfleet nsight do", ["do-nothing"]),
        ("patchfleet nsight approve --cus", ["--customer"]),
        ("patchfleet nsight patches --severity c", ["critical"]),
        ("patchfleet completion z", ["zsh"]),
    ],
)
def test_what_a_shell_is_offered(cli, typed, offered):
    asked = {"_PATCHFLEET_COMPLETE": "bash_complete", "COMP_WORDS": typed}
    asked["COMP_CWORD"] = str(len(typed.split()) - 1)
    result = cli.process(env={**os.environ, **asked})
    assert result.code == 0
    assert [line.partition(",")[2] for line in result.out.splitlines()] == offered


HEAVY = (
    "dbos", "duckdb", "sqlalchemy", "alembic", "httpx2", "xlsxwriter", "vl_convert", "rich",
    "keyring",
)  # fmt: skip
SHOWING = """
import sys
from patchfleet.cli import run
run(sys.argv[1:])
print([name for name in %r if name in sys.modules])
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["nsight", "--help"], ["nsight", "approve", "--help"]]
)
def test_help_loads_nothing_heavy(cli, words):
    command = [sys.executable, "-c", SHOWING % (HEAVY,), *words]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    loaded = shown.splitlines()[-1]
    assert loaded == "[]" if words == ["--help"] else "duckdb" not in loaded


def test_every_module_of_the_table_is_there():
    for group in (app, ALL["nsight",]):
        for module, _ in group.table.values():
            assert import_module(module.partition(":")[0])
