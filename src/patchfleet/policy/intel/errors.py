"""Errors of a file that cannot be used: its name, the place in it, and a hint."""

import re
from collections.abc import Mapping
from typing import Any

from patchfleet.errors import PolicyError

DOWNLOAD = "download the file again"

MAX_SHOWN = 200
"""Maximum length of an error: a quotation may be a whole file."""

CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)
"""Form of an identifier, in capitals."""


def unusable(file: str, line: int, what: str, hint: str | None = None) -> PolicyError:
    """Return the error for a file that cannot be used, at a line of text."""
    return PolicyError(f"{file}:{line}: {_short(what)}", file=file, line=line, hint=hint)


class Problems:
    """Problems of one file: each with its place, while the rest is read.

    A file is refused if more entries are left out than read, with the first problem.
    """

    def __init__(self, file: str, what: str) -> None:
        self._file = file
        self._what = what
        self._entries = 0
        self._first: tuple[int, str] | None = None
        self.texts: list[str] = []

    def add(self, place: int, reason: str) -> None:
        """Record a field that is not understood; its entry counts."""
        self._first = self._first or (place, reason)
        self.texts.append(f"{self._what} {place}: {_short(reason)}")

    def leave_out(self, place: int, reason: str) -> None:
        """Record an entry that is not understood; it does not count."""
        self._entries += 1
        self.add(place, reason)

    def check(self, rows: int) -> None:
        """Raise `PolicyError` if more entries are left out than were read."""
        if self._first is not None and self._entries > rows:
            place, reason = self._first
            where = (
                f"{self._file}:{place}" if self._what == "line" else f"{self._file}: entry {place}"
            )
            raise PolicyError(
                f"{where}: {_short(reason)}", file=self._file, line=place, hint=DOWNLOAD
            )


def _short(what: str) -> str:
    return what if len(what) <= MAX_SHOWN else f"{what[: MAX_SHOWN - 1]}…"


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a JSON object, an empty one for any other value."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """Return a JSON list, an empty one for any other value."""
    return value if isinstance(value, list) else []


def cve_of(text: object) -> str:
    """Return a CVE identifier in capitals; raise ValueError for another text."""
    cve = text.strip().upper() if isinstance(text, str) else ""
    if CVE.fullmatch(cve) is None:
        raise ValueError(f"{text!r} is not a CVE identifier such as CVE-2024-3400")
    return cve
