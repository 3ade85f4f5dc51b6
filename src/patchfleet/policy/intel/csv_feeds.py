"""Tables of vulnerability data as comma-separated values: EPSS, KEV, SSVC and KB numbers.

A table may begin with a comment that names the version and the day, such as
`#model_version:v2025.03.14,score_date:2026-09-13T00:00:00Z` [EPSS, the daily file of scores].
Invariant: an odd row is named with its line and the others count; a table that is cut off is an
error (tests/policy/test_policy_intel.py).
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeVar

from msgspec import Struct

from patchfleet.models.vocabulary import kb_number, kb_numbers
from patchfleet.policy.intel.errors import CVE, DOWNLOAD, Problems, cve_of, unusable
from patchfleet.policy.intel.records import EpssScore, Exploitation, KbCve, SsvcAssessment

EPSS = ("cve", "epss", "percentile")
SSVC = ("cve", "exploitation", "automatable", "technical_impact")
KB = ("kb", "cve")
KB_SUPERSEDES = ("kb", "cve", "supersedes")
KEV = ("cveid", "dateadded", "duedate", "knownransomwarecampaignuse")
HEADERS = (EPSS, SSVC, KB_SUPERSEDES, KB, KEV)
OPEN = frozenset({KB_SUPERSEDES, KB, KEV})
"""Headers that may have further columns, which are skipped: CISA's and those of users."""

V = TypeVar("V")


class CsvTable(Struct):
    """A table with a known header: its rows, and its comments.

    `at` is the place of each of our columns in a row; `first_line` is the line of the header, and
    `is_whole` is true if the text ends in a line break, so that its last row is not cut.
    """

    file: str
    header: tuple[str, ...]
    at: tuple[int, ...]
    width: int
    rows: Iterator[list[str]]
    first_line: int
    lines_read: Callable[[], int]
    dated: date | None
    version: str | None
    is_whole: bool
    problems: Problems

    @property
    def line(self) -> int:
        """Line of the row that was read last."""
        return self.first_line - 1 + self.lines_read()

    def leave_out(self, reason: object) -> None:
        """Record the row that was read last as a problem; it does not count."""
        self.problems.leave_out(self.line, str(reason))

    def cells(self) -> Iterator[list[str]]:
        """Yield the rows, each with our columns in our order, without blank lines.

        Raises `PolicyError` for a table that ends in the middle of a row.
        """
        in_order = self.at == tuple(range(self.width))
        odd: tuple[int, str] | None = None
        try:
            for row in self.rows:
                if odd is not None:
                    self.problems.leave_out(*odd)
                    odd = None
                if len(row) == self.width:
                    yield row if in_order else [row[place] for place in self.at]
                elif row:
                    odd = self.line, f"the row has {len(row)} columns, and the header {self.width}"
        except csv.Error as error:
            raise unusable(self.file, self.line, str(error), DOWNLOAD) from None
        if odd is not None and not self.is_whole:
            raise unusable(self.file, *odd, DOWNLOAD)
        if odd is not None:
            self.problems.leave_out(*odd)


def open_table(file: str, text: str) -> CsvTable:
    """Return a table by its header; raise `PolicyError` for an unknown header."""
    lines = text.splitlines()
    comments = 0
    while comments < len(lines) and lines[comments].startswith("#"):
        comments += 1
    dated, version = _about(file, lines[:comments])
    reader = csv.reader(lines[comments:], strict=True)
    try:
        found = tuple(name.strip().casefold() for name in next(reader, []))
    except csv.Error as error:
        raise unusable(file, comments + 1, str(error), _FORMS) from None
    for header in HEADERS:
        is_ours = set(found) >= set(header) if header in OPEN else sorted(found) == sorted(header)
        if is_ours and len(set(found)) == len(found):
            return CsvTable(
                file=file,
                header=header,
                at=tuple(found.index(name) for name in header),
                width=len(found),
                rows=reader,
                first_line=comments + 1,
                lines_read=lambda: reader.line_num,
                dated=dated,
                version=version,
                is_whole=text.endswith("\n"),
                problems=Problems(file, "line"),
            )
    raise unusable(
        file, comments + 1, f"no file of ours has the columns {_shown_columns(found)}", _FORMS
    )


_FORMS = "known are KEV and SSVC as JSON, and tables with the columns " + "; ".join(
    ",".join(header) for header in HEADERS
)


def _shown_columns(found: tuple[str, ...]) -> str:
    joined = ",".join(found)
    return repr(joined if len(joined) <= 60 else f"{joined[:57]}…")


def _about(file: str, comments: list[str]) -> tuple[date | None, str | None]:
    """Return the day and the version in the comments."""
    dated, version = None, None
    for number, comment in enumerate(comments, 1):
        for part in comment.lstrip("#").split(","):
            name, _, value = part.partition(":")
            name, value = name.strip(), value.strip()
            if name == "model_version":
                version = value
            elif name == "score_date":
                try:
                    dated = date.fromisoformat(value[:10])
                except ValueError:
                    raise unusable(file, number, f"{value!r} is not a date", DOWNLOAD) from None
    return dated, version


_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def _number(text: str) -> float:
    """Return a number as EPSS writes it; raise ValueError for notations of Python alone."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return float(text)


def epss_rows(table: CsvTable) -> list[EpssScore]:
    """Return the scores of a table, in its order."""
    scores: dict[str, EpssScore] = {}
    is_cve = CVE.fullmatch
    for cve, epss, percentile in table.cells():
        try:
            name = cve if is_cve(cve) else cve_of(cve)
        except ValueError as error:
            table.leave_out(error)
            continue
        try:
            score = EpssScore(name, _number(epss), _number(percentile))
        except ValueError:
            table.leave_out(f"{cve}: {epss!r} and {percentile!r} are not two numbers")
            continue
        if not (0 <= score.epss <= 1 and 0 <= score.percentile <= 1):
            table.leave_out(f"{cve}: a score is from 0 to 1, not {epss} and {percentile}")
        elif scores.setdefault(name, score) != score:
            table.leave_out(f"{name} was there before with other values")
    return list(scores.values())


EXPLOITATION: dict[str, Exploitation | None] = {
    "none": "none",
    "poc": "poc",
    "public poc": "poc",
    "active": "active",
    "": None,
}
AUTOMATABLE: dict[str, bool | None] = {"yes": True, "no": False, "": None}
IMPACT: dict[str, bool | None] = {"total": True, "partial": False, "": None}


def word_of(words: dict[str, V], text: str, what: str) -> V:
    """Return the meaning of a word; raise ValueError that lists the known words."""
    try:
        return words[text.strip().casefold()]
    except KeyError:
        known = ", ".join(word for word in words if word)
        raise ValueError(f"{what} is one of {known}, not {text!r}") from None


def assessment_of(
    cve: str, exploitation: str, automatable: str, technical_impact: str
) -> SsvcAssessment:
    """Return an assessment from its words, "" for a missing one; raise ValueError for others."""
    return SsvcAssessment(
        cve_of(cve),
        word_of(EXPLOITATION, exploitation, "exploitation"),
        word_of(AUTOMATABLE, automatable, "automatable"),
        word_of(IMPACT, technical_impact, "technical impact"),
    )


def ssvc_rows(table: CsvTable) -> list[SsvcAssessment]:
    """Return the assessments of a table, in its order."""
    rows: dict[str, SsvcAssessment] = {}
    for cells in table.cells():
        try:
            row = assessment_of(*cells)
        except ValueError as error:
            table.leave_out(error)
            continue
        if rows.setdefault(row.cve, row) != row:
            table.leave_out(f"{row.cve} was there before with other values")
    return list(rows.values())


def kb_rows(table: CsvTable) -> list[KbCve]:
    """Return the fixes and contents of updates, each pair once, in the order of the table.

    `supersedes` names one KB number or several, and `cve` may be empty beside it.
    """
    rows: dict[KbCve, None] = {}
    for kb, cve, *superseded in table.cells():
        number = kb_number(kb)
        older = kb_numbers(superseded[0]) if superseded else ()
        if number is None:
            table.leave_out(f"{kb!r} is not a KB number such as KB5034441")
            continue
        if superseded and superseded[0].strip() and not older:
            table.leave_out(f"KB{number} supersedes {superseded[0]!r}, which is no KB number")
        try:
            if cve.strip() or not older:
                rows[KbCve(number, cve_of(cve))] = None
        except ValueError as error:
            table.leave_out(error)
        rows |= {KbCve(number, None, one): None for one in older if one != number}
    return list(rows)


def kev_cells(table: CsvTable) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of CISA's catalogue, with their line, by the names of its JSON."""
    names = ("cveID", "dateAdded", "dueDate", "knownRansomwareCampaignUse")
    for cells in table.cells():
        yield table.line, dict(zip(names, cells, strict=True))
