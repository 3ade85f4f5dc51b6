"""Imports: what is public, what loads what, and no circles."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import grimp
import pytest
from tree import SOURCE, parsed

import patchfleet


def packages() -> Iterator[str]:
    """Yield every package of ours that says what is public."""
    found = pkgutil.walk_packages(patchfleet.__path__, "patchfleet.")
    for info in found:
        path = SOURCE.joinpath(*info.name.split(".")[1:])
        source = path / "__init__.py" if info.ispkg else path.with_suffix(".py")
        is_public = info.ispkg and "._" not in info.name
        if is_public and "__all__" in source.read_text(encoding="utf-8"):
            yield info.name


@pytest.mark.parametrize("name", list(packages()))
def test_what_is_public_is_what_can_be_imported(name: str) -> None:
    package = importlib.import_module(name)
    assert all(hasattr(package, attribute) for attribute in package.__all__)
    assert len(package.__all__) == len(set(package.__all__))
    foreign = {
        alias.asname or alias.name
        for node in ast.walk(parsed(Path(str(package.__file__))))
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("patchfleet")
        for alias in node.names
    }
    public = {
        attribute
        for attribute, value in vars(package).items()
        if not attribute.startswith("_")
        and attribute != "renamed"  # what resolves former names
        and not isinstance(value, ModuleType)
    }
    assert public - foreign <= set(package.__all__)


def test_types_are_part_of_what_is_installed() -> None:
    assert (SOURCE / "py.typed").exists(), "without it a user's type checker sees nothing"


HEAVY = {
    "dbos",
    "httpx2",
    "httpcore2",
    "sqlalchemy",
    "duckdb",
    "sqlite3",
    "alembic",
    "xlsxwriter",
    "vl_convert",
    "jinja2",
    "click",
    "rich",
    "keyring",
    "h11",
    "lark",
    "trustme",
}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a statement loads in a fresh interpreter."""
    code = (
        f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import patchfleet.nsight\npatchfleet.nsight.NAble('us', 'key-of-a-test')",
        "from patchfleet.qualys.pm import *\nimport patchfleet.qualys as q\nq.Qualys('u', 'p')",
    ],
    ids=["nsight", "qualys"],
)
def test_the_library_loads_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


def test_the_package_alone_loads_nothing_else() -> None:
    plain = loaded_by("import sys")
    assert loaded_by("import patchfleet") - plain <= {"patchfleet"}


def test_no_modules_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    graph = grimp.build_graph("patchfleet", exclude_type_checking_imports=False, cache_dir=None)
    order = TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    )
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
