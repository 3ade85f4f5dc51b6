"""Rows of statements: a select list is derived from the row type it is read into, and only there.

So no value arrives in the field beside its own, and a new field is written once.
"""

import ast

import pytest
from msgspec import Struct
from tree import SOURCE, parsed, shown

from patchfleet.store.queries.select_list import select_list

STORE = sorted((SOURCE / "store").rglob("*.py"))
QUERIES = sorted((SOURCE / "store" / "queries").glob("*.py"))
READER = "store/snapshot.py"
"""The module that builds the rows of all statements, after a look at the names of their columns."""


class Pair(Struct, frozen=True):
    """Two names, one of them a word of SQL."""

    device: str
    user: str


def test_rows_are_built_by_position_in_one_place():
    found = [
        f"{shown(path)}:{line}"
        for path in STORE
        for line in built_by_position(parsed(path))
        if path.relative_to(SOURCE).as_posix() != READER
    ]
    assert found == []
    assert len(list(built_by_position(parsed(SOURCE / READER)))) == 1


def test_each_statement_lists_the_fields_of_its_rows():
    found = [
        f"{shown(path)}: {kind}"
        for path in QUERIES
        for kind in sorted(set(read_into(parsed(path))) - set(listed(parsed(path))))
        if path.name != "list_query.py"
    ]
    assert found == []


def test_rows_by_position_are_found():
    def lines(text):
        return list(built_by_position(ast.parse(text)))

    assert lines("rows = [Gap(*cells) for cells in found]") == [1]
    assert lines("def read(kind: type[Row]):\n    return kind(*row)") == [2]
    assert lines("def read(kind: 'type[Row]'):\n    return kind(*row)") == [2]
    assert lines("found = select(*columns)") == []
    assert lines("Gap(**row)") == []


def test_statements_without_derived_columns_are_found():
    text = "a = snapshot.rows(One, sql)\nb = ordered(snapshot, Two, rows)\nselect_list(One)"
    assert sorted(read_into(ast.parse(text))) == ["One", "Two"]
    assert list(listed(ast.parse(text))) == ["One"]


def test_a_select_list_has_the_fields_in_order():
    assert select_list(Pair) == '"device", "user"'
    assert select_list(Pair, "d", user="lower(d.user)") == 'd."device", lower(d.user) AS "user"'
    with pytest.raises(TypeError, match="Pair has no field name"):
        select_list(Pair, name="d.name")


def built_by_position(tree):
    """Yield the lines on which a class, or an argument that is one, is called with `*values`."""
    classes = {
        argument.arg
        for argument in ast.walk(tree)
        if isinstance(argument, ast.arg)
        and argument.annotation is not None
        and ast.unparse(argument.annotation).strip("'\"").startswith("type[")
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        is_class = node.func.id[0].isupper() or node.func.id in classes
        if is_class and node.args and isinstance(node.args[0], ast.Starred):
            yield node.lineno


def read_into(tree):
    """Yield the row types that the statements of a module are read into."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"rows", "iter_rows"}:
            yield ast.unparse(node.args[0])
        elif isinstance(node.func, ast.Name) and node.func.id == "ordered":
            yield ast.unparse(node.args[1])


def listed(tree):
    """Yield the row types of which a module derives a select list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "select_list":
            yield ast.unparse(node.args[0])
