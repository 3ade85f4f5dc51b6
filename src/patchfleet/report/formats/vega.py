"""A chart as a Vega-Lite specification, its numbers inside.

Law of this file: every colour is a variable of the page (`var(--critical)`), so that one drawing
reads by day, in the dark and on paper; nothing in a specification names an address.
"""

from typing import Any

from patchfleet.report.spelling import printable
from patchfleet.report.table import Chart

_PIXELS = 230
"""How high a chart is that can choose: two beside each other are as high as each other."""
_BAR_PIXELS = 18


def vega_lite(chart: Chart) -> dict[str, Any]:
    """Draw a chart's table as stacked bars, as wide as what holds it (Vega-Lite 5 and later)."""
    labels = [str(row[0]) for row in chart.table.rows]
    parts = [column.title for column in chart.table.columns[1:]]
    colours = [f"var(--{column.key})" for column in chart.table.columns[1:]]
    step = min(max(_PIXELS / max(len(labels), 1), _BAR_PIXELS + 6), 2.5 * _BAR_PIXELS)
    along, across = ("y", "x") if chart.is_upright else ("x", "y")
    return {
        "width": "container",
        "height": _PIXELS if chart.is_upright else round(step * max(len(labels), 1)),
        "background": None,
        "data": {"values": _values(chart)},
        "mark": {"type": "bar"} if chart.is_upright else {"type": "bar", "size": _BAR_PIXELS},
        "encoding": {
            across: {
                "field": "label",
                "type": "nominal",
                "scale": {"domain": labels, "paddingInner": 0.25, "paddingOuter": 0.1},
                "sort": None,
                "title": chart.table.columns[0].title if chart.is_upright else None,
                "axis": {"labelAngle": 0, "ticks": False, "domain": False, "labelPadding": 8},
            },
            along: {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "title": chart.unit,
                "axis": {"format": ",d", "tickMinStep": 1, "tickCount": 5, "domain": False},
            },
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": parts, "range": colours},
                "legend": None,  # the page has its own, which wraps
            },
            "order": {"field": "place", "type": "quantitative"},
            "tooltip": [
                {"field": "label", "title": chart.table.columns[0].title},
                {"field": "part", "title": "severity"},
                {"field": "count", "title": chart.unit, "format": ",d"},
            ],
        },
        "config": _CONFIG,
    }


def _values(chart: Chart) -> list[dict[str, Any]]:
    """List one value for each part of each bar that is not empty."""
    titles = [column.title for column in chart.table.columns[1:]]
    return [
        {"label": printable(str(label)), "part": titles[place], "place": place, "count": part}
        for label, *parts in chart.table.rows
        for place, part in enumerate(parts)
        if part
    ]


_TEXT = {"labelFontSize": 12, "labelColor": "var(--soft)", "titleColor": "var(--soft)"}
_CONFIG: dict[str, Any] = {
    "font": "system-ui, sans-serif",
    # The page says in words what a chart shows; a thousand labelled bars would drown that.
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
    },
    "axisY": {"labelColor": "var(--ink)"},
}
