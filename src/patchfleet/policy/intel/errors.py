"""What is said of a file that cannot be used: its name, the place in it, and what to do.

Law of this file: one way to say it for every reader, so that every error has all three.
"""

import re
from collections.abc import Mapping
from typing import Any

from patchfleet.errors import PolicyError

DOWNLOAD = "download the file again"

MOST_SAID = 200
"""The most characters of an error: what it quotes may be a whole file."""

CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)
"""The form of an identifier, in capitals."""


def unusable(file: str, line: int, what: str, hint: str | None = None) -> PolicyError:
    """Return the error that a file cannot be used, for a line of text."""
    return PolicyError(f"{file}:{line}: {_short(what)}", file=file, line=line, hint=hint)


class Problems:
    """What of one file is not understood: named with its place, while the rest is read.

    A file most of whose entries are not understood is no file of its kind, and one that names no
    entry at all is refused with the first of them.
    """

    def __init__(self, file: str, what: str) -> None:
        self._file = file
        self._what = what
        self._entries = 0
        self._first: tuple[int, str] | None = None
        self.said: list[str] = []

    def add(self, place: int, reason: str) -> None:
        """Name a field that is not understood, of an entry that counts all the same."""
        self._first = self._first or (place, reason)
        self.said.append(f"{self._what} {place}: {_short(reason)}")

    def leave_out(self, place: int, reason: str) -> None:
        """Name an entry that is not understood and does not count."""
        self._entries += 1
        self.add(place, reason)

    def check(self, rows: int) -> None:
        """Raise `PolicyError` where more entries are left out than were read."""
        if self._first is not None and self._entries > rows:
            place, reason = self._first
            where = (
                f"{self._file}:{place}" if self._what == "line" else f"{self._file}: entry {place}"
            )
            raise PolicyError(
                f"{where}: {_short(reason)}", file=self._file, line=place, hint=DOWNLOAD
            )


def _short(what: str) -> str:
    return what if len(what) <= MOST_SAID else f"{what[: MOST_SAID - 1]}…"


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a table of JSON, an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """Return a list of JSON, an empty one in the place of anything else."""
    return value if isinstance(value, list) else []


def cve_of(text: object) -> str:
    """Return a CVE identifier in capitals; raise ValueError for what is none."""
    cve = text.strip().upper() if isinstance(text, str) else ""
    if CVE.fullmatch(cve) is None:
        raise ValueError(f"{text!r} is not a CVE identifier such as CVE-2024-3400")
    return cve
