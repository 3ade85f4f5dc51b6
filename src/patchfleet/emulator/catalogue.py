"""Catalogue of all patches and their release times, without beginning or end.

A patch is a function of (seed, product line, release number), and the releases up to a day follow
from that day alone, so nothing is added as time passes. Vendor-neutral: each vendor's emulator adds
its own ids and fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from patchfleet.emulator.product_lines import LINES, ProductLine, Severity
from patchfleet.emulator.schedule import nth_weekday
from patchfleet.emulator.seeded_random import SeededRandom

_FIRST_YEAR = 2000
_ANCHOR = datetime(_FIRST_YEAR, 1, 3, 16, 0, tzinfo=UTC)
_VERSIONS_FROM = datetime(2020, 1, 6, tzinfo=UTC)
"""Version numbers of a line are `first_version` at this time and grow from here on."""
_KB = re.compile(r"\bKB\d{6,8}\b")


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One patch: its title, release time and requirements.

    `number` is unique in the catalogue. `restart` is the probability that an install waits for a
    restart. `kb` is None for patches that are not Microsoft's.
    """

    number: int
    line: str
    title: str
    product: str
    severity: Severity
    kb: str | None
    url: str
    released_at: datetime
    is_deployable: bool
    is_uninstallable: bool
    restart: float


class Catalogue:
    """The releases of one seed; `lines` are by default those of Windows machines."""

    def __init__(self, seed: int, lines: Mapping[str, ProductLine] = LINES) -> None:
        self._seed = seed
        self._lines = lines
        self._line_numbers = {name: number for number, name in enumerate(lines, 1)}
        self._known: dict[tuple[str, int], Patch] = {}

    def released(self, line: str, after: datetime, until: datetime) -> list[Patch]:
        """Return the patches of a line released in (after, until], oldest first."""
        kind = self._lines[line]
        number = max(0, _release_number(kind, after) - 1)
        found: list[Patch] = []
        while True:
            patch = self._patch(kind, number)
            if patch.released_at > until:
                return found
            if patch.released_at > after:
                found.append(patch)
            number += 1

    def released_for(self, lines: tuple[str, ...], after: datetime, until: datetime) -> list[Patch]:
        """Return the patches of several lines released in (after, until], oldest first."""
        found = [patch for line in lines for patch in self.released(line, after, until)]
        found.sort(key=_by_release)
        return found

    def _patch(self, line: ProductLine, number: int) -> Patch:
        known = self._known.get((line.name, number))
        if known is None:
            first = self._line_numbers[line.name] * 100_000
            known = _make(self._seed, line, first, number)
            self._known[line.name, number] = known
        return known


def _by_release(patch: Patch) -> tuple[datetime, int]:
    return patch.released_at, patch.number


def _release_number(line: ProductLine, when: datetime) -> int:
    """Return the number of a release near `when`; it is at most one too high or too low."""
    if line.every_days:
        return (when - _ANCHOR).days // line.every_days
    return ((when.year - _FIRST_YEAR) * 12 + when.month - 1) // line.months


def _released_at(line: ProductLine, number: int, random: SeededRandom) -> datetime:
    """Return when a release came out: a Tuesday evening, or in the first half of its period."""
    if line.every_days:
        slack = random.below(max(1, line.every_days * 24 // 2))
        return _ANCHOR + timedelta(days=number * line.every_days, hours=slack)
    years, month = divmod(number * line.months + line.months - 1, 12)
    day = nth_weekday(_FIRST_YEAR + years, month + 1, 1, line.tuesday)
    return datetime.combine(day, time(17), UTC)


@lru_cache(maxsize=16_384)  # worlds of one seed share them
def _make(seed: int, line: ProductLine, first: int, number: int) -> Patch:
    """Return release `number` of the line whose patches are numbered from `first`."""
    random = SeededRandom(seed, "patch", line.name, number)
    released_at = _released_at(line, number, random)
    unique = first + number
    kb = f"KB{5_000_000 + (unique * 7_919 + seed * 31) % 999_983}" if line.microsoft else None
    title = _title(line, number, released_at, kb, random)
    named = _KB.search(title)
    return Patch(
        number=unique,
        line=line.name,
        title=title,
        product=line.product,
        severity=random.weighted(line.severities),
        kb=named[0] if named else None,
        url=_url(line, number, kb),
        released_at=released_at,
        is_deployable=random.happens(line.deployable),
        is_uninstallable=line.uninstallable,
        restart=line.restart,
    )


def _title(
    line: ProductLine, number: int, released_at: datetime, kb: str | None, random: SeededRandom
) -> str:
    since = number - _release_number(line, _VERSIONS_FROM)
    return line.title.format(
        kb=kb,
        month=f"{released_at.year}-{released_at.month:02}",
        year=released_at.year % 100,
        number=max(1, line.first_version + since),
        version=f"{random.below(30)}.{random.between(1, 9000)}",
    )


def _url(line: ProductLine, number: int, kb: str | None) -> str:
    """Return the URL of a patch's description; one line in nine has no page."""
    if kb:
        return f"https://example.invalid/kb/{kb[2:]}"
    if len(line.name) % 9 == 0:
        return ""
    return f"https://example.invalid/{line.name.replace(' ', '-')}/{number}?lang=en&full=1"
