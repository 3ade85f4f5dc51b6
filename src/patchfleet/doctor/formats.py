"""Formats of texts, by regular expressions: ids, times, addresses, numbers, and kinds of prose.

A format is a name from the table below; the text itself is not kept.
"""

import re
from functools import lru_cache

EMPTY = "empty"
NO_VALUE = "no value: "
NO_TIME = "no time 0000-00-00"
PROSE = ("word", "words", "ASCII text", "text", "markup", "unprintable text")
"""Formats of free text, which differ from account to account."""

_DATE = r"\d{4}-\d{2}-\d{2}"
_FORMATS: tuple[tuple[str, str], ...] = (
    (NO_TIME, r"0000-00-00(?: 00:00:00)?"),
    ("0 or 1", r"[01]"),
    ("digits", r"\d+"),
    ("negative number", r"-\d+"),
    ("decimal number", r"-?\d+\.\d+"),
    ("true or false", r"(?i:true|false)"),
    ("flags 0,1,…", r"[01](?:,[01])+"),
    ("GUID", r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"),
    ("32 hex digits", r"[0-9A-Fa-f]{32}"),
    ("CVE id", r"CVE-\d{4}-\d{4,}"),
    ("KB number", r"KB\d{6,8}"),
    ("MAC address", r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"),
    ("IPv4 address", r"(?:\d{1,3}\.){3}\d{1,3}"),
    ("IPv6 address", r"(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+(?:%\w+)?"),
    ("date YYYY-MM-DD", _DATE),
    ("time YYYY-MM-DD HH:MM:SS", _DATE + r" \d{2}:\d{2}:\d{2}"),
    ("time YYYY-MM-DD HH:MM", _DATE + r" \d{2}:\d{2}"),
    ("time YYYY-MM-DD HH:MM:SS AM", r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}:\d{2} [AP]M"),
    ("time ISO 8601, Z", _DATE + r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z"),
    ("time ISO 8601, offset", _DATE + r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?[+-]\d{2}:?\d{2}"),
    ("time ISO 8601, no zone", _DATE + r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"),
    ("date DD-Mon-YYYY", r"\d{1,2}-[A-Z][a-z]{2}-\d{4}"),
    ("time DD-Mon-YYYY HH:MM", r"\d{1,2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}(?::\d{2})?"),
    ("time HH:MM", r"\d{1,2}:\d{2}(?::\d{2})?"),
    ("daylight saving rule", r"0000-\d{2}-\d{2}:\d{2}T\d{2}:\d{2}:\d{2}"),
    ("version", r"v?\d+(?:[._-]\d+){1,6}"),
    ("web address", r"https?://\S+"),
    ("mail address", r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    ("time zone", r"(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific|Etc)/[\w/+-]+"),
    ("JWT", r"[\w=-]{8,}(?:\.[\w=-]{8,}){2}"),
    ("digits, separated by commas", r"\d+(?:\s*,\s*\d+)+"),
)
_COMPILED = tuple((name, re.compile(pattern, re.ASCII)) for name, pattern in _FORMATS)

_PLACEHOLDERS = frozenset(
    {"-", "--", "none", "null", "(null)", "nil", "n/a", "na", "not available", "not set"}
    | {"unknown", "undefined", "not announced"}
)

FORMATS = frozenset(
    {EMPTY, *PROSE, *(name for name, _ in _FORMATS), *(NO_VALUE + one for one in _PLACEHOLDERS)}
)
"""The names of all formats."""

KEYS = frozenset({"GUID", "32 hex digits", "CVE id", "digits", "MAC address", "IPv4 address"})
"""Formats of names of fields that are data: an object of them is a table."""

_LONGEST_MATCHED = 4096


@lru_cache(maxsize=4096)
def format_of(text: str) -> str:
    """Return the format of a text without the blanks around it."""
    if not text:
        return EMPTY
    if text.casefold() in _PLACEHOLDERS:
        return NO_VALUE + text.casefold()
    if len(text) <= _LONGEST_MATCHED:
        for name, pattern in _COMPILED:
            if pattern.fullmatch(text):
                return name
    return _prose(text)


def family(name: str) -> str:
    """Return the format; `text` for any kind of prose, `no value` for any form of none."""
    if name in (EMPTY, NO_TIME) or name.startswith(NO_VALUE):
        return "no value"
    return "text" if name in PROSE else name


def _prose(text: str) -> str:
    if re.search(r"<[A-Za-z!?/][^<>]*>", text[:_LONGEST_MATCHED]):
        return "markup"
    if any(ord(one) < 32 and one not in "\t\r\n" for one in text) or "\ufffd" in text:
        return "unprintable text"
    if not text.isascii():
        return "text"
    return (
        "word" if text.isalnum() else "words" if text.replace(" ", "").isalnum() else "ASCII text"
    )
