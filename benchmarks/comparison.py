"""Comparison of two measurements, as a row of a table.

A ratio is Patchfleet's figure divided by the other one of the same round; the table shows the
median of the rounds, with the smallest and the largest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("measured", "Patchfleet", "beside it", "ratio", "rounds", "n", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One quantity measured in rounds, Patchfleet's and the other's, in the same unit.

    A target limits the ratio, or, as `within`, Patchfleet's figure in that unit.
    """

    what: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float]
    at_least: float | None = None
    at_most: float | None = None
    within: float | None = None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        return [ours / other for ours, other in zip(self.ours, self.other, strict=True)]

    def cells(self) -> tuple[str, ...]:
        """Return the row as texts, one for each of `HEADINGS`."""
        ratios = self.ratios
        return (
            self.what,
            f"{_rounded(median(self.ours))} {self.unit}",
            f"{_rounded(median(self.other))} {self.unit}",
            f"{_rounded(median(ratios))} x",
            f"{_rounded(min(ratios))} to {_rounded(max(ratios))}",
            str(len(ratios)),
            self._target(median(ratios)),
        )

    def _target(self, ratio: float) -> str:
        if self.at_least is not None:
            return f"≥ {_rounded(self.at_least)}: {'met' if ratio >= self.at_least else 'missed'}"
        if self.at_most is not None:
            return f"≤ {_rounded(self.at_most)}: {'met' if ratio <= self.at_most else 'missed'}"
        if self.within is not None:
            is_met = median(self.ours) <= self.within
            return f"≤ {_rounded(self.within)} {self.unit}: {'met' if is_met else 'missed'}"
        return "none"


def table(rows: Iterable[Comparison]) -> str:
    """Return comparisons as a Markdown table with aligned columns."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        + " |\n"
        for cells in lines
    )


def _rounded(value: float) -> str:
    """Format with three significant digits, and thousands in full."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
