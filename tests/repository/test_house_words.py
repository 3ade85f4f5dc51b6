"""The voice of the house: words that do not come back, and module docstrings that name a thing."""

import re

import prose
import pytest
from forbidden_words import FOUND_BY, table
from tree import HOME, SOURCE

ROOMS = sorted({passage.room for passage in prose.modules()} | {"docs"})

WORDS_LEFT = {

}  # fmt: skip
"""Forbidden words that a room still has. A number is only ever made smaller."""

QUESTIONS_LEFT = {

}  # fmt: skip
"""Module docstrings of a room that still begin with a question word."""


@pytest.mark.parametrize("room", ROOMS)
def test_no_forbidden_word_comes_back(room: str) -> None:
    passages = prose.pages() if room == "docs" else prose.modules()
    found = [
        f"{passage.path}:{passage.line + text.count(chr(10), 0, hit.start())}: {hit.group()}"
        for passage in passages
        if passage.room == room
        for text in [prose.without_code(passage.text)]
        for hit in FOUND_BY.finditer(text)
    ]
    left = WORDS_LEFT.get(room, 0)
    assert len(found) <= left, "\n".join([f"{len(found)} where {left} were left:", *found])


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "docs"])
def test_the_docstring_of_a_module_begins_with_the_name_of_a_thing(room: str) -> None:
    begins = re.compile(r"(?:What|Which|Where|Who|Whose|How|When|Why|Whether)\b")
    found = [
        f"{path}: {text.splitlines()[0]}"
        for path, text in prose.module_docstrings()
        if (path.relative_to(SOURCE).parts[:-1] or (".",))[0] == room and begins.match(text)
    ]
    left = QUESTIONS_LEFT.get(room, 0)
    assert len(found) <= left, "\n".join([f"{len(found)} where {left} were left:", *found])


def test_the_guide_shows_the_list_of_forbidden_words() -> None:
    guide = (HOME / "STYLE.md").read_text(encoding="utf-8")
    assert table() in guide, f"put this table into STYLE.md:\n\n{table()}"
