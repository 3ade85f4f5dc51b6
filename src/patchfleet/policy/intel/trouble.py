"""What is said of a file that cannot be used: its name, the place in it, and what to do.

Law of this file: one way to say it for every reader, so that every error has all three.
"""

import re
from typing import TypeVar

from patchfleet.errors import PolicyError

DOWNLOAD = "download the file again"

MOST_SAID = 200
"""The most characters of an error: what it quotes may be a whole file."""

CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)
"""The form of an identifier, in capitals."""


def unusable(file: str, line: int, what: str, hint: str | None = None) -> PolicyError:
    """Return the error that a file cannot be used, for a line of text."""
    return PolicyError(f"{file}:{line}: {_short(what)}", file=file, line=line, hint=hint)


def unusable_entry(file: str, number: int, what: str, hint: str | None = None) -> PolicyError:
    """Return the error that a file cannot be used, for an entry of a list in JSON (1: the first).

    Its `line` is the number of the entry: such files are often one line long.
    """
    return PolicyError(f"{file}: entry {number}: {_short(what)}", file=file, line=number, hint=hint)


def _short(what: str) -> str:
    return what if len(what) <= MOST_SAID else f"{what[: MOST_SAID - 1]}…"


Row = TypeVar("Row")


def keep(rows: dict[str, Row], name: str, row: Row) -> None:
    """Put a row beside the others; raise ValueError where its name is taken by another one."""
    if rows.setdefault(name, row) != row:
        raise ValueError(f"{name} was there before with other values")


def cve_of(text: str) -> str:
    """Return a CVE identifier in capitals; raise ValueError for what is none."""
    cve = text.strip().upper()
    if CVE.fullmatch(cve) is None:
        raise ValueError(f"{text!r} is not a CVE identifier such as CVE-2024-3400")
    return cve
