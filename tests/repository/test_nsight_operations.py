"""Every N-sight operation has a reply, a test, a route and its place in both clients."""

import inspect
from typing import Any

import pytest
from tree import HOME

from patchfleet.emulator.nsight import urls
from patchfleet.nsight import AsyncNAble, NAble
from patchfleet.nsight.operations import describe, devices, inventory, patches
from patchfleet.transport.client import table_of

REPLIES = HOME / "tests" / "nsight" / "replies"

SEED = [
    "listPatches",
    "approvePatches",
    "doNothingPatches",
    "ignorePatches",
    "reprocessPatches",
    "retryPatches",
]


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
    assert SERVICES
    assert len(set(SERVICES.values())) == len(SERVICES)


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


def test_every_operation_is_in_the_table_under_its_own_name() -> None:
    named = {name: line.build for name, line in table_of(NAble).items()}
    for name, build in builders().items():
        assert named[name] is build
    assert named["describe"] is describe.describe


def test_no_seed_name_is_missing() -> None:
    for kind in (NAble, AsyncNAble):
        assert all(callable(getattr(kind("us", "key-of-a-test"), name)) for name in SEED)
