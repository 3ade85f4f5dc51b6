"""Colours of severities and states, one set for pages and sheets.

Law of this file: told apart without seeing red and green, because they differ in lightness from
one to the next; and never the only sign, because the word stands beside.
"""

SEVERITY_COLOURS = {
    "critical": "#9f1d4c",
    "important": "#d9652b",
    "moderate": "#e3b23c",
    "low": "#5b9cc9",
    "unspecified": "#9aa1a9",
}

SEVERITY_COLOURS_IN_THE_DARK = {
    "critical": "#e5508a",
    "important": "#ef8e56",
    "moderate": "#f3cf73",
    "low": "#86bfe6",
    "unspecified": "#8b939c",
}

TINTS = {
    "critical": ("#f9dfe8", "#7d1239"),
    "important": ("#fce6da", "#84380f"),
    "moderate": ("#fbf1d3", "#6b5006"),
    "failed": ("#f9dfe8", "#7d1239"),
    "overdue_critical": ("#f9dfe8", "#7d1239"),
    "reboot_required": ("#fce6da", "#84380f"),
    "installed": ("#e0f1e8", "#14563a"),
}
"""Background and ink of a cell that holds this word; at least 7 to 1."""
