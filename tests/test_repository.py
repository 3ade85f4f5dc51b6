"""What the house promises of itself: sizes, names, imports, and that nothing stands alone."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import patchfleet
from docs.generator import endpoints
from patchfleet.emulator import Emulator
from patchfleet.emulator.nsight import urls
from patchfleet.nsight import AsyncNAble, NAble
from patchfleet.nsight.operations import describe, devices, inventory, patches
from patchfleet.nsight.wrapper_names import WrapperMethod
from patchfleet.qualys import AsyncQualys, Qualys, gav, pm
from patchfleet.qualys.operations import catalogue, job_changes, jobs, reports
from patchfleet.qualys.operations import inventory as hosts
from patchfleet.qualys.operations import patches as qualys_patches
from patchfleet.transport.client import aiterator, amethod, iterator, method

HOME = Path(__file__).parent.parent
SOURCE = HOME / "src" / "patchfleet"
REPLIES = HOME / "tests" / "nsight" / "replies"
QUALYS_REPLIES = HOME / "tests" / "qualys" / "replies"
MODULES = sorted(SOURCE.rglob("*.py"))
OUTSIDE = {".git", ".venv", ".cache", ".hypothesis", "__pycache__", "build", "dist", "demo"}
OUTSIDE |= {".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache"}

QUALYS_OPERATIONS = (hosts, job_changes, jobs, catalogue, qualys_patches, reports)
QUALYS_EMULATOR = Emulator(customers=1, devices=2, qualys_jobs=0).qualys

SEED = [
    "listPatches",
    "approvePatches",
    "doNothingPatches",
    "ignorePatches",
    "reprocessPatches",
    "retryPatches",
]


def shown(path: Path) -> str:
    """Return a path as a test's name."""
    return path.relative_to(HOME).as_posix()


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500, "moving this limit is a reviewed act"
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"
    for node in ast.walk(ast.parse(text)):
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


def packages() -> Iterator[str]:
    """Yield every package of ours that says what is public."""
    found = pkgutil.walk_packages(patchfleet.__path__, "patchfleet.")
    for info in found:
        path = SOURCE.joinpath(*info.name.split(".")[1:])
        source = path / "__init__.py" if info.ispkg else path.with_suffix(".py")
        if info.ispkg and "__all__" in source.read_text(encoding="utf-8"):
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


def builders() -> dict[str, Any]:
    """Return every function that builds an N-sight operation, by its name."""
    return {
        name: build
        for module in (inventory, devices, patches)
        for name, build in vars(module).items()
        if inspect.isfunction(build)
        and build.__module__ == module.__name__
        and not name.startswith("_")
        and name not in {"read_patches", "change_of", "made_again"}
    }


def service_of(build: Any) -> str:
    """Build an operation with the plainest arguments and return the service it calls."""
    samples = {"patchids": [1], "devicetype": "server"}
    parameters = [
        name
        for name, parameter in inspect.signature(build).parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    operation = build(**{name: samples.get(name, 1) for name in parameters})
    return str(operation.name)


SERVICES = {name: service_of(build) for name, build in builders().items()}


def test_every_operation_has_its_service_and_no_two_share_one() -> None:
    assert len(SERVICES) == 21
    assert len(set(SERVICES.values())) == 21


@pytest.mark.parametrize(("name", "service"), list(SERVICES.items()))
def test_an_operation_has_a_reply_a_test_and_an_emulator_route(name: str, service: str) -> None:
    assert list((REPLIES / service).glob("*.xml")), f"record a reply of {service}"
    assert service in urls.SERVICES
    tests = [path.read_text(encoding="utf-8") for path in (HOME / "tests" / "nsight").glob("*.py")]
    assert any(f".{name}(" in text or f".{name}," in text for text in tests)


def test_every_reply_is_of_an_operation_and_is_used() -> None:
    recorded = {folder.name for folder in REPLIES.iterdir()}
    assert recorded == {*SERVICES.values(), "describe", "_failures"}
    tests = [path.read_text(encoding="utf-8") for path in (HOME / "tests" / "nsight").glob("*.py")]
    for path in REPLIES.rglob("*.xml"):
        used = f'"{path.parent.name}/{path.stem}"', f'"{path.stem}"', f"/{path.stem}"
        assert any(name in text for text in tests for name in used), path


def test_the_emulator_answers_nothing_that_no_operation_asks() -> None:
    of_other_clients = {"list_outages"}
    assert set(urls.SERVICES) == set(SERVICES.values()) | of_other_clients


def table(kind: type) -> dict[str, Any]:
    """Return a client's table: name to what builds the operation."""
    return {
        name: getattr(line, "build", None) or line._build
        for name, line in vars(kind).items()
        if isinstance(line, method | amethod | WrapperMethod)
    }


def test_both_clients_have_the_same_table() -> None:
    assert table(NAble) == table(AsyncNAble)
    ordered = [list(table(kind)) for kind in (NAble, AsyncNAble)]
    assert ordered[0] == ordered[1]


def test_every_operation_stands_in_the_tables_under_its_own_name() -> None:
    named = table(NAble)
    for name, build in builders().items():
        assert named[name] is build
    assert named["describe"] is describe.describe


def test_no_seed_name_is_missing() -> None:
    for kind in (NAble, AsyncNAble):
        assert all(callable(getattr(kind("us", "key-of-a-test"), name)) for name in SEED)


def qualys_table(kind: type) -> dict[str, Any]:
    """Return a Qualys client's table: name to what builds the work."""
    lines = method | amethod | iterator | aiterator
    return {name: line.build for name, line in vars(kind).items() if isinstance(line, lines)}


def qualys_builders() -> dict[str, Any]:
    """Return every function that builds work for Qualys, by its name."""
    helpers = {
        "job_id", "job_ids", "read_job", "wire", "whole_numbers", "side_by_side",
        "one_after_the_other", "made_of", "clone_body", "updating", "differing", "mitigation_of",
    }  # fmt: skip
    return {
        name: build
        for module in QUALYS_OPERATIONS
        for name, build in vars(module).items()
        if inspect.isfunction(build)
        and build.__module__ == module.__name__
        and not name.startswith("_")
        and name not in helpers
    }


def test_both_qualys_clients_have_the_same_table() -> None:
    assert qualys_table(Qualys) == qualys_table(AsyncQualys)
    assert list(qualys_table(Qualys)) == list(qualys_table(AsyncQualys))


def test_every_qualys_operation_stands_in_the_tables_and_among_the_functions() -> None:
    named = qualys_table(Qualys)
    built = qualys_builders()
    assert set(built.values()) == set(named.values())
    functions = {*pm.__all__, *gav.__all__}
    for name in built:
        assert name.startswith("iter_") or name in functions, name


QUALYS_CALLS = sorted({row.partition(" ")[0] for row in endpoints.ASKED})


@pytest.mark.parametrize("name", QUALYS_CALLS)
def test_a_qualys_operation_has_a_reply_a_test_and_an_emulator_route(name: str) -> None:
    assert list((QUALYS_REPLIES / name).iterdir()), f"record a reply of {name}"
    for asked, work in endpoints.ASKED.items():
        if asked.partition(" ")[0] == name:
            request = endpoints.first_request(work)
            assert QUALYS_EMULATOR.service(request.method, request.path), request
    tests = [path.read_text(encoding="utf-8") for path in (HOME / "tests" / "qualys").glob("*.py")]
    assert any(f'"{name}"' in text or f".{name}(" in text for text in tests), name


def test_every_qualys_reply_is_of_an_operation_and_is_used() -> None:
    recorded = {folder.name for folder in QUALYS_REPLIES.iterdir()}
    assert recorded == {*QUALYS_CALLS, "auth", "_any"}
    tests = [path.read_text(encoding="utf-8") for path in (HOME / "tests" / "qualys").glob("*.py")]
    for path in QUALYS_REPLIES.rglob("*.*"):
        used = f'"{path.parent.name}/{path.stem}"', f'"{path.stem}"'
        assert any(name in text for text in tests for name in used), path


def test_the_emulator_answers_no_qualys_call_that_no_operation_makes() -> None:
    asked = {
        QUALYS_EMULATOR.service(request.method, request.path)
        for request in map(endpoints.first_request, endpoints.ASKED.values())
    }
    others = {"auth", "get_patches_v1", "get_assets_v1"}
    others |= {"search_am_assets", "count_am_assets", "get_am_asset"}  # only others call them
    assert set(QUALYS_EMULATOR.services) - asked <= others


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a statement loads in a fresh interpreter."""
    code = (
        f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


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


def files() -> Iterator[tuple[Path, str]]:
    """Yield every text of the repository with its path."""
    for path in sorted(HOME.rglob("*")):
        inside = path.relative_to(HOME)
        if OUTSIDE & set(inside.parts) or not path.is_file() or path == Path(__file__):
            continue
        try:
            yield inside, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or a recorded reply in the vendor's encoding
            yield inside, path.read_text(encoding="latin-1")


def test_nothing_names_a_machine_or_a_registry() -> None:
    machine = re.compile(r"(?<![\w.:/-])/(?:root|home|Users|work|tmp|mnt)/[\w.]")
    registry = re.compile(
        r"https?://[^\s\"')]*(?:pypi|pythonhosted|npmjs|registry|artifactory|nexus)"
    )
    for path, text in files():
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
