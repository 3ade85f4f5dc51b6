"""The tree of errors: each kind is raised somewhere, and has an exit code."""

import ast
import inspect
from functools import cache

import pytest
from tree import MODULES, parsed

from patchfleet import errors
from patchfleet.cli.exit_codes import Exit, exit_of

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind)
    and issubclass(kind, errors.Error)
    and kind.__module__ == errors.__name__
]


BASES = {base for kind in KINDS for base in kind.__bases__}


@cache
def made() -> set[str]:
    """Return the name of everything that is called in any module."""
    calls = (node for path in MODULES for node in ast.walk(parsed(path)))
    functions = [node.func for node in calls if isinstance(node, ast.Call)]
    return {getattr(one, "id", None) or getattr(one, "attr", "") for one in functions}


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_made_somewhere_or_others_are_kinds_of_it(kind: type[errors.Error]) -> None:
    assert kind.__name__ in made() or kind in BASES


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not errors.Error])
def test_an_error_has_an_exit_code_of_its_own(kind: type[errors.Error]) -> None:
    needed = {errors.Incomplete: {"problems": []}, errors.PolicyError: {"file": "x", "line": 1}}
    error = kind("x", **needed.get(kind, {}))
    assert exit_of(error) not in {Exit.DONE, Exit.BUG}
