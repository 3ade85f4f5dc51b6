"""The tree of the repository: its modules, their syntax, and every text in it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOME = Path(__file__).parents[2]

SOURCE = HOME / "src" / "patchfleet"

MODULES = sorted(SOURCE.rglob("*.py"))

OUTSIDE = {".git", ".venv", ".cache", ".hypothesis", "__pycache__", "build", "dist", "demo"}

OUTSIDE |= {".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache"}


def shown(path: Path) -> str:
    """Return a path as a test's name."""
    return path.relative_to(HOME).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file, parsed once; nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def files(*, without: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text of the repository but one with its path."""
    for path in sorted(HOME.rglob("*")):
        inside = path.relative_to(HOME)
        if (
            OUTSIDE & set(inside.parts)
            or not path.is_file()
            or Path(__file__).parent in path.parents
        ):
            continue
        try:
            yield inside, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or a recorded reply in the vendor's encoding
            yield inside, path.read_text(encoding="latin-1")
