"""Prose of the repository: docstrings, comments and messages of its modules, text of its pages."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tree import HOME, MODULES, SOURCE, parsed

_TEXTS = {"STRING", "COMMENT", "FSTRING_MIDDLE"}
_CODE = re.compile(r"``?[^`]*``?|\{[^{}]*\}|\[[DOI]: [^\]]*\]|https?://\S+|(?<=\])\([^)]*\)")
_FENCE = re.compile(r"^```.*?^```[^\n]*$", re.DOTALL | re.MULTILINE)
_FORMER = re.compile(r"^> \*\*not:\*\*.*$", re.MULTILINE)
LIST = "## Words that do not come back"


class Passage(NamedTuple):
    """Some prose, and where it begins."""

    room: str
    path: Path
    line: int
    text: str


@cache
def modules() -> tuple[Passage, ...]:
    """Return the docstrings, comments and messages of every module but those of former names."""
    return tuple(_modules())


def _modules() -> Iterator[Passage]:
    for path in MODULES:
        inside = path.relative_to(SOURCE)
        if inside.parts[0] != "_renamed":
            room = inside.parts[0] if len(inside.parts) > 1 else "."
            source = path.read_text(encoding="utf-8")
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                # A text of one word is a key, a column or a name, and not prose.
                if tokenize.tok_name[token.type] in _TEXTS and " " in token.string.strip():
                    yield Passage(room, path.relative_to(HOME), token.start[0], token.string)


def pages() -> Iterator[Passage]:
    """Yield the pages written for people, without their blocks of code."""
    for path in sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")]):
        if path.name != "CHANGELOG.md":  # the changelog names former words
            text = path.read_text(encoding="utf-8")
            text = _FENCE.sub(lambda found: "\n" * found.group().count("\n"), text)
            text = _FORMER.sub("", text)
            if path.name == "STYLE.md":
                text = text.partition(LIST)[0]
            yield Passage("docs", path.relative_to(HOME), 1, text)


def without_code(text: str) -> str:
    """Return prose without names in backticks, citations and addresses, as many lines as before."""
    return _CODE.sub(lambda found: "\n" * found.group().count("\n"), text)


@cache
def module_docstrings() -> tuple[tuple[Path, str], ...]:
    """Return the docstring of each module."""
    return tuple((path, ast.get_docstring(parsed(path)) or "") for path in MODULES)


def docstrings() -> Iterator[tuple[Path, str]]:
    """Yield every docstring of every module."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, kinds):
                yield path, ast.get_docstring(node) or ""
