"""Read a list whose records are all laid out alike, without building a tree.

N-able writes each record of a list with the same elements in the same order [O: exactdoug live
dump], so the first record says what all look like. Building a tree of 18 elements a patch costs
more than everything else that is done with it; matching the known layout costs a third of it.

Law of this file: exact or not at all. The matches must tile the document from its declaration to
its last byte, in a declared single-byte encoding, with no character that XML would treat (a `<`,
`&` or `]` outside CDATA, a carriage return, a control character); anything else is answered with
None, and read as a tree by `envelope.py`. A property test holds the two to the same result, or the
same error.
"""

import re
from functools import lru_cache

_LONGEST_RECORD = 16 * 1024
_DECLARATION = re.compile(
    r"""<\?xml version=(["'])1\.0\1 encoding=(["'])(?i:ISO-8859-1)\2[ \t\n]*\?>[ \t\n]*"""
)
# Control characters are errors in XML, and a carriage return is changed by it.
_TREATED_BY_XML = bytes(byte for byte in range(0x20) if byte not in b"\t\n")
_CONTENT = r"(<!\[CDATA\[[^]]*+(?:\](?!\]>)[^]]*+)*+\]\]>|[^<&\]]*+)"
_FIELD = re.compile(rf"<([A-Za-z_][A-Za-z_0-9]*)>{_CONTENT}</\1>")
CDATA = slice(len("<![CDATA["), -len("]]>"))
"""Where the text stands in a CDATA section."""


def rows_of(body: bytes, root: str, record: str) -> tuple[list[str], list[tuple[str, ...]]] | None:
    """Return the tags of a record and the texts of all records, or None where a tree is needed.

    `root` and `record` are the documented names of the outer element and of its children. A text
    that begins with `<` stands in its CDATA section still.
    """
    if len(body.translate(None, _TREATED_BY_XML)) != len(body):
        return None
    text = body.decode("latin-1")
    has_closed = "/>" in text
    if has_closed:  # both forms of an empty element are one to us
        text = _opened(text)
    start, end = _inside(text, root)
    tags = _tags_of_first(text, start, record)
    if tags is None:
        return None
    pattern, markup_length = _pattern(record, tags)
    rows: list[tuple[str, ...]] = pattern.findall(text, start, end)
    contents = "".join(map("".join, rows))
    if markup_length * len(rows) + len(contents) != end - start:
        return None  # something between the records, or one that is laid out otherwise
    if has_closed and "></" in contents:
        return None  # what was rewritten may have stood inside a text
    return list(tags), rows


def _inside(text: str, root: str) -> tuple[int, int]:
    """Return where the records stand, between the tags of the root; nowhere for another form."""
    nowhere = len(text), len(text)
    declaration = _DECLARATION.match(text)
    if declaration is None:
        return nowhere
    start, end = declaration.end() + len(root) + 2, text.rfind(f"</{root}>")
    is_whole = not text[end + len(root) + 3 :].strip(" \t\n")
    if text[declaration.end() : start] == f"<{root}>" and start <= end and is_whole:
        return start, end
    return nowhere


def _opened(text: str) -> str:
    """Write each `<x/>` as `<x></x>`."""
    pieces = text.split("/>")
    for number, piece in enumerate(pieces[:-1]):
        head, bracket, tag = piece.rpartition("<")
        is_tag = bracket and tag.isidentifier()
        pieces[number] = f"{head}<{tag}></{tag}>" if is_tag else f"{piece}/>"
    return "".join(pieces)


def _tags_of_first(text: str, start: int, record: str) -> tuple[str, ...] | None:
    """Return the tags of the first record in their order, or None where it is not flat."""
    opening, closing = f"<{record}>", f"</{record}>"
    end = text.find(closing, start, start + _LONGEST_RECORD)
    if end < 0 or not text.startswith(opening, start):
        return None
    position = start + len(opening)
    tags = []
    while position < end:
        field = _FIELD.match(text, position, end)
        if field is None:
            return None
        tags.append(field.group(1))
        position = field.end()
    # One group would make `findall` return texts, not tuples of them.
    return tuple(tags) if len(tags) > 1 else None


@lru_cache(maxsize=64)
def _pattern(record: str, tags: tuple[str, ...]) -> tuple[re.Pattern[str], int]:
    """Compile a layout, and count the characters of its markup."""
    fields = "".join(f"<{tag}>{_CONTENT}</{tag}>" for tag in tags)
    markup = "".join(f"<{tag}></{tag}>" for tag in (record, *tags))
    return re.compile(f"<{record}>{fields}</{record}>"), len(markup)
