"""The tables among the files: EPSS, SSVC and KB numbers as comma-separated values.

A table may open with a comment such as `#model_version:v2025.03.14,score_date:2026-09-13T00:00:00Z`
[EPSS, the daily file of scores]: it names the version and the day.

Law of this file: pure; a row that is not understood is an error with its line, never left out.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from typing import NoReturn, TypeVar

from msgspec import Struct

from patchfleet.models.words import kb_number
from patchfleet.policy.intel.rows import EpssScore, Exploitation, KbCve, SsvcAssessment
from patchfleet.policy.intel.trouble import CVE, DOWNLOAD, cve_of, keep, unusable

EPSS = ("cve", "epss", "percentile")
SSVC = ("cve", "exploitation", "automatable", "technical_impact")
KB = ("kb", "cve")
HEADERS = (EPSS, SSVC, KB)

V = TypeVar("V")


class Table(Struct):
    """A table whose header is understood: its rows to come, and what it says of itself.

    `at` is the place of each of our columns in a row; `first_line` is the line of the header.
    """

    file: str
    header: tuple[str, ...]
    at: tuple[int, ...]
    rows: Iterator[list[str]]
    first_line: int
    lines_read: Callable[[], int]
    dated: date | None
    version: str | None

    def refuse(self, error: ValueError | csv.Error, hint: str | None = None) -> NoReturn:
        """Raise `PolicyError` for the row that was read last."""
        line = self.first_line - 1 + self.lines_read()
        raise unusable(self.file, line, str(error), hint) from None

    def cells(self) -> Iterator[list[str]]:
        """Yield the rows, each with our columns in our order; blank lines are no rows."""
        width = len(self.at)
        in_order = self.at == tuple(range(width))
        try:
            for row in self.rows:
                if len(row) == width:
                    yield row if in_order else [row[place] for place in self.at]
                elif row:
                    what = f"the row has {len(row)} columns, and the header {width}"
                    self.refuse(ValueError(what), DOWNLOAD)
        except csv.Error as error:
            self.refuse(error, DOWNLOAD)


def open_table(file: str, text: str) -> Table:
    """Return a table by its header; raise `PolicyError` for one that is none of ours."""
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
        if sorted(found) == sorted(header):
            at = tuple(found.index(name) for name in header)
            return Table(
                file, header, at, reader, comments + 1, lambda: reader.line_num, dated, version
            )
    raise unusable(file, comments + 1, f"no file of ours has the columns {_said(found)}", _FORMS)


_FORMS = "known are KEV and SSVC as JSON, and tables with the columns " + "; ".join(
    ",".join(header) for header in HEADERS
)


def _said(found: tuple[str, ...]) -> str:
    said = ",".join(found)
    return repr(said if len(said) <= 60 else f"{said[:57]}…")


def _about(file: str, comments: list[str]) -> tuple[date | None, str | None]:
    """Return the day and the version that comments name."""
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


def epss_rows(table: Table) -> list[EpssScore]:
    """Return the scores of a table, in its order."""
    scores: dict[str, EpssScore] = {}
    is_cve = CVE.fullmatch
    for cve, epss, percentile in table.cells():
        if is_cve(cve) is None:
            _refuse_name(table, cve)
        try:
            score = EpssScore(cve, float(epss), float(percentile))
        except ValueError:
            table.refuse(ValueError(f"{epss!r} and {percentile!r} are not two numbers"), DOWNLOAD)
        # Written so that NaN, which is neither below nor above anything, is refused too.
        if not (0 <= score.epss <= 1 and 0 <= score.percentile <= 1):
            what = f"{cve}: a score is from 0 to 1, not {epss} and {percentile}"
            table.refuse(ValueError(what), DOWNLOAD)
        try:
            keep(scores, cve, score)
        except ValueError as error:
            table.refuse(error, DOWNLOAD)
    return list(scores.values())


def _refuse_name(table: Table, cve: str) -> NoReturn:
    try:
        cve_of(cve)
    except ValueError as error:
        table.refuse(error, DOWNLOAD)
    table.refuse(ValueError(f"{cve!r} is not written as EPSS writes it, in capitals"), DOWNLOAD)


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
    """Return what a word stands for; raise ValueError that names the words there are."""
    try:
        return words[text.strip().casefold()]
    except KeyError:
        known = ", ".join(word for word in words if word)
        raise ValueError(f"{what} is one of {known}, not {text!r}") from None


def assessment_of(
    cve: str, exploitation: str, automatable: str, technical_impact: str
) -> SsvcAssessment:
    """Return an assessment from its words, "" for what is not said; raise ValueError for others."""
    return SsvcAssessment(
        cve_of(cve),
        word_of(EXPLOITATION, exploitation, "exploitation"),
        word_of(AUTOMATABLE, automatable, "automatable"),
        word_of(IMPACT, technical_impact, "technical impact"),
    )


def ssvc_rows(table: Table) -> list[SsvcAssessment]:
    """Return the assessments of a table, in its order."""
    rows: dict[str, SsvcAssessment] = {}
    for cells in table.cells():
        try:
            row = assessment_of(*cells)
            keep(rows, row.cve, row)
        except ValueError as error:
            table.refuse(error)
    return list(rows.values())


def _kb_of(text: str) -> str:
    number = kb_number(text)
    if number is None:
        raise ValueError(f"{text!r} is not a KB number such as KB5034441")
    return number


def kb_rows(table: Table) -> list[KbCve]:
    """Return which update mends which vulnerability, each pair once, in the order of the table."""
    rows: dict[KbCve, None] = {}
    for kb, cve in table.cells():
        try:
            rows[KbCve(_kb_of(kb), cve_of(cve))] = None
        except ValueError as error:
            table.refuse(error)
    return list(rows)
