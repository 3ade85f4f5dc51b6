"""Fast reader of lists whose records are all laid out alike, without a tree.

N-able writes each record of a list with the same elements in the same order [O: exactdoug live
dump], so the first record gives the layout of all. Matching it costs a third of building a tree.

Invariant: the result, or the error, is that of the tree reader (tests/nsight/test_layout.py).

The matches must tile the document from its declaration to its last byte, in a declared single-byte
encoding, with no character that XML would treat (a `<`, `&` or `]` outside CDATA, a carriage
return, a control character). Any other body gives None, and `envelope.py` reads it as a tree.
"""

import re
from functools import lru_cache

from patchfleet.nsight.document import BYTES_80_TO_9F, western
from patchfleet.nsight.envelope import plain

_LONGEST_RECORD = 16 * 1024
_DECLARATION = re.compile(
    r"""<\?xml version=(["'])1\.0\1 encoding=(["'])(?i:ISO-8859-1)\2[ \t\n]*\?>[ \t\n]*"""
)
# Control characters are errors in XML, and a carriage return is changed by it.
_TREATED_BY_XML = bytes(byte for byte in range(0x20) if byte not in b"\t\n")
_NOT_PLAIN = _TREATED_BY_XML + BYTES_80_TO_9F  # for a single search
_IN_CDATA = r"[^]]*+(?:\](?!\]>)[^]]*+)*+"
_PLAIN = r"[^<&\]]*+"
_NAME = r"[A-Za-z_][A-Za-z_0-9]*"
_FIELD = re.compile(rf"<({_NAME})(?:/>|>(<!\[CDATA\[{_IN_CDATA}\]\]>|{_PLAIN})</\1>)")


def rows_of(body: bytes, root: str, record: str) -> tuple[list[str], list[tuple[str, ...]]] | None:
    """Return the tags of a record and the texts of all records, or None if a tree is needed.

    `root` and `record` are the documented names of the outer element and of its children. Texts
    are without their CDATA sections and surrounding blanks.
    """
    if len(body.translate(None, _NOT_PLAIN)) == len(body):
        text = body.decode("latin-1")
    elif len(body.translate(None, _TREATED_BY_XML)) == len(body):
        text = western(body)
    else:
        return None
    position, end = _inside(text, root)
    fields = _fields_of_first(text, position, record)
    if fields is None:
        return None
    match = _pattern(record, fields).match
    rows = []
    while position < end:
        found = match(text, position, end)
        if found is None:
            return None  # something between the records, or a record of another layout
        rows.append(tuple(map(str.strip, found.groups(""))))
        position = found.end()
    return [tag for tag, _ in fields], rows


def _inside(text: str, root: str) -> tuple[int, int]:
    """Return the range of the records between the tags of the root; empty for another form."""
    nowhere = len(text), len(text)
    declaration = _DECLARATION.match(text)
    if declaration is None:
        return nowhere
    start, end = declaration.end() + len(root) + 2, text.rfind(f"</{root}>")
    is_whole = not text[end + len(root) + 3 :].strip(" \t\n")
    if text[declaration.end() : start] == f"<{root}>" and start <= end and is_whole:
        return start, end
    return nowhere


def _fields_of_first(text: str, start: int, record: str) -> tuple[tuple[str, bool], ...] | None:
    """Return the tags of the first record, each with whether its text is in a CDATA section.

    An empty element may omit its section, so the other records decide for it. None if the record is
    not flat, or names a field twice.
    """
    opening, closing = f"<{record}>", f"</{record}>"
    end = text.find(closing, start, start + _LONGEST_RECORD)
    if end < 0 or not text.startswith(opening, start):
        return None
    position = start + len(opening)
    fields = []
    while position < end:
        field = _FIELD.match(text, position, end)
        if field is None:
            return None
        tag, content = field.groups("")
        is_cdata = content.startswith("<") or (not content and f"<{tag}><![CDATA[" in text)
        fields.append((tag, is_cdata))
        position = field.end()
    if len({plain(tag) for tag, _ in fields}) < len(fields):
        return None
    return tuple(fields)


@lru_cache(maxsize=64)
def _pattern(record: str, fields: tuple[tuple[str, bool], ...]) -> re.Pattern[str]:
    """Compile a layout: its groups are the texts."""
    pattern = ""
    for tag, is_cdata in fields:
        content = rf"(?:<!\[CDATA\[({_IN_CDATA})\]\]>)?" if is_cdata else f"({_PLAIN})"
        pattern += f"<{tag}(?:>{content}</{tag}>|/>)"
    return re.compile(f"<{record}>{pattern}</{record}>")
