"""The command line: parse, call, render, exit code.

Data goes to standard output, messages to standard error. Nothing is changed before it was shown and
confirmed. An error that a user can cause is one line with a hint and an exit code of
`exit_codes.py`, never a traceback (tests/cli/test_cli_bad_input.py). A command's module is imported
when the command runs (tests/cli/test_cli_help.py).
"""

from patchfleet.cli.main import app, run

__all__ = ["app", "run"]
