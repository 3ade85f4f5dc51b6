"""What the code refers to is there: checks of its invariants, and pages that it cites."""

import re
import tomllib
from pathlib import Path

import prose
from tree import HOME, parsed

CONTRACTS = {
    contract["name"]
    for contract in tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}

UNPROVEN = {
    "src/patchfleet/emulator/origins.py",
    "src/patchfleet/store/record/unread.py",
    "src/patchfleet/transport/connection.py",
    "src/patchfleet/transport/connection_pool.py",
}
"""Modules whose invariants name no check yet. The list only gets shorter."""


def claims(text: str) -> list[str]:
    """Return each invariant of a docstring: a paragraph, or each of its dashes."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        head, colon, rest = paragraph.strip().partition(":")
        if colon and head in {"Invariant", "Invariants"}:
            found += re.split(r"\n\s*- ", rest)[1:] or [rest]
    return [re.sub(r"\s+", " ", claim).strip() for claim in found]


def is_proven(claim: str) -> bool:
    """Tell whether a claim names a contract, or a test or a folder of tests that exists."""
    named = re.findall(r"tests/[\w/]+(?:\.py(?:::test_\w+)?)?", claim)
    for check in named:
        path, _, test = check.partition("::")
        if not (HOME / path).exists():
            return False
        if test and test not in _functions(HOME / path):
            return False
    return bool(named) or any(f'contract "{name}"' in claim for name in CONTRACTS)


def _functions(path: Path) -> set[str]:
    return {getattr(node, "name", "") for node in parsed(path).body}


def test_every_invariant_names_its_check() -> None:
    unproven = {
        path.relative_to(HOME).as_posix()
        for path, text in prose.docstrings()
        if not all(map(is_proven, claims(text)))
    }
    assert unproven - UNPROVEN == set()


def test_a_citation_points_to_a_page_of_this_repository() -> None:
    """A paragraph sign follows the number of an RFC; a path of `docs/` exists."""
    unresolved = set()
    for passage in prose.modules():
        cited = re.findall(r"docs/[\w/.-]+\.md", passage.text)
        signs = len(re.findall(r"§", passage.text)) - len(re.findall(r"RFC \d+ §", passage.text))
        vague = re.search(r"wire's reference|\[reference\b|\[I, ", passage.text)
        if signs or vague or not all((HOME / page).exists() for page in cited):
            unresolved.add(passage.path.as_posix())
    assert unresolved == set()
