"""The three standard streams, also where a shell or a service manager has closed them.

Invariants (tests/cli/test_cli_every_stream.py, tests/cli/test_cli_streams.py): a file that a
command opens never gets the number of a closed stream; lost messages do not stop the work; lost
data is an error.
"""

import errno
import io
import os
import sys
from contextlib import suppress

FULL = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF}
"""Errors of writing to a stream; errors of a file are caught where the file is opened."""


class _Closed(io.TextIOBase):
    """Closed standard output: writing text is an error, writing nothing is not."""

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:
            raise OSError(errno.EBADF, "it is closed")
        return 0


def open_streams() -> None:
    """Replace each closed stream; replace characters that a code page cannot encode."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 -- open until the process ends
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 -- open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def give_up_output() -> None:
    """Discard buffered output: the interpreter would try to write it again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
