"""A report as a file, in the format of the file name's ending.

Invariant: a file appears completely or not at all; until then the old one stays
(tests/report/test_save.py).
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from patchfleet.errors import ConfigError
from patchfleet.report.document import Report, Table
from patchfleet.report.formats.csv import MARK, write_csv
from patchfleet.report.formats.json import iter_json


def save(what: Report | Table, path: Path | str) -> Path:
    """Write a report or one table to `path`, as .xlsx, .html, .md, .csv, .json or .parquet.

    Returns the path. A CSV and a Parquet file hold one table. Raises ConfigError for another
    ending, for either with several tables, and for a place that cannot be written (a folder, not
    there, not ours, full); the old file is intact.
    """
    target = check_destination(path)
    write = _WRITERS[target.suffix.lower()]
    try:
        _replace(target, lambda beside: write(what, beside))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"cannot write {target}: {reason[:1].lower()}{reason[1:]}",
            hint="name a file you may write, in a folder with room, that no program holds open",
        ) from error
    return target


def check_destination(path: Path | str) -> Path:
    """Refuse a destination that `save` could not write, before a report is built.

    Raises ConfigError for an ending without a format, a folder, or a folder that is not there.
    """
    target = Path(path)
    if target.suffix.lower() not in _WRITERS:
        allowed = ", ".join(_WRITERS)
        raise ConfigError(
            f"cannot tell the format of {target.name!r} from its ending",
            hint=f"end the name in one of {allowed}",
        )
    if target.is_dir():
        raise ConfigError(f"cannot write {target}: it is a folder", hint="name a file in it")
    if not target.absolute().parent.is_dir():
        raise ConfigError(
            f"cannot write {target}: there is no folder {target.parent}",
            hint=f"make it first: mkdir -p {target.parent}",
        )
    return target


def _replace(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `target`, then replace `target` in one step."""
    target = target.resolve()  # a link stays a link
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        write(beside)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _write_json(what: Report | Table, path: Path) -> None:
    _write_pieces(iter_json(what), path)


def _one_table(what: Report | Table, kind: str) -> Table:
    """Return the only table of a report; raise ConfigError if there are several."""
    if not isinstance(what, Report):
        return what
    if len(what.tables) != 1:
        raise ConfigError(
            f"a {kind} holds one table, and the report {what.name!r} has {len(what.tables)}",
            hint=f"choose one of {what.names}, or write .xlsx, which holds them all",
        )
    return what.tables[0]


def _write_csv(what: Report | Table, path: Path) -> None:
    table = _one_table(what, "CSV")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(MARK)
        write_csv(table, file)


def _write_parquet(what: Report | Table, path: Path) -> None:
    from patchfleet.report.formats.parquet import write_parquet

    write_parquet(_one_table(what, "Parquet file"), path)


def _write_xlsx(what: Report | Table, path: Path) -> None:
    from patchfleet.report.formats.xlsx import write_xlsx

    write_xlsx(what, path)


def _write_html(what: Report | Table, path: Path) -> None:
    from patchfleet.report.formats.html import to_html

    path.write_text(to_html(what), encoding="utf-8", newline="\n")


def _write_markdown(what: Report | Table, path: Path) -> None:
    from patchfleet.report.formats.markdown import iter_markdown

    _write_pieces(iter_markdown(what), path)


def _write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write text piece by piece, so that a report need not fit into memory."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(pieces)


_WRITERS: dict[str, Callable[[Report | Table, Path], None]] = {
    ".xlsx": _write_xlsx,
    ".html": _write_html,
    ".md": _write_markdown,
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
