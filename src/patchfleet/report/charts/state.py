"""Charts of the state of a fleet, as the numbers of their bars.

The title of a chart that leaves something out states it; the summary describes the bars in words.
"""

from collections.abc import Iterable, Sequence

from patchfleet.models import SEVERITIES, STATES
from patchfleet.report.charts.rows import OverdueCount
from patchfleet.report.document import Cell, Chart, Column, Shape, Table
from patchfleet.report.wording import plural, printable, word_text
from patchfleet.store.queries.rows import (
    AGE_BUCKETS,
    AgeRow,
    PostureRow,
    SeverityStateRow,
    TopPatchRow,
)

MOST_BARS = 20
"""Most bars of a chart; the tables hold the rest."""

_PARTS = tuple(Column(severity, severity, "integer") for severity in SEVERITIES)


def open_by_customer(rows: Sequence[PostureRow]) -> Chart:
    """Stack the open patches of each customer by severity, most critical first."""
    labels = _of_sources([(row.source, row.customer) for row in rows])
    counts = [
        (
            label,
            (
                row.open_critical,
                row.open_important,
                row.open_moderate,
                row.open_low,
                row.open_unspecified,
            ),
        )
        for label, row in zip(labels, rows, strict=True)
    ]
    counts.sort(key=lambda pair: pair[1], reverse=True)
    critical = sum(parts[0] for _, parts in counts)
    summary = "No critical patch is open."
    if critical:
        worst, parts = counts[0]
        summary = (
            f"{plural(critical, 'critical patch', 'critical patches')} open in all, "
            f"most of them at {printable(worst)}: {parts[0]:,}."
        )
    return _stacked(
        "open_by_customer",
        "Open patches by customer and severity" + _cut(len(counts), "customers"),
        Column("customer", "Customer"),
        counts[:MOST_BARS],
        summary,
    )


def overdue_by_customer(rows: Iterable[OverdueCount]) -> Chart:
    """Stack the overdue patches of each customer by severity, most critical first."""
    parts_of: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in rows:
        parts = parts_of.setdefault((row.source, row.customer_id, row.customer), {})
        parts[row.severity] = parts.get(row.severity, 0) + row.findings
    labels = _of_sources([(source, customer) for source, _, customer in parts_of])
    counts = [
        (label, tuple(parts.get(severity, 0) for severity in SEVERITIES))
        for label, parts in zip(labels, parts_of.values(), strict=True)
        if any(parts.values())
    ]
    counts.sort(key=lambda pair: pair[1], reverse=True)
    summary = "Nothing is overdue."
    if counts:
        worst, most = max(counts, key=lambda pair: sum(pair[1]))
        total = sum(sum(parts) for _, parts in counts)
        summary = (
            f"{plural(total, 'patch is', 'patches are')} overdue at "
            f"{plural(len(counts), 'customer')}, most of them at {printable(worst)}: "
            f"{sum(most):,}."
        )
    return _stacked(
        "overdue_by_customer",
        "Overdue patches by customer and severity" + _cut(len(counts), "customers"),
        Column("customer", "Customer"),
        counts[:MOST_BARS],
        summary,
    )


def age_of_open_patches(rows: Iterable[AgeRow], *, since: str = "release") -> Chart:
    """Stack the open patches by age and severity; `since` names the start of the age."""
    found = {(row.bucket, row.severity): row.findings for row in rows}
    counts = [
        (bucket, tuple(found.get((bucket, severity), 0) for severity in SEVERITIES))
        for bucket in AGE_BUCKETS
    ]
    total = sum(found.values())
    old = sum(sum(parts) for bucket, parts in counts if bucket in {"31-60", "61-90", ">90"})
    summary = (
        f"{old:,} of {plural(total, 'open patch', 'open patches')} "
        f"{'is' if old == 1 else 'are'} more than 30 days old, counted from {since}."
    )
    return _stacked(
        "age_of_open",
        "Age of open patches",
        Column("age", f"Days since {since}"),
        counts,
        summary,
        shape="columns",
    )


def patches_not_installed(rows: Iterable[SeverityStateRow]) -> Chart:
    """Stack the patches that are not installed by state and severity.

    The summary states the number installed: as a bar it would dwarf all others.
    """
    found = {(row.state, row.severity): row.findings for row in rows}
    counts = [
        (word_text(state), tuple(found.get((state, severity), 0) for severity in SEVERITIES))
        for state in STATES
    ]
    total = sum(found.values())
    installed = dict(counts)["installed"]
    return _stacked(
        "not_installed",
        "Patches not installed, by state",
        Column("state", "State"),
        [(label, parts) for label, parts in counts if any(parts) and label != "installed"],
        f"{sum(installed):,} of {plural(total, 'patch on a device', 'patches on devices')} "
        "are installed; the bars are the others.",
    )


def top_open_patches(rows: Sequence[TopPatchRow]) -> Chart:
    """Show the patches that are open on most devices, coloured by severity."""
    counts = [
        (
            _short_name(row),
            tuple(row.devices if row.severity == severity else 0 for severity in SEVERITIES),
        )
        for row in rows[:MOST_BARS]
    ]
    summary = "No patch is open."
    if rows:
        first = rows[0]
        summary = f"{printable(first.patch)} is open on {plural(first.devices, 'device')}."
    return _stacked(
        "top_patches",
        "Patches open on most devices",
        Column("patch", "Patch"),
        counts,
        summary,
        unit="devices",
    )


def _short_name(row: TopPatchRow) -> str:
    """Put the KB number first: long titles differ only beyond the length of a label."""
    if not row.kb:
        return row.patch
    return f"KB{row.kb} {row.patch.replace(f'(KB{row.kb})', '').strip()}"


def _stacked(
    name: str,
    title: str,
    label: Column,
    counts: Iterable[tuple[str, tuple[int, ...]]],
    summary: str,
    *,
    unit: str = "patches",
    shape: Shape = "bars",
) -> Chart:
    counts = list(counts)
    labels = _distinct([text for text, _ in counts])
    rows: list[tuple[Cell, ...]] = [
        (text, *parts) for text, (_, parts) in zip(labels, counts, strict=True)
    ]
    return Chart(
        name=name,
        title=title,
        summary=summary,
        table=Table(name=name, title=title, columns=(label, *_PARTS), rows=rows),
        unit=unit,
        shape=shape,
    )


def _of_sources(named: Sequence[tuple[str, str]]) -> list[str]:
    """Name each customer, with its source if there are several."""
    if len({source for source, _ in named}) < 2:
        return [customer for _, customer in named]
    return [f"{customer}, {source}" for source, customer in named]


def _distinct(labels: Sequence[str]) -> list[str]:
    """Distinguish equal labels by a number: two customers of one name are two bars."""
    seen: dict[str, int] = {}
    distinct = []
    for label in map(printable, labels):
        seen[label] = seen.get(label, 0) + 1
        distinct.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return distinct


def _cut(number: int, noun: str) -> str:
    return f" (the worst {MOST_BARS} of {number:,} {noun})" if number > MOST_BARS else ""
