"""Queries: what cannot parse is refused with its place, all else is left to the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import ConfigError
from patchfleet.qualys.query import checked_query, narrowed

GOOD = {
    "backticks": "vendorSeverity:`Critical`",
    "space after the colon": "operatingSystem.category: `Windows / Server`",
    "double quotes": 'tags.name:"Cloud Agent"',
    "single quotes": "name:'web 1'",
    "bare words": "title: Security Update for Windows and kb:5001",
    "an apostrophe in a word": "title: Bob's update",
    "a comma in bare words": "title: Foo, Bar",
    "a backslash before the quote": 'path:"C:\\" and name:x',
    "keywords in any case": "a:1 AND b:2 Or NOT c:3",
    "keywords inside names and words": "android:1 or oregon:and-roid and nothing:x",
    "parentheses": "((a:1 or b:2) and not (c:3))",
    "a keyword beside a parenthesis": "(a:1)and(b:2)or not(c:3)",
    "a list": "patchStatus:[Missing,Installed] and isSuperseded:false",
    "a list of quoted": "kb: [`KB1` , \"KB 2\", 'x']",
    "a range, both ends in": "lastModified:[2024-01-01..2024-02-01]",
    "a range, three dots": 'lastModified:[ "2024-01-01" ... "2024-02-01" ]',
    "a range, both ends out": "count:(1..5)",
    "a range, one end out": "count:(1 .. 5]",
    "comparisons": "a > 1 and b>=2 and c < 3 and d<=4 and e = 5",
    "a comparison after a colon": 'lastModified:>"2024-01-01"',
    "a nested object": "software:(name:`x` and version:>10.0)",
    "nesting in nesting": "a:(b:(c:1 or d:[1..2]))",
    "null": "name is null and kb is NOT null",
    "wildcards": "name:*web*",
    "an address with colons": "address: fe80::1",
    "date arithmetic": "lastModified < now-30d",
    "an unknown token": "whatEverThisIs:1",
    "an empty quoted text": 'a:""',
    "several lines": "a:1\n  and b:2",
    "nothing": "",
    "blank": "  \n ",
}

BAD = {
    "a name alone": ("status", 7, "':' or a comparison"),
    "no value": ("status:", 8, "a value or '('"),
    "no value before a junction": ("status: and type:x", 9, "a value"),
    "no comparison": ("status Enabled", 8, "':' or a comparison"),
    "no name": (":Enabled", 1, "a token such as status"),
    "a value for a name": ("`status`:x", 1, "a token such as status"),
    "a junction at the start": ("and status:x", 1, "a token such as status or '('"),
    "a junction at the end": ("status:Enabled or ", 19, "a token such as status or '('"),
    "two junctions": ("a:1 or or b:2", 8, "a token such as status or '('"),
    "not alone": ("not", 4, "a token such as status or '('"),
    "an open parenthesis": ("(a:1 or b:2", 12, "')'"),
    "an open parenthesis inside": ("status:(Enabled", 16, "':' or a comparison"),
    "a parenthesis too many": ("a:1)", 4, "the end, for no '(' is open"),
    "out of the parentheses": ("a:1) or (b:2", 4, "the end"),
    "nothing in parentheses": ("a:1 and ()", 10, "a token such as status"),
    "an empty list": ("a:[]", 4, "a value"),
    "an open list": ("a:[x, y", 8, "a value or ',' or ']'"),
    "a comma at a list's end": ("a:[x,]", 6, "a value"),
    "a range without its end": ("a:[1..]", 7, "a value"),
    "a range that is not closed": ("a:(1..2", 8, "a value or ')' or ']'"),
    "an open backtick": ("a:1 and status:`Enabled", 16, "a second ` that closes this one"),
    "an open quote": ('a:"x', 3, 'a second " that closes this one'),
    "an open single quote": ("a:'x", 3, "a second ' that closes this one"),
    "a list after words": ("a:x [y]", 5, "a value or 'and' or 'or' or the end"),
    "is without null": ("a is nul", 6, "'null'"),
    "in the second line": ("a:1\n and", 9, "a token such as status or '('"),
}

texts = st.text(st.characters(codec="utf-8"), max_size=40)
words = st.text("abcxyz019.*-", min_size=1, max_size=6).filter(lambda word: ".." not in word)
values = st.one_of(
    words.map("`{}`".format),
    words.map('"{}"'.format),
    words,
    st.lists(words, min_size=1, max_size=3).map(lambda some: f"[{','.join(some)}]"),
    st.tuples(words, words).map(lambda ends: f"[`{ends[0]}` .. `{ends[1]}`]"),
)
tests = st.tuples(st.sampled_from(["kb", "tags.name", "isOld"]), values).map(":".join)
queries = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " OR "]), inner).map("".join),
        inner.map("not ({})".format),
        inner.map("software:({})".format),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("query", GOOD.values(), ids=GOOD.keys())
def test_a_query_that_may_be_valid_passes_as_it_is(query):
    assert checked_query(query, "filter") == query.strip()


@pytest.mark.parametrize(("query", "position", "expected"), BAD.values(), ids=BAD.keys())
def test_a_query_that_cannot_parse_is_refused_with_its_place(query, position, expected):
    with pytest.raises(ConfigError) as caught:
        checked_query(query, "havingQuery")
    said = caught.value.message
    assert said.startswith(f"havingQuery cannot be parsed at character {position}, ")
    assert f"expected {expected}" in said
    assert "\n" not in said


def test_the_place_is_shown_with_what_stands_there():
    with pytest.raises(ConfigError, match="at character 5, at 'Enabled': expected ':'"):
        checked_query("foo Enabled", "filter")


def test_what_is_no_text_is_refused():
    with pytest.raises(ConfigError, match="filter is 5, but must be a query in QQL"):
        checked_query(5, "filter")


@given(texts)
def test_any_text_passes_or_is_refused_in_one_line(text):
    try:
        passed, said = checked_query(text), ""
    except ConfigError as error:
        passed, said = text.strip(), error.message
    assert passed == text.strip()
    assert said.isprintable()


@given(queries)
def test_what_the_grammar_says_passes(query):
    assert checked_query(query) == query


@given(queries, queries)
def test_two_queries_are_joined_in_parentheses(one, other):
    joined = narrowed(one, other)
    assert joined == f"({one}) and ({other})"
    assert checked_query(joined) == joined


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_narrowed_to_the_other(nothing):
    assert narrowed(nothing, "kb:1 or kb:2") == "kb:1 or kb:2"


def test_a_query_does_not_break_out_of_its_parentheses():
    with pytest.raises(ConfigError, match="extra cannot be parsed at character 4"):
        narrowed("a:1", "b:1) or (c:2")
    with pytest.raises(ConfigError, match="query cannot be parsed at character 4"):
        narrowed("b:1) or (c:2", "a:1")
