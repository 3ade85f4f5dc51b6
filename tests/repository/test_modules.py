"""Sizes and names of modules, and what no module does."""

import ast
import re
from pathlib import Path

import pytest
from tree import HOME, MODULES, SOURCE, files, parsed, shown


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500, "moving this limit is a reviewed act"
    assert ast.get_docstring(parsed(path)), "a module says what it is for"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 50, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc"}
    assert path.stem not in empty
    assert path.parent.name not in empty


def test_nothing_but_the_command_line_prints() -> None:
    for path in MODULES:
        if "cli" in path.relative_to(SOURCE).parts:
            continue
        for node in ast.walk(parsed(path)):
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "print"), shown(path)


def test_nothing_is_mocked() -> None:
    for path in [*MODULES, *(HOME / "tests").rglob("*.py")]:
        for node in ast.walk(parsed(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert not any(name.startswith(("unittest.mock", "mock")) for name in names), path


def test_nothing_is_decoded_by_a_type_that_another_thread_may_still_complete() -> None:
    """What a module does while it is imported, one thread does."""
    for path in MODULES:
        functions = (
            node
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        for call in (inner for one in functions for inner in ast.walk(one)):
            if isinstance(call, ast.Call) and _decodes_by_a_type(call):
                assert "decodable" in ast.unparse(call) or path.stem == "decodable", (
                    f"{shown(path)}:{call.lineno}"
                )


def _decodes_by_a_type(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    is_typed = any(keyword.arg == "type" for keyword in call.keywords)
    return called in {"msgspec.convert", "convert", "Decoder", "msgspec.json.Decoder"} or (
        called.endswith("json.decode") and is_typed
    )


def test_nothing_names_a_machine_or_a_registry() -> None:
    machine = re.compile(r"(?<![\w.:/-])/(?:root|home|Users|work|tmp|mnt)/[\w.]")
    registry = re.compile(
        r"https?://[^\s\"')]*(?:pypi|pythonhosted|npmjs|registry|artifactory|nexus)"
    )
    for path, text in files(without=Path(__file__)):
        for pattern in (machine, registry):
            found = pattern.search(text)
            assert found is None, f"{path}: {found and found.group()}"


def test_constraints_hold_names_versions_and_hashes_only() -> None:
    line = re.compile(
        r"[a-z0-9][a-z0-9._-]*==[\w.!+]+(?: ; [\w .'\"()<>=!]+)?(?: \\)?"
        r"|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
    )
    for path in (HOME / "constraints").glob("*.txt"):
        for text in path.read_text(encoding="utf-8").splitlines():
            assert line.fullmatch(text), f"{path.name}: {text}"


SLEEPERS = {
    "transport/runner.py",  # the waits of a vendor call
    "fleet/distributed/queued_source.py",  # the wait for a worker, replaced in tests
    "emulator/host.py",  # delays that faults ask for
}


def test_only_these_modules_sleep() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"time.sleep", "asyncio.sleep"}
    }
    assert found == SLEEPERS


ROWS_BY_POSITION = {"store/snapshot.py"}
"""The one place that makes a row of its cells: its SELECT is derived from the row's type."""

STILL_BY_POSITION = {"store/record/gaps.py"}
"""Other places that do. The list only gets shorter."""


def test_rows_are_made_of_cells_by_position_in_one_place() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        if path.relative_to(SOURCE).parts[0] == "store"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and any(isinstance(one, ast.Starred) and _is_of_cells(one.value) for one in node.args)
    }
    assert found <= ROWS_BY_POSITION | STILL_BY_POSITION


def _is_of_cells(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"cells", "row", "cell_values"}
