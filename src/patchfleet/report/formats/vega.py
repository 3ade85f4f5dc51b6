"""A chart as a Vega-Lite specification with its data.

Every colour is a variable of the page (`var(--critical)`), so that one drawing works in light mode,
dark mode and print; a specification names no address.
"""

from datetime import UTC, datetime
from typing import Any

from patchfleet.report.document import Cell, Chart
from patchfleet.report.wording import printable

_PIXELS = 230
"""How high a chart is that can choose: two beside each other are as high as each other."""
_BAR_PIXELS = 18

_UPRIGHT_AXIS = {"labelAngle": 0, "ticks": False, "domain": False, "labelPadding": 8}


def vega_lite(chart: Chart) -> dict[str, Any]:
    """Draw a chart as wide as its container (Vega-Lite 5 and later)."""
    drawn = _bars(chart) if chart.shape in {"bars", "columns"} else _lines(chart)
    return {"width": "container", "background": None, **drawn, "config": _CONFIG}


def _bars(chart: Chart) -> dict[str, Any]:
    labels = [str(row[0]) for row in chart.table.rows]
    step = min(max(_PIXELS / max(len(labels), 1), _BAR_PIXELS + 6), 2.5 * _BAR_PIXELS)
    is_upright = chart.shape == "columns"
    along, across = ("y", "x") if is_upright else ("x", "y")
    heading = chart.table.columns[0].title
    return {
        "height": _PIXELS if is_upright else round(step * max(len(labels), 1)),
        "data": {"values": _bar_values(chart)},
        "mark": {"type": "bar"} if is_upright else {"type": "bar", "size": _BAR_PIXELS},
        "encoding": {
            across: {
                "field": "label",
                "type": "nominal",
                "scale": {"domain": labels, "paddingInner": 0.25, "paddingOuter": 0.1},
                "sort": None,
                "title": heading if is_upright else None,
                "axis": _UPRIGHT_AXIS,
            },
            along: {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "title": chart.unit,
                "axis": _COUNTS,
            },
            "color": _colours(chart, "part", [c.title for c in chart.table.columns[1:]]),
            "order": {"field": "place", "type": "quantitative"},
            "tooltip": [
                {"field": "label", "title": heading},
                {"field": "part", "title": chart.part},
                {"field": "count", "title": chart.unit, "format": ",d"},
            ],
        },
    }


def _bar_values(chart: Chart) -> list[dict[str, Any]]:
    """List one value for each part of each bar that is not empty."""
    titles = [column.title for column in chart.table.columns[1:]]
    return [
        {"label": printable(str(label)), "part": titles[place], "place": place, "count": part}
        for label, *parts in chart.table.rows
        for place, part in enumerate(parts)
        if part
    ]


def _lines(chart: Chart) -> dict[str, Any]:
    """Draw lines; a tooltip shows all numbers of the moment nearest to the pointer."""
    first, *parts = chart.table.columns
    is_share = any(column.kind == "percent" for column in parts)
    along = {"field": "at", "title": None if chart.shape == "lines" else first.title}
    line: dict[str, Any] = {"type": "line", "strokeWidth": 2, "interpolate": "step-after"}
    if chart.shape == "lines":
        line |= {"interpolate": "linear", "point": {"size": 18}}
    amount = {
        "field": "value",
        "type": "quantitative",
        "title": chart.unit,
        "scale": {"domain": [0, 1]} if is_share else {"zero": True},
        "axis": _SHARES if is_share else _COUNTS,
    }
    apart = [
        {"fold": [column.key for column in parts], "as": ["key", "value"]},
        {"filter": "isValid(datum.value)"},
    ]
    colour = _colours(chart, "key", [column.key for column in parts])
    return {
        "height": _PIXELS,
        "data": {"values": _line_values(chart)},
        "encoding": {"x": {**along, **_SCALES[chart.shape]}},
        "layer": [
            {"transform": apart, "mark": line, "encoding": {"y": amount, "color": colour}},
            {
                "params": [{"name": "near", "select": _NEAREST}],
                "mark": {"type": "rule", "color": "var(--soft)"},
                "encoding": {
                    "opacity": {
                        "condition": {"param": "near", "empty": False, "value": 0.6},
                        "value": 0,
                    },
                    "tooltip": _all_numbers(chart, ".1%" if is_share else ",d"),
                },
            },
        ],
    }


def _all_numbers(chart: Chart, form: str) -> list[dict[str, str]]:
    """List the moment and every number; the nearest-point selection would lose plain text."""
    first, *parts = chart.table.columns
    return [
        {"field": "at", "title": first.title, **_TOLD[chart.shape]},
        *(
            {"field": column.key, "title": column.title, "type": "quantitative", "format": form}
            for column in parts
        ),
    ]


_TOLD = {
    "lines": {"type": "temporal", "timeUnit": "utcyearmonthdate", "format": "%Y-%m-%d"},
    "steps": {"type": "quantitative", "format": ",d"},
}
_COUNTS = {"format": ",d", "tickMinStep": 1, "tickCount": 5, "domain": False}
_SHARES = {"format": ".0%", "tickCount": 5, "domain": False}
_NEAREST = {
    "type": "point",
    "on": "pointermove",
    "clear": "pointerout",
    "nearest": True,
    "encodings": ["x"],
}
_SCALES: dict[str, dict[str, Any]] = {
    "lines": {
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"grid": False, "labelOverlap": True, "format": "%Y-%m-%d", "tickCount": 5},
    },
    "steps": {"type": "quantitative", "axis": {"grid": False, "tickMinStep": 1, "tickCount": 8}},
}


def _line_values(chart: Chart) -> list[dict[str, Any]]:
    """List one value for each moment, with all its numbers."""
    keys = [column.key for column in chart.table.columns[1:]]
    return [
        {"at": _place(at), **dict(zip(keys, parts, strict=True))} for at, *parts in chart.table.rows
    ]


def _place(at: Cell) -> Cell:
    """Format a moment as ISO 8601, which every browser parses alike."""
    return at.astimezone(UTC).isoformat() if isinstance(at, datetime) else at


def _colours(chart: Chart, field: str, domain: list[str]) -> dict[str, Any]:
    return {
        "field": field,
        "type": "nominal",
        "scale": {
            "domain": domain,
            "range": [f"var(--{column.key})" for column in chart.table.columns[1:]],
        },
        "legend": None,  # the page has its own, which wraps
    }


_TEXT = {"labelFontSize": 12, "labelColor": "var(--soft)", "titleColor": "var(--soft)"}
_CONFIG: dict[str, Any] = {
    "font": "system-ui, sans-serif",
    # The page describes the chart in words; a thousand labelled bars would hide that.
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "domainColor": "var(--line)",
    },
    "axisY": {"labelColor": "var(--ink)"},
}
