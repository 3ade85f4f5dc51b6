"""Every Qualys operation has a reply, a test, a route and its place in both clients."""

import inspect
from typing import Any

import pytest
from tree import HOME

from docs.generator import endpoints
from patchfleet.emulator import Emulator
from patchfleet.qualys import Qualys, gav, pm
from patchfleet.qualys.operations import catalogue, job_changes, jobs, reports
from patchfleet.qualys.operations import inventory as hosts
from patchfleet.qualys.operations import patches as qualys_patches
from patchfleet.transport.client import operation, table_of

QUALYS_REPLIES = HOME / "tests" / "qualys" / "replies"

QUALYS_OPERATIONS = (hosts, job_changes, jobs, catalogue, qualys_patches, reports)

QUALYS_EMULATOR = Emulator(customers=1, devices=2, qualys_jobs=0).qualys


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


def test_every_qualys_operation_is_in_the_table_and_among_the_functions() -> None:
    table = table_of(Qualys)
    assert set(qualys_builders().values()) == {line.build for line in table.values()}
    functions = {
        name: getattr(module, name)
        for module in (pm, gav)
        for name in module.__all__
        if not isinstance(getattr(module, name), type)
    }
    assert set(functions) == {name for name, line in table.items() if isinstance(line, operation)}
    for name, function in functions.items():
        method = getattr(Qualys, name)
        assert (function.__name__, function.__doc__) == (name, method.__doc__)
        shown, own = (list(inspect.signature(f).parameters.values()) for f in (function, method))
        assert (shown[0].name, shown[1:]) == ("auth", own[1:])


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
