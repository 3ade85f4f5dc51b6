"""A vocabulary is listed once: states, severities, decisions, statuses and kinds of report."""

import ast
import re
from typing import get_args

from tree import MODULES, SOURCE, parsed, shown

from patchfleet.models import (
    Action,
    DeadlineStatus,
    Decision,
    DeviceKind,
    JobStatus,
    Severity,
    State,
)
from patchfleet.models.machine import CandidateKind
from patchfleet.policy.intel.records import Kind
from patchfleet.report.registry import REPORTS
from patchfleet.store.types import RunState

VOCABULARIES = {
    "Action": get_args(Action),
    "CandidateKind": get_args(CandidateKind),
    "DeadlineStatus": get_args(DeadlineStatus),
    "Decision": get_args(Decision),
    "DeviceKind": get_args(DeviceKind),
    "JobStatus": get_args(JobStatus),
    "Kind": get_args(Kind),
    "RunState": get_args(RunState),
    "Severity": get_args(Severity),
    "State": get_args(State),
    "report kinds": tuple(REPORTS),
}
VENDORS = ("emulator", "nsight", "qualys", "fleet/sources", "cli/nsight", "cli/qualys")
"""Rooms of the vendors' words and of their translation into ours."""

_IN_SQL = re.compile(r"'\w+'(?:\s*,\s*'\w+')+")


def test_each_vocabulary_is_listed_where_it_is_defined_and_nowhere_else():
    found = [
        f"{shown(path)}:{line}: {name} {words}"
        for path in MODULES
        if not path.relative_to(SOURCE).as_posix().startswith(VENDORS)
        for line, name, words in copies(parsed(path))
    ]
    assert found == []


def test_copies_are_found():
    def lines(text):
        return [line for line, _, _ in copies(ast.parse(text))]

    assert lines("A = ('critical', 'low')") == [1]
    assert lines("if x in {'missing', 'failed'}: pass") == [1]
    assert lines("A: tuple[State, ...] = ('missing', 'failed')") == []
    assert lines("A: tuple[State, ...] = ('server', 'workstation')") == [1]
    assert lines("A: tuple[str, ...] = ('missing', 'failed')") == [1]
    assert lines("Severity = Literal['critical', 'low']") == []
    assert lines("Grade = Literal['critical', 'low']") == [1]
    assert lines("A = {'low': 'low', 'critical': 'critical'}") == [1]
    assert lines("A = {'low': 'blue', 'critical': 'red'}") == []
    assert lines("A = \"x IN ('missing', 'failed', 'pending')\"") == [1]
    assert lines("A = ('failed', 'open')") == []


def copies(tree):
    """Yield the line, the vocabulary and the words of each second list of a vocabulary.

    A part of a vocabulary that is annotated with its type is no copy: the type checker holds it.
    """
    typed = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            names = {one.id for one in ast.walk(node.annotation) if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names = {node.targets[0].id}
        else:
            continue
        typed |= {id(inner): names for inner in ast.walk(node.value)}
    for node in ast.walk(tree):
        for words in listed(node):
            for name, vocabulary in VOCABULARIES.items():
                if set(words) <= set(vocabulary) and name not in typed.get(id(node), ()):
                    yield node.lineno, name, sorted(words)


def listed(node):
    """Yield the words that a node lists: two of a literal, three of a statement in SQL."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        words = [one.value if isinstance(one, ast.Constant) else None for one in node.elts]
        if len(words) > 1:
            yield words
    elif isinstance(node, ast.Dict):
        same = [
            key.value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
            and isinstance(value, ast.Constant)
            and key.value == value.value
        ]
        if len(same) > 1:
            yield same
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for some in _IN_SQL.findall(node.value):
            words = re.findall(r"\w+", some)
            if len(words) > 2:
                yield words


def test_no_text_lists_the_kinds_of_report():
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if len(set(REPORTS) & set(re.findall(r"\w+", node.value))) > len(REPORTS) // 2
    ]
    assert found == []
