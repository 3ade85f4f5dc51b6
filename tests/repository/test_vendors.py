"""Behaviour is asked of a source, not guessed from a vendor's name."""

import ast
from collections.abc import Iterator

import pytest
from tree import MODULES, SOURCE, parsed

VENDORS = {"nsight", "qualys"}
ROOMS = {"nsight", "qualys", "emulator"}
"""Rooms that know a vendor, wherever they are: clients, commands, sources, emulated vendors."""


def comparisons(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every comparison and every case with the name of a vendor."""
    for node in ast.walk(tree):
        operands: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            operands = [node.value]
        for operand in operands:
            if isinstance(operand, ast.Constant) and operand.value in VENDORS:
                yield node


def test_no_behaviour_hangs_on_the_name_of_a_vendor() -> None:
    """A source may be called anything, `nsight-eu` too: ask the source, or look up in a table."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in MODULES
        if not ROOMS & set(path.relative_to(SOURCE).parts)
        for node in comparisons(parsed(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    ['x.name != "nsight"', 'if "qualys" == x: pass', 'match x:\n  case "nsight": pass'],
)
def test_the_rule_sees_what_it_forbids(code: str) -> None:
    assert [*comparisons(ast.parse(code))]
