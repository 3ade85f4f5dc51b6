"""How long patches take, counting those that are still open.

The estimate is Kaplan and Meier's: a finding that is still open after 90 days says that it took
longer than 90, and is not left out because nobody knows how much longer. An average over what was
closed alone always looks better than the truth.

Law of this file: pure; what the observations cannot tell is None, never a guess.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite

from msgspec import Struct

from patchfleet._renamed import renamed

_ROUNDING = 1e-12
"""The error of a product of a few thousand fractions stays below this."""


class Survival(Struct, frozen=True, kw_only=True):
    """The share that is still open after each number of days.

    `days` and `shares_open` go together, one for each time at which something closed.
    `longest_days` is the longest time anybody looked: beyond it nothing is known while something is
    open.
    """

    count: int
    closed: int
    days: tuple[float, ...]
    shares_open: tuple[float, ...]
    longest_days: float

    @property
    def open(self) -> int:
        """How many were still open when last looked at."""
        return self.count - self.closed

    @property
    def median_days(self) -> float | None:
        """The days after which half is closed; None where less than half is known to be."""
        for days, share in zip(self.days, self.shares_open, strict=True):
            if share <= 0.5 + _ROUNDING:
                return days
        return None

    def closed_by(self, days: float) -> float | None:
        """Return the share closed within so many days; None beyond what was observed."""
        if not self.count:
            return None
        place = bisect_right(self.days, days)
        share = self.shares_open[place - 1] if place else 1.0
        return None if share > 0 and days > self.longest_days else 1 - share


def survival(
    observed: Iterable[tuple[float, bool]] | Mapping[tuple[float, bool], int],
) -> Survival:
    """Estimate how long closing takes, from pairs of days and whether it is closed.

    Pairs that occur often may come once, with how often.
    Days run from the start of the clock to the closing, or to now for what is open. Raises
    ValueError for days that are negative or no number.
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
