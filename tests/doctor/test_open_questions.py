"""Each open question is a line of docs/honest-edges.md, and its places exist."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from patchfleet.doctor import READ_LISTS, facts
from patchfleet.doctor.open_questions import NEW_FIELD, NEW_KIND, QUESTIONS, settled_by
from patchfleet.doctor.recorder import LOGIN

PAGE = (Path(__file__).parents[2] / "docs" / "honest-edges.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.line[:40])
def test_a_question_is_a_line_of_the_page(question):
    assert f"| {question.line}" in PAGE
    (reads,) = [reads for reads in READ_LISTS if reads.vendor == question.vendor]
    names = [LOGIN, "every read", *(read.name for read in reads.reads)]
    assert question.places
    for place in (*question.places, *question.shown):
        assert any(fnmatchcase(name, place.read) for name in names), place


def test_a_difference_finds_its_line():
    assert settled_by("nsight", "list_patches", "patches.patch.status") == (
        "whether there are more than the seven statuses"
    )
    assert settled_by("qualys", "list_jobs", "[].other", NEW_FIELD) == "fields of later releases"
    assert settled_by("qualys", "get_patches", "[].cve", NEW_KIND).startswith("one object where")
    assert settled_by("qualys", "get_patches", "[].cve") == ""
    assert settled_by("qualys", "every read", "header retry-after") == (
        "how many calls are allowed, and how long to wait"
    )
    assert settled_by("nsight", "list_sites", "result.items.site.name") == ""


def test_a_recording_answers_the_questions_that_it_can(baseline):
    found = facts(baseline, READ_LISTS)
    answered = {one.settles for one in found}
    assert {one.line for one in QUESTIONS if one.shown} == answered
    severities = next(one for one in found if one.settles == "what severity numbers mean")
    assert "1 Critical" in severities.seen
