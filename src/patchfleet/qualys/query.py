"""QQL queries: parsed before they are sent, and joined without a change of meaning.

The grammar follows the vendor's pages and working queries [D: qbp, qcm, ca]. The pages of its
tokens were not reachable, so any name passes: the server judges what may be valid.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

from patchfleet.errors import ConfigError
from patchfleet.qualys.jobs.validators import refused

if TYPE_CHECKING:
    from lark import Lark, UnexpectedInput

_GRAMMAR: Final = r"""
query: condition ((AND | OR) condition)*
condition: NOT* (LPAR query RPAR | test)
test: NAME CMP (LPAR query RPAR | range | list | words)
    | NAME IS NOT? NULL

// Bare words run until a junction or a closing parenthesis: `title: Security Update and kb:5001`.
words: (QUOTED | WORD)+
list: LSQB item (COMMA item)* RSQB
range: LSQB item DOTS item (RSQB | RPAR)
     | LPAR bound DOTS bound (RPAR | RSQB)
item: (QUOTED | ITEM)+
bound: (QUOTED | NAME)+

AND.3: /and(?=[\s()]|$)/i
OR.3: /or(?=[\s()]|$)/i
NOT.3: /not(?=[\s()]|$)/i
IS.3: /is(?=\s)/i
NULL.3: /null(?=[\s()]|$)/i
CMP: /:\s*(?:>=|<=|>|<|=)?|>=|<=|>|<|=/
DOTS.2: /\.\.\.?/
QUOTED: /`[^`]*`|"[^"]*"|'[^']*'/
NAME: /(?!(?:and|or)(?:[\s()]|$))(?:(?!\.\.)[^\s()\[\],"'`:<>=])+/i
WORD: /(?!(?:and|or)(?:[\s()]|$))[^\s()\[\]"'`][^\s()\[\]"`]*/i
ITEM: /(?!')(?:(?!\.\.)[^\s()\[\],"`])+/
COMMA: ","
LPAR: "("
RPAR: ")"
LSQB: "["
RSQB: "]"
%ignore /\s+/
"""

_WORDS: Final = {
    "NAME": "a token such as status",
    "CMP": "':' or a comparison",
    "QUOTED": "a value",
    "WORD": "a value",
    "ITEM": "a value",
    "AND": "'and' or 'or'",
    "OR": "'and' or 'or'",
    "LPAR": "'('",
    "COMMA": "','",
    "RPAR": "')'",
    "RSQB": "']'",
    "DOTS": "'..'",
    "NULL": "'null'",
    "$END": "the end",
}
"""Parts of a query as an error names them; the others are never the only ones expected."""

QUOTING: Final = "text goes in backticks, as in vendorSeverity:`Critical`"


def checked_query(text: str, parameter: str = "query") -> str:
    """Return a query without surrounding space; raise `ConfigError` if it cannot be parsed.

    The error names the character, counted from 1, and what was expected there. An empty query
    passes. Tokens and their values are not checked: the server judges them.
    """
    if not isinstance(text, str):
        raise refused(parameter, text, "a query in QQL, such as status:`Enabled`")
    if text.strip():
        _parse(text, parameter)
    return text.strip()


def narrowed(query: str | None, extra: str) -> str:
    """Return a query that matches what both match; each is parsed first, then put in parentheses.

    Without parsing, `a:1) or (b:2` would escape its parentheses.
    """
    both = [checked_query(query or ""), checked_query(extra, "extra")]
    parts = [part for part in both if part]
    return parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)


@cache
def _grammar() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, start="query", parser="lalr", maybe_placeholders=False)


def _parse(text: str, parameter: str) -> None:
    from lark import UnexpectedInput

    try:
        _grammar().parse(text)
    except UnexpectedInput as error:
        raise _error(text, parameter, error) from None


def _error(text: str, parameter: str, error: "UnexpectedInput") -> ConfigError:
    from lark import UnexpectedCharacters, UnexpectedToken

    position = error.pos_in_stream or 0
    names: set[str] = set()
    if isinstance(error, UnexpectedToken):
        names = set(error.accepts or error.expected)
        if error.token.type == "$END":
            position = len(text)
    elif isinstance(error, UnexpectedCharacters):
        names = set(error.allowed or ())
    return ConfigError(
        f"{parameter} cannot be parsed at character {position + 1}, "
        f"{_place(text, position)}: expected {_expected(text, position, names)}",
        hint=QUOTING,
    )


def _expected(text: str, position: int, names: set[str]) -> str:
    quote = text[position : position + 1]
    if quote and quote in "`\"'" and quote not in text[position + 1 :]:
        return f"a second {quote} that closes this one"
    if not names:  # the query was complete before this character
        return "the end, for no '(' is open"
    if "NOT" not in names:  # within a range: names of tokens are at the start of a condition
        names -= {"NAME"}
    if "CMP" in names:  # a name was read, and it does not yet begin a range
        names -= {"QUOTED", "DOTS"}
    return " or ".join(dict.fromkeys(words for name, words in _WORDS.items() if name in names))


def _place(text: str, position: int) -> str:
    if position >= len(text):
        return f"the end of '{_flat(text[-40:])}'"
    return f"at '{_flat(text[position : position + 40])}'"


def _flat(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
