"""Protection of text that a spreadsheet would take for a formula.

Invariant: readers that split at a semicolon or a tab, or trim invisible characters, find no
formula either (tests/report/test_text_json_csv.py::test_no_reader_of_a_csv_finds_a_formula).
"""

import re

_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"  # noqa: RUF001 -- those that look alike are meant
_BREAKS = ";\\t\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029"
_UNSEEN = (
    "\\s\\x00-\\x20\\x7f-\\xa0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b-\\u200f"
    "\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0"
)
_QUOTES = "'\"`´‘’‚‛“”„‟«»‹›"  # noqa: RUF001
_BEFORE = f"[{_UNSEEN}{_QUOTES}]*"

_AT_THE_START = re.compile(f"{_BEFORE}[{_SIGNS}]|[\\t\\r\\n]")
_INSIDE = re.compile(f"([{_BREAKS}])(?={_BEFORE}[{_SIGNS}])")
_MARKED = r"\1'"


def disarmed(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would evaluate."""
    if _AT_THE_START.match(text):
        return "'" + text[0] + _INSIDE.sub(_MARKED, text[1:])
    return _INSIDE.sub(_MARKED, text)
