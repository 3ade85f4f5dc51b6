"""Words and numbers that every vendor and every file writes in its own way: severities, KB numbers.

Law of this file: one table for all. What is not understood is None, never a guess.
"""

import re

from patchfleet.models.finding import Severity

SEVERITY_WORDS: dict[str, Severity] = {
    "critical": "critical",
    "important": "important",
    "high": "important",
    "high risk": "important",
    "moderate": "moderate",
    "medium": "moderate",
    "low": "low",
}
"""Vendors' words as steps of our scale: what others call high, Microsoft calls important."""

NOT_STATED = frozenset({"", "none", "unspecified", "unknown", "not specified", "n/a", "-"})
"""Words with which a vendor says that it gives no severity."""

_KB = re.compile(r"(?:KB|Q)?[\s_:#-]*(\d{6,9})", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;/|]|\band\b|\s(?=(?:KB|Q)[\s_:#-]*\d)", re.IGNORECASE)
_IN_TITLE = re.compile(r"\bKB[\s_:#-]{0,3}(\d{6,9})\b", re.IGNORECASE)


def severity_word(word: str | None) -> Severity | None:
    """Return the step of our scale that a vendor's word stands for, or None for no such word."""
    return SEVERITY_WORDS.get(_plain(word))


def severity_of(word: str | None) -> Severity:
    """Return the step of our scale that a vendor's word stands for; any other is unspecified."""
    return severity_word(word) or "unspecified"


def is_severity_stated(word: str | None) -> bool:
    """Tell whether a vendor gives a severity at all, in a word we know or another one."""
    return _plain(word) not in NOT_STATED


def kb_number(text: str | None) -> str | None:
    """Return the number where a text is one KB number and nothing else: six to eight digits.

    `KB5034441`, `kb 5034441`, `Q890830` and `KB0890830` are one; `Gold` and `5761587_X` are none.
    Leading zeros are not part of it.
    """
    found = _KB.fullmatch((text or "").strip())
    return _digits(found[1]) if found else None


def kb_numbers(text: str | None) -> tuple[str, ...]:
    """Return the KB numbers of a field that may hold several; what is none is left out."""
    parts = (kb_number(part) for part in _BETWEEN.split(text or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def kb_in_title(title: str | None) -> str | None:
    """Return the first KB number that a title mentions, or None: a bare number there is none."""
    for found in _IN_TITLE.finditer(title or ""):
        number = _digits(found[1])
        if number:
            return number
    return None


def _digits(text: str) -> str | None:
    number = text.lstrip("0")
    return number if text.isascii() and 6 <= len(number) <= 8 else None


def _plain(word: str | None) -> str:
    return " ".join((word or "").split()).casefold()
