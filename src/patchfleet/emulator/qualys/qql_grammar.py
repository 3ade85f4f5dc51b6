"""Parser of QQL: text to a syntax tree, independent of which tokens exist.

A query that cannot be parsed raises `Refused` (400) with the position. [D: qql_best_practices.htm,
components_of_a_qql_query.htm; O: mp; choices: `and`, `or`, `not` in any case, two or three dots in
a range, `:` before `>`]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from lark import Lark, Transformer
from lark import Token as Word
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from patchfleet.emulator.qualys.request import Refused

Quoting = Literal["bare", "phrase", "exact"]
Comparison = Literal[":", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `bare` words, a `phrase` in quotes, or `exact` in backticks."""

    text: str
    quoting: Quoting


@dataclass(frozen=True, slots=True)
class Range:
    """Two ends, each inclusive or not."""

    low: Value
    high: Value
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparison of a token with any of some values or ranges; `position` counts from 1."""

    name: str
    position: int
    comparison: Comparison
    choices: tuple[Value | Range, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """Test that a token has no value."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Nested:
    """Test that one and the same element of a list matches an expression."""

    name: str
    position: int
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """Conjunction of all parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Disjunction: at least one part."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation of a part."""

    part: "Node"


Node = Condition | IsNull | Nested | Every | Some | Not

_GRAMMAR = r"""
start: some
some: every (_OR every)*
every: factor (_AND factor)*
?factor: _NOT factor -> negated
       | "(" some ")"
       | name _COLON "(" some ")" -> nested
       | name _COLON choices -> equals
       | name COMPARISON value -> compared
       | name _IS _NULL -> is_null
       | name _IS _NOT _NULL -> is_not_null
name: WORD
choices: value
       | "[" value ("," value)* "]"
       | "[" value _DOTS value "]" -> inclusive
       | "(" value _DOTS value ")" -> exclusive
value: (WORD | DATE_TIME)+ -> bare
     | BACKTICKED -> exact
     | (QUOTED | APOSTROPHED) -> phrase

_AND.3: /and(?![^\s()\[\]"'`,:<>=])/i
_OR.3: /or(?![^\s()\[\]"'`,:<>=])/i
_NOT.3: /not(?![^\s()\[\]"'`,:<>=])/i
_IS.3: /is(?![^\s()\[\]"'`,:<>=])/i
_NULL.3: /null(?![^\s()\[\]"'`,:<>=])/i
COMPARISON.2: /:?\s*(>=|<=|>|<|=)/
_COLON.1: ":"
_DOTS.2: /\.\.\.?/
DATE_TIME.2: /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/
BACKTICKED: /`[^`]*`/
QUOTED: /"(\\.|[^"\\])*"/
APOSTROPHED: /'[^']*'/
WORD: /((?!\.\.)[^\s()\[\]"'`,:<>=])+/
%ignore /\s+/
"""


class _Tree(Transformer[Word, Node]):
    """Turns the parse tree into nodes; a method is named after its rule."""

    def start(self, parts: list[Node]) -> Node:
        return parts[0]

    def some(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def negated(self, parts: list[Node]) -> Node:
        return Not(parts[0])

    def name(self, words: list[Word]) -> tuple[str, int]:
        return str(words[0]), (words[0].start_pos or 0) + 1

    def nested(self, parts: list[object]) -> Node:
        (name, position), inner = cast("tuple[tuple[str, int], Node]", tuple(parts))
        return Nested(name, position, inner)

    def equals(self, parts: list[object]) -> Node:
        (name, position), choices = cast(
            "tuple[tuple[str, int], tuple[Value | Range, ...]]", tuple(parts)
        )
        return Condition(name, position, ":", choices)

    def compared(self, parts: list[object]) -> Node:
        (name, position), sign, value = cast("tuple[tuple[str, int], Word, Value]", tuple(parts))
        comparison = sign.lstrip(":").strip()
        return Condition(
            name,
            position,
            cast("Comparison", ":" if comparison == "=" else comparison),
            (value,),
        )

    def is_null(self, parts: list[tuple[str, int]]) -> Node:
        return IsNull(*parts[0])

    def is_not_null(self, parts: list[tuple[str, int]]) -> Node:
        return Not(IsNull(*parts[0]))

    def choices(self, values: list[Value]) -> tuple[Value, ...]:
        return tuple(values)

    def inclusive(self, ends: list[Value]) -> tuple[Range, ...]:
        return (Range(ends[0], ends[1], is_inclusive=True),)

    def exclusive(self, ends: list[Value]) -> tuple[Range, ...]:
        return (Range(ends[0], ends[1], is_inclusive=False),)

    def bare(self, words: Sequence[Word]) -> Value:
        return Value(" ".join(words), "bare")

    def exact(self, words: Sequence[Word]) -> Value:
        return Value(words[0][1:-1], "exact")

    def phrase(self, words: Sequence[Word]) -> Value:
        return Value(words[0][1:-1].replace('\\"', '"').replace("\\\\", "\\"), "phrase")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """Return the tree of a query; raise Refused (400) that names the position of the error."""
    try:
        return _Tree().transform(_parser().parse(text))
    except UnexpectedInput as problem:
        raise Refused(400, "1400", _trouble(text, problem)) from problem


def _trouble(text: str, problem: UnexpectedInput) -> str:
    ends = isinstance(problem, UnexpectedEOF) or (
        isinstance(problem, UnexpectedToken) and problem.token.type == "$END"
    )
    if ends:
        return f"the query ends too early, at position {len(text) + 1}"
    position = (problem.pos_in_stream or 0) + 1
    found = text[position - 1 : position + 19]
    if isinstance(problem, (UnexpectedCharacters, UnexpectedToken)):
        return f"the query cannot be read at position {position}: {found!r}"
    return "the query cannot be read"
