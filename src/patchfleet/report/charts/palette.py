"""Colours of severities and states, one set for pages and sheets.

Neighbouring colours differ in lightness, so that they can be distinguished without seeing red and
green; the word is always shown beside the colour.
"""

SEVERITY_COLOURS = {
    "all": "#1a2127",
    "critical": "#9f1d4c",
    "important": "#d9652b",
    "moderate": "#e3b23c",
    "low": "#5b9cc9",
    "unspecified": "#9aa1a9",
}

SEVERITY_COLOURS_IN_THE_DARK = {
    "all": "#e4e8ec",
    "critical": "#e5508a",
    "important": "#ef8e56",
    "moderate": "#f3cf73",
    "low": "#86bfe6",
    "unspecified": "#8b939c",
}

_RED, _ORANGE, _YELLOW, _GREEN, _GREY = (
    ("#f9dfe8", "#7d1239"),
    ("#fce6da", "#84380f"),
    ("#fbf1d3", "#6b5006"),
    ("#e0f1e8", "#14563a"),
    ("#eceff2", "#3a434b"),
)

TINTS = {
    "critical": _RED,
    "failed": _RED,
    "overdue": _RED,
    "overdue_critical": _RED,
    "missed": _RED,
    "important": _ORANGE,
    "reboot_required": _ORANGE,
    "moderate": _YELLOW,
    "installed": _GREEN,
    "met": _GREEN,
    "unknown": _GREY,
    "not_judged": _GREY,
}
"""Background and text colour of a cell that holds this word; contrast at least 7 to 1."""

MUCH, MUCH_WORK = "#a9cfdf", "#eda9bf"
"""Backgrounds of the highest number of a column: neutral, and in need of attention."""
