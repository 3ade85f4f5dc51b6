"""Charts over time: open patches day by day, and the time to close them.

A moment without a measurement is not drawn as zero; the summary describes the lines in words.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from patchfleet.models import SEVERITIES
from patchfleet.report.charts.rows import OpenCount, OpenShare
from patchfleet.report.document import Cell, Chart, Column, Kind, Table
from patchfleet.report.wording import cell_text, plural

_SERIES = ("all", *SEVERITIES)


def open_over_time(rows: Iterable[OpenCount]) -> Chart:
    """Draw the open patches of each severity, one point for each measured moment.

    A severity missing at a measured moment is zero; a moment without rows is not drawn.
    """
    found: dict[datetime, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.as_of, {})[row.severity] = row.findings
    moments = sorted(found)
    present = [s for s in SEVERITIES if any(found[at].get(s) for at in moments)]
    counts: list[tuple[Cell, ...]] = [
        (at, *(found[at].get(severity, 0) for severity in present)) for at in moments
    ]
    title = "Open patches over time"
    return Chart(
        name="open_over_time",
        title=title,
        summary=_change(moments, [sum(found[at].values()) for at in moments]),
        table=Table(
            name="open_over_time",
            title=title,
            columns=(Column("as_of", "Day", "date"), *_columns(present, "integer")),
            rows=counts,
        ),
        unit="open patches",
        shape="lines",
    )


def time_to_close(rows: Iterable[OpenShare]) -> Chart:
    """Draw the share of patches still open by days since they were found (a survival curve).

    Each severity is a line of steps; every line begins with all of them open on day zero.
    """
    curves: dict[str, dict[int, float]] = {}
    for row in rows:
        curves.setdefault(row.severity, {0: 1.0})[row.days] = row.share
    present = [name for name in _SERIES if name in curves]
    days = sorted({day for curve in curves.values() for day in curve})
    lines = {name: _held(curves[name], days) for name in present}
    shares: list[tuple[Cell, ...]] = [
        (day, *(lines[name][place] for name in present)) for place, day in enumerate(days)
    ]
    title = "Time to close a patch"
    return Chart(
        name="time_to_close",
        title=title,
        summary=" ".join(_half_time(name, curves[name]) for name in present[:2])
        or "No patch has been followed yet.",
        table=Table(
            name="time_to_close",
            title=title,
            columns=(Column("days", "Days since found", "integer"), *_columns(present, "percent")),
            rows=shares,
        ),
        unit="still open",
        shape="steps",
    )


def _columns(names: Sequence[str], kind: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, name, kind) for name in names)


def _held(curve: dict[int, float], days: Sequence[int]) -> list[float | None]:
    """Return a curve's value on each day: the last known one, and None after its end."""
    end, last, values = max(curve), 1.0, list[float | None]()
    for day in days:
        last = curve.get(day, last)
        values.append(last if day <= end else None)
    return values


def _change(moments: Sequence[datetime], totals: Sequence[int]) -> str:
    if not moments:
        return "Nothing has been measured yet."
    if len(moments) == 1:
        return f"{plural(totals[0], 'patch', 'patches')} open on {cell_text(moments[0], 'date')}."
    first, last = (cell_text(at, "date") for at in (moments[0], moments[-1]))
    return f"From {totals[0]:,} open patches on {first} to {totals[-1]:,} on {last}."


def _half_time(name: str, curve: dict[int, float]) -> str:
    """Describe after how many days half are closed, or the share closed if less."""
    what = "all patches" if name == "all" else f"{name} patches"
    days = [day for day in sorted(curve) if curve[day] <= 0.5]
    if days:
        return f"Half of {what} are closed after {plural(days[0], 'day')}."
    end = max(curve)
    return (
        f"Of {what} {cell_text(1 - curve[end], 'percent')} are closed after {plural(end, 'day')}."
    )
