"""The three standard streams, whatever a shell or a service manager made of them.

Law of this file: a stream that is closed never becomes the number of a file that a command opens,
what is lost of the talk does not end the work, and what is lost of the data is an error.
"""

import errno
import io
import os
import sys
from contextlib import suppress

FULL = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF}
"""What writing to a stream can meet; an error of a file is caught where the file is opened."""


class _Closed(io.TextIOBase):
    """Standard output that is closed: nothing to write is no error, and anything else is."""

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:
            raise OSError(errno.EBADF, "it is closed")
        return 0


def open_streams() -> None:
    """Put something in the place of each stream that is closed; a narrow code page ends nothing."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 -- for good
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 -- for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def give_up_output() -> None:
    """Let what is left of the output go nowhere: the interpreter would try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
