"""The command line: parse, call, render, exit code.

Laws of this room: standard output is data, standard error is talk; nothing is changed that was not
shown and agreed to; what a user can cause is one line with a hint and an exit code of `exits.py`,
never a traceback. A command's module is imported when the command runs.
"""

from patchfleet.cli.main import app, run

__all__ = ["app", "run"]
