"""One report for each customer, and an overview of them, worst first.

Law of this file: no customer's report ever takes the place of another's, however alike their names
are; the files appear when all of them are written, the overview last, and each whole or not at all.
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
from patchfleet.store.queries.coverage import Coverage

WORST_BY = ("overdue", "overdue_critical", "failed", "reboot_required", "open_critical", "open")
"""Figures that say how much waits at a customer, the most telling first."""

OVERVIEW = "index"
"""What the overview is called, with the ending of its format."""

_HEADINGS = {".html": "Page", ".xlsx": "Workbook", ".md": "Markdown"}

_FORBIDDEN = re.compile(r"""[<>:"/\\|?*#%\s\N{REPLACEMENT CHARACTER}]+""")
"""What Windows forbids in a name, and what an address would take for something else."""

_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)
"""Names that are no files on Windows, whatever follows the dot."""

_LONGEST_BYTES = 120


class Saved(Struct, frozen=True):
    """What was written: the overview in each format, and each customer's files, worst first."""

    overview: tuple[Path, ...]
    customers: tuple[tuple[str, tuple[Path, ...]], ...]


class _Told(Struct, frozen=True):
    """What the overview keeps of a customer's report."""

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

    `reports` gives a customer's name and report, and one is held at a time; `suffixes` are endings
    that `save` knows; `coverage` is of all of them together, for the overview. It shows the figures
    of the reports, ordered by those that `worst_by` names, with a link to each file. The folder is
    made if it is not there; other files in it stay. Raises ConfigError where something cannot be
    written, and before anything is replaced if the fault is in a report; then every file is still
    the old one.
    """
    home = _made(Path(folder))
    endings = tuple(dict.fromkeys(suffix.lower() for suffix in suffixes))
    for ending in endings:
        check_destination(home / f"{OVERVIEW}{ending}")
    with TemporaryDirectory(prefix=".patchfleet-", dir=home, ignore_cleanup_errors=True) as beside:
        told = []
        for place, (customer, report) in enumerate(reports):
            for ending in endings:
                save(report, Path(beside) / f"{place}{ending}")
            told.append(_tell(customer, place, report))
        stems = dict(enumerate(file_stems([one.customer for one in told])))
        told.sort(key=lambda one: _badness(one, worst_by))
        overview = _overview(told, stems, endings, coverage)
        moves = [
            (Path(beside) / f"{one.place}{ending}", home / f"{stems[one.place]}{ending}")
            for one in told
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
            for one in told
        ),
    )


def file_stems(names: Sequence[str]) -> list[str]:
    """Make a file name without ending of each name: legal everywhere, and no two alike.

    Names that a file system may take for the same (case, forbidden characters, two spellings of an
    accent) carry a short digest of the exact name, so that the same customer has the same file next
    time, whatever the order. Names that are equal are told apart by their order.
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
    """Spell a name so that all that any file system takes for equal is equal."""
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
    """Put every file in its place; look first whether a folder stands there."""
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


def _tell(customer: str, place: int, report: Report) -> _Told:
    figures = {figure.name: figure for figure in report.figures}
    return _Told(customer, place, report.title, figures, report.remarks)


def _badness(one: _Told, worst_by: Sequence[str]) -> tuple[list[float], str, str]:
    """Order by the figures named, highest first; one that is not known is as bad as can be."""
    amounts = []
    for name in worst_by:
        value = one.figures[name].value if name in one.figures else 0
        amounts.append(-value if isinstance(value, int | float) else float("-inf"))
    return amounts, one.customer.casefold(), one.customer


def _overview(
    told: Sequence[_Told], stems: dict[int, str], endings: Sequence[str], coverage: Coverage
) -> Report:
    figures = {name: figure for one in told for name, figure in one.figures.items()}
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
        for one in told
    ]
    sums = [_sum(figure, told) for figure in figures.values()]
    remarks = told[0].remarks if told else ()
    shared = [remark for remark in remarks if all(remark in one.remarks for one in told)]
    title = told[0].title if told else "No report"
    return Report(
        name="overview",
        title=f"{title}: {plural(len(told), 'customer')}",
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


def _sum(figure: Metric, told: Sequence[_Told]) -> Metric:
    """Add a figure up over all; a share does not add up, nor does what one of them cannot say."""
    values = [one.figures[figure.name].value for one in told if figure.name in one.figures]
    numbers = [value for value in values if isinstance(value, int)]
    adds_up = figure.kind == "integer" and len(numbers) == len(told)
    return Metric(
        name=figure.name,
        title=figure.title,
        value=sum(numbers) if adds_up else None,
        kind=figure.kind,
        is_actionable=figure.is_actionable,
    )
