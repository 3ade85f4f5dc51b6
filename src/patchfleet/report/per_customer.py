"""One report for each customer, and an overview of them, worst first.

Invariants (tests/report/test_each.py):
- no two customers share a file, however similar their names are;
- files are replaced when all of them are written, the overview last, each completely or not at all.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from unicodedata import normalize

from msgspec import Struct

from patchfleet.errors import ConfigError
from patchfleet.report.document import Cell, Column, Metric, Report, Table
from patchfleet.report.formats import check_destination, save
from patchfleet.report.wording import plural, printable
from patchfleet.store.report_coverage import Coverage

WORST_BY = ("overdue", "overdue_critical", "failed", "reboot_required", "open_critical", "open")
"""Figures that rank customers, the most important first."""

OVERVIEW = "index"
"""File name of the overview, without ending."""

_HEADINGS = {".html": "Page", ".xlsx": "Workbook", ".md": "Markdown"}

_FORBIDDEN = re.compile(r"""[<>:"/\\|?*#%\s\N{REPLACEMENT CHARACTER}]+""")
"""Characters that Windows forbids in a name, or that have a meaning in an address."""

_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)
"""Names that Windows reserves for devices, whatever follows the dot."""

_LONGEST_BYTES = 120


class Saved(Struct, frozen=True):
    """Files that were written: the overview in each format, then each customer's, worst first."""

    overview: tuple[Path, ...]
    customers: tuple[tuple[str, tuple[Path, ...]], ...]


class _Entry(Struct, frozen=True):
    """Customer's report as the overview needs it."""

    customer: str
    place: int
    title: str
    figures: dict[str, Metric]
    remarks: tuple[str, ...]


def save_per_customer(
    reports: Iterable[tuple[str, Report]],
    folder: Path | str,
    suffixes: Sequence[str],
    *,
    coverage: Coverage,
    worst_by: Sequence[str] = WORST_BY,
) -> Saved:
    """Write the report of each customer to `folder` in each format, and `index` beside them.

    `reports` yields a customer's name and report, and one is in memory at a time; `suffixes` are
    endings that `save` supports; `coverage` is that of all customers, for the overview. It shows
    the figures of the reports, ordered by `worst_by`, with a link to each file.
    The folder is made if it is missing; other files in it stay. Raises ConfigError if something
    cannot be written; an error of a report is raised before any file is replaced.
    """
    home = _made(Path(folder))
    endings = tuple(dict.fromkeys(suffix.lower() for suffix in suffixes))
    for ending in endings:
        check_destination(home / f"{OVERVIEW}{ending}")
    with TemporaryDirectory(prefix=".patchfleet-", dir=home, ignore_cleanup_errors=True) as beside:
        entries = []
        for place, (customer, report) in enumerate(reports):
            for ending in endings:
                save(report, Path(beside) / f"{place}{ending}")
            entries.append(_entry(customer, place, report))
        stems = dict(enumerate(file_stems([one.customer for one in entries])))
        entries.sort(key=lambda one: _badness(one, worst_by))
        overview = _overview(entries, stems, endings, coverage)
        moves = [
            (Path(beside) / f"{one.place}{ending}", home / f"{stems[one.place]}{ending}")
            for one in entries
            for ending in endings
        ]
        for ending in endings:
            written = save(overview, Path(beside) / f"{OVERVIEW}{ending}")
            moves.append((written, home / written.name))
        _move(moves)
    return Saved(
        overview=tuple(home / f"{OVERVIEW}{ending}" for ending in endings),
        customers=tuple(
            (one.customer, tuple(home / f"{stems[one.place]}{ending}" for ending in endings))
            for one in entries
        ),
    )


def file_stems(names: Sequence[str]) -> list[str]:
    """Make a file name without ending of each name: legal everywhere, and unique.

    Names that a file system may take for the same (case, forbidden characters, two encodings of an
    accent) get a short digest of the exact name, so that a customer keeps its file in any order of
    `names`. Equal names are numbered in their order.
    """
    plain = [_stem(name) for name in names]
    alike = Counter(map(_folded, plain))
    taken: set[str] = set()
    stems = []
    for name, clean in zip(names, plain, strict=True):
        is_alike = _folded(clean) == OVERVIEW or alike[_folded(clean)] > 1
        stem = f"{clean} {_digest(name)}" if is_alike else clean
        chosen, number = stem, 1
        while _folded(chosen) in taken:
            number += 1
            chosen = f"{stem} ({number})"
        taken.add(_folded(chosen))
        stems.append(chosen)
    return stems


def _digest(name: str) -> str:
    return sha256(name.encode(errors="replace")).hexdigest()[:8]


def _stem(name: str) -> str:
    text = _FORBIDDEN.sub(" ", normalize("NFC", printable(name)))
    short = text.lstrip(" .-~").encode(errors="ignore")[:_LONGEST_BYTES].decode(errors="ignore")
    stem = short.rstrip(" .") or "customer"
    return f"_{stem}" if _DEVICES.fullmatch(stem) else stem


def _folded(stem: str) -> str:
    """Normalise a name so that names that any file system takes for equal are equal."""
    return normalize("NFKD", normalize("NFKD", stem).casefold())


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else (error.strerror or str(error)).lower()
        raise ConfigError(
            f"cannot write to the folder {folder}: {reason}", hint="name a folder you may write to"
        ) from error
    return folder


def _move(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move every file to its target, after checking that no target is a folder."""
    for _, target in moves:
        if target.is_dir():
            raise ConfigError(
                f"cannot write {target}: it is a folder", hint="move it away, or name another DIR"
            )
    for number, (source, target) in enumerate(moves):
        try:
            source.replace(target)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                f"cannot write {target}: {reason.lower()}; {number} of "
                f"{plural(len(moves), 'file')} are new, the others are as before",
                hint="close it in other programs and run the command again",
            ) from error


def _entry(customer: str, place: int, report: Report) -> _Entry:
    figures = {figure.name: figure for figure in report.figures}
    return _Entry(customer, place, report.title, figures, report.remarks)


def _badness(one: _Entry, worst_by: Sequence[str]) -> tuple[list[float], str, str]:
    """Order by the named figures, highest first; an unknown figure counts as the highest."""
    amounts = []
    for name in worst_by:
        value = one.figures[name].value if name in one.figures else 0
        amounts.append(-value if isinstance(value, int | float) else float("-inf"))
    return amounts, one.customer.casefold(), one.customer


def _overview(
    entries: Sequence[_Entry], stems: dict[int, str], endings: Sequence[str], coverage: Coverage
) -> Report:
    figures = {name: figure for one in entries for name, figure in one.figures.items()}
    columns = (
        Column("customer", "Customer", width=28),
        *(Column(e[1:], _HEADINGS.get(e, e[1:].upper()), "file", width=28) for e in endings),
        *(_column(figure) for figure in figures.values()),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            one.customer,
            *(f"{stems[one.place]}{ending}" for ending in endings),
            *(one.figures[name].value if name in one.figures else None for name in figures),
        )
        for one in entries
    ]
    sums = [_sum(figure, entries) for figure in figures.values()]
    remarks = entries[0].remarks if entries else ()
    shared = [remark for remark in remarks if all(remark in one.remarks for one in entries)]
    title = entries[0].title if entries else "No report"
    return Report(
        name="overview",
        title=f"{title}: {plural(len(entries), 'customer')}",
        coverage=coverage,
        remarks=(*shared, "Worst first."),
        tables=(
            Table(
                name="customers",
                title="Customers, worst first",
                columns=columns,
                rows=rows,
                total=("Total", *(None for _ in endings), *(figure.value for figure in sums)),
            ),
        ),
        figures=tuple(figure for figure in sums if figure.value is not None),
    )


def _column(figure: Metric) -> Column:
    return Column(
        figure.name, figure.title, figure.kind, is_actionable=figure.is_actionable or None
    )


def _sum(figure: Metric, entries: Sequence[_Entry]) -> Metric:
    """Add up a figure over all customers; None for a share, or if one is unknown."""
    values = [one.figures[figure.name].value for one in entries if figure.name in one.figures]
    numbers = [value for value in values if isinstance(value, int)]
    adds_up = figure.kind == "integer" and len(numbers) == len(entries)
    return Metric(
        name=figure.name,
        title=figure.title,
        value=sum(numbers) if adds_up else None,
        kind=figure.kind,
        is_actionable=figure.is_actionable,
    )
