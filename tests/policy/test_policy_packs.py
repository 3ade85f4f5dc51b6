"""The packs that come along, and what is said of a pack that cannot be read."""

from datetime import date
from importlib import resources

import pytest

from patchfleet.errors import ConfigError, PolicyError
from patchfleet.policy import NAMES, load, read_pack
from patchfleet.policy.pack import Condition, Span


def test_every_file_is_a_pack_of_its_name_and_every_pack_has_its_file():
    folder = resources.files("patchfleet.policy.packs")
    files = {file.name for file in folder.iterdir() if file.name.endswith(".toml")}
    assert files == {f"{name}.toml" for name in NAMES}
    for name in NAMES:
        pack = load(name)
        assert pack.name == name
        assert pack.title
        assert pack.version
        assert pack.source
        assert pack.note.endswith(".")
        assert len({rule.name for rule in pack.rules}) == len(pack.rules)


def test_what_is_uncertain_is_marked_so():
    uncertain = {name for name in NAMES if load(name).status == "uncertain"}
    assert uncertain == {"cisa-bod-26-04", "nist-800-40r4", "cisa-bod-19-02"}


def test_the_historical_packs_end_where_the_new_one_begins():
    begin = date(2026, 6, 10)
    assert load("cisa-bod-26-04").in_force_from == begin
    assert load("cisa-bod-22-01").in_force_until == begin
    assert load("cisa-bod-19-02").in_force_until == begin


def test_a_standard_without_a_number_has_measures_instead_of_rules():
    pack = load("nist-800-40r4")
    assert pack.rules == ()
    assert pack.measures == ("mean", "median", "share on time")
    assert len(pack.grouped_by) == 2


def test_a_pack_there_is_none_of():
    with pytest.raises(ConfigError, match="no rule pack 'cis'") as caught:
        load("cis")
    assert "cisa-bod-26-04" in caught.value.hint


WHOLE = """\
name = "house"
title = "House rules"
version = "1"
source = "the board"
status = "certain"
note = "Decided."
otherwise = "nothing else has a date"
clock = "released"
in_force_from = 2026-01-01

[[rule]]
name = "severe"
when = { cvss_at_least = 9, is_exposed = true }
limit = "48 hours"
duties = ["tell the board"]

[[rule]]
name = "the rest"
limit = "2 months"
"""


def test_a_pack_of_ones_own():
    pack = read_pack("house.toml", WHOLE.encode())
    severe, rest = pack.rules
    asked = Condition("cvss_at_least", is_so=True, score=9.0)
    assert severe.when == (asked, Condition("is_exposed", is_so=True))
    assert severe.limit == Span(48, "hour")
    assert severe.duties == ("tell the board",)
    assert (rest.when, rest.limit, str(rest.limit)) == ((), Span(2, "month"), "2 months")
    assert pack.in_force_until is None


BAD = [
    # what stands there, what is put in its place, the line, what is said, the hint
    ('"48 hours"', '"48 hrs"', 14, "'48 hrs' is not a limit", "'14 days'"),
    ('"48 hours"', '"0 days"', 14, "'0 days' is not a limit", "'14 days'"),
    ('"48 hours"', "48", 14, "limit: expected text, got a whole number", None),
    ('"48 hours"', '"none"', 14, "needs `because`", None),
    ('limit = "48 hours"\n', "", 11, "'limit' is missing", None),
    ("duties", "duty", 15, "there is no 'duty' here", "did you mean 'duties'?"),
    ("is_exposed = true", "is_exposd = true", 13, "'is_exposd' is not known", "'is_exposed'?"),
    ("is_exposed = true", "is_exposed = 1", 13, "is_exposed is true or false, not 1", None),
    ("cvss_at_least = 9", "cvss_at_least = 11", 13, "a score from 0 to 10, not 11", None),
    ("cvss_at_least = 9", "cvss_at_least = true", 13, "a score from 0 to 10, not True", None),
    ('"released"', '"relased"', 8, "'relased' is not known here", "did you mean 'released'?"),
    ('clock = "released"\n', "", 1, "`clock` is missing", "one of: released"),
    ('"certain"', '"sure"', 5, "'sure' is not known here", "certain, uncertain"),
    ("note", "notes", 6, "there is no 'notes' here", "did you mean 'note'?"),
    ("2026-01-01", '"soon"', 9, "in_force_from: invalid", None),
    ("2026-01-01", "2026-01-01\nin_force_until = 2026-01-01", 10, "before it begins", None),
    ('"the rest"', '"severe"', 18, "this rule is rule 1 over again", "first rule"),
    ("[[rule]]", "[[rule]", 11, "Expected", "name = value"),
    ("[[rule]]", "[statistics]\nmeasures = []\n[[rule]]", 11, "a pack has rules, or", None),
    ('"1"', '"1', 3, "Illegal character", "name = value"),
]


@pytest.mark.parametrize(("found", "put", "line", "said", "hint"), BAD, ids=[row[1] for row in BAD])
def test_a_pack_that_cannot_be_read_names_the_line(found, put, line, said, hint):
    assert found in WHOLE
    with pytest.raises(PolicyError) as caught:
        read_pack("house.toml", WHOLE.replace(found, put, 1).encode())
    error = caught.value
    assert (error.file, error.line) == ("house.toml", line)
    assert error.message.startswith(f"house.toml:{line}: ")
    assert said in error.message
    assert "\n" not in error.message
    assert hint is None or hint in (error.hint or "")


def test_a_pack_with_neither_rules_nor_statistics():
    with pytest.raises(PolicyError, match="a pack has rules, or"):
        read_pack("house.toml", WHOLE.partition("[[rule]]")[0].encode())


def test_a_pack_that_is_not_text():
    with pytest.raises(PolicyError, match=r"house\.toml:2: is not UTF-8") as caught:
        read_pack("house.toml", b'name = "a"\ntitle = "\xff"\n')
    assert caught.value.line == 2
