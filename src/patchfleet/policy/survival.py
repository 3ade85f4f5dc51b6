"""Survival estimate of the time to patch, which counts open findings too.

Kaplan-Meier estimator: a finding still open after 90 days took longer than 90, and is counted as
such. An average over closed findings alone always looks better than the truth. A value beyond the
observations is None.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite

from msgspec import Struct

from patchfleet._renamed import renamed

_ROUNDING = 1e-12
"""Upper bound of the error of a product of a few thousand fractions."""


class Survival(Struct, frozen=True, kw_only=True):
    """Share of findings still open after each number of days.

    `days` and `shares_open` go together, one for each time at which something closed.
    `longest_days` is the longest observation: beyond it nothing is known while findings are open.
    """

    count: int
    closed: int
    days: tuple[float, ...]
    shares_open: tuple[float, ...]
    longest_days: float

    @property
    def open(self) -> int:
        """Number of findings open at their last observation."""
        return self.count - self.closed

    @property
    def median_days(self) -> float | None:
        """Days after which half is closed; None if less than half is."""
        for days, share in zip(self.days, self.shares_open, strict=True):
            if share <= 0.5 + _ROUNDING:
                return days
        return None

    def closed_by(self, days: float) -> float | None:
        """Return the share closed within `days`; None beyond the observations."""
        if not self.count:
            return None
        place = bisect_right(self.days, days)
        share = self.shares_open[place - 1] if place else 1.0
        return None if share > 0 and days > self.longest_days else 1 - share


def survival(
    observed: Iterable[tuple[float, bool]] | Mapping[tuple[float, bool], int],
) -> Survival:
    """Estimate the time to close, from pairs of days and whether the finding is closed.

    Equal pairs may be given once, with their number.
    Days run from the start of the clock to the closing, or to now for open ones. Raises
    ValueError for negative or non-finite days.
    """
    closed: Counter[float] = Counter()
    left: Counter[float] = Counter()
    for (days, is_closed), often in Counter(observed).items():
        if not isfinite(days) or days < 0:
            raise ValueError(f"{days} is not a number of days")
        left[days] += often
        if is_closed:
            closed[days] += often
    at_risk = count = left.total()
    share = 1.0
    steps: list[tuple[float, float]] = []
    for days in sorted(left):
        if closed[days]:
            share *= (at_risk - closed[days]) / at_risk
            steps.append((days, share))
        at_risk -= left[days]
    return Survival(
        count=count,
        closed=closed.total(),
        days=tuple(days for days, _ in steps),
        shares_open=tuple(share for _, share in steps),
        longest_days=max(left, default=0.0),
    )


class WorldFigure(Struct, frozen=True, kw_only=True):
    """A published figure to print beside a fleet's own; shares are 0 to 1."""

    name: str
    value: float
    unit: str
    source: str


INDUSTRY_FIGURES: tuple[WorldFigure, ...] = (
    WorldFigure(
        name="median time to patch of exploited vulnerabilities",
        value=43,
        unit="days",
        source="DBIR 2026",
    ),
    WorldFigure(
        name="known exploited vulnerabilities fully fixed", value=0.26, unit="share",
        source="DBIR 2026",
    ),
    WorldFigure(
        name="still open at 28 days", value=0.35, unit="share", source="Qualys"
    ),
)  # fmt: skip

__getattr__ = renamed(__name__)
