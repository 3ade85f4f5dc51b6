"""How tables of Markdown are written.

Law of this file: a bar or a line break inside a cell cannot break its table.
"""

from collections.abc import Iterable, Mapping, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, with a line break at its end."""
    lines = [_line(heads), _line(["---"] * len(heads)), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Return a text in the type of code."""
    return f"`{text}`"


def explained(names: Iterable[str], meanings: Mapping[str, object], what: str) -> None:
    """Raise LookupError unless every name has a meaning and every meaning a name."""
    odd = set(names) ^ meanings.keys()
    if odd:
        raise LookupError(f"{what}: in the code or in the words, not in both: {sorted(odd)}")


def _line(cells: Sequence[str]) -> str:
    shown = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(shown) + " |"
