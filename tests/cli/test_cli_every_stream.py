"""Every command there is, into a pipe that nobody reads and into a closed standard output."""

import os
import subprocess

import click
import pytest

from patchfleet.cli import app
from patchfleet.cli.exit_codes import Exit

WORDS = {
    ("history",): ("1000", "1"),
    ("patch",): ("KB5000001",),
    ("report",): ("posture",),
    ("sql",): ("SELECT * FROM findings",),
    ("store", "copy"): ("copy.db",),
    ("store", "prune"): ("--keep", "30"),
    ("store", "forget"): ("Nobody", "--yes"),
    ("completion",): ("bash",),
    ("worker",): ("--help",),
    ("emulate", "nsight"): ("--help",),
    ("emulate", "qualys"): ("--help",),
    ("demo",): ("--help",),
}
"""What a command needs to say something and to end; the others are run by themselves."""


def leaves(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name)


ALL = sorted(leaves(app))


def into_nobody(command):
    """Run with a standard output whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writer)


def closed(command):
    """Run with no standard output at all."""
    return subprocess.run(
        ["bash", "-c", 'exec "$@" >&-', "bash", *command],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.full(share=0.2)
@pytest.mark.skipif(os.name != "posix", reason="streams of POSIX")
@pytest.mark.parametrize("run", [into_nobody, closed])
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_no_command_fails_for_want_of_a_reader(reading, path, run):
    words = WORDS.get(path, ())
    ended = run(reading.command(*path, *words))
    told = ended.stderr.decode()
    assert "Traceback" not in told
    assert "internal error" not in told
    assert "Exception ignored" not in told
    assert ended.returncode in set(Exit) - {Exit.BUG}, told
    if words == ("--help",):
        assert ended.returncode == (Exit.DONE if run is into_nobody else Exit.CONFIG), told
