"""Vocabulary of severities and KB numbers, which vendors and files write in different ways.

An unreadable value is None, never a guess.
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
"""Vendors' words and the severities they mean: *high* is Microsoft's *important*."""

NOT_STATED = frozenset({"", "none", "unspecified", "unknown", "not specified", "n/a", "-"})
"""Words by which a vendor states that there is no severity."""

_KB = re.compile(r"(?:KB|Q)?[\s_:#-]*(\d{6,9})", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;/|]|\band\b|\s(?=(?:KB|Q)[\s_:#-]*\d)", re.IGNORECASE)
_IN_TITLE = re.compile(r"\bKB[\s_:#-]{0,3}(\d{6,9})\b", re.IGNORECASE)


def severity_word(word: str | None) -> Severity | None:
    """Return the severity of a vendor's word, or None for any other word."""
    return SEVERITY_WORDS.get(_plain(word))


def severity_of(word: str | None) -> Severity:
    """Return the severity of a vendor's word, or unspecified for any other word."""
    return severity_word(word) or "unspecified"


def is_severity_stated(word: str | None) -> bool:
    """Return whether a vendor states a severity at all, in a known word or another one."""
    return _plain(word) not in NOT_STATED


def kb_number(text: str | None) -> str | None:
    """Return the number if a text is one KB number of six to eight digits, else None.

    `KB5034441`, `kb 5034441`, `Q890830` and `KB0890830` are one; `Gold` and `5761587_X` are none.
    Leading zeros are not part of it.
    """
    found = _KB.fullmatch((text or "").strip())
    return _digits(found[1]) if found else None


def kb_numbers(text: str | None) -> tuple[str, ...]:
    """Return the KB numbers of a field that may hold several, without invalid ones."""
    parts = (kb_number(part) for part in _BETWEEN.split(text or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def kb_in_title(title: str | None) -> str | None:
    """Return the first KB number in a title, or None: a number without letters does not count."""
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
