"""XML document of an answer: encodings, damaged text, hostile XML.

A document type, an entity or a truncated body is an error, never a shorter tree. Damage that cannot
change the structure (bytes and characters that no XML may hold) becomes U+FFFD and is reported;
a body that is otherwise not well-formed is an error.
"""

import re
from typing import NamedTuple, NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from patchfleet.errors import Unreadable

SAMPLE_CHARACTERS = 160
REPLACED = "\ufffd"
"""The replacement of a character that XML forbids."""

# Under these labels browsers read windows-1252: bytes 80 to 9F are quotation marks, dashes and the
# euro sign, and the five that it leaves out are controls [WHATWG, Encoding].
_WESTERN = {
    byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)
}
_WESTERN_LABELS = {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii", "windows-1252", "cp1252"}
BYTES_80_TO_9F = bytes(range(0x80, 0xA0))

# A document type can only come before the root element. In these encodings every byte of markup is
# its ASCII byte, so what begins like this has none. All others take the slower guarded parser.
_BEGINS_PLAINLY = re.compile(
    rb"""(?:\s*<\?xml\s+version=["']1\.[01]["']"""
    rb"""(\s+encoding=["'](?:ISO-8859-1|UTF-8|US-ASCII|WINDOWS-1252)["'])?"""
    rb"""(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>)?\s*<[A-Za-z_]""",
    re.IGNORECASE,
)
_LABEL = re.compile(rb"""<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_START = re.compile(r"<\?xml\s|<(?:result|patches)[\s/>]", re.IGNORECASE)
# Messages that PHP prints before an answer, as text or as HTML.
_SERVER_TALK = re.compile(r"(?:[^<]|<br ?/?>|</?(?:b|i|p|pre|font|a)\b[^<>]*>)*", re.IGNORECASE)
_TALK_WORD = re.compile(r"\b(?:Warning|Notice|Deprecated|Strict Standards)\b(?:</b>)?\s*:")
_LONGEST_TALK = 16 * 1024
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|&#(x[0-9A-Fa-f]+|[0-9]+);", re.DOTALL
)


class Document(NamedTuple):
    """The tree of an answer; `damage` describes text before it, `is_mended` means it has U+FFFD."""

    root: Element
    damage: tuple[str, ...] = ()
    is_mended: bool = False


class _Guard(TreeBuilder):
    """A tree builder that refuses any document type, and with it every entity declaration."""

    def doctype(self, *_: object) -> NoReturn:
        raise Unreadable(
            "the answer declares a document type, which N-able never sends", transient=False
        )


def document_of(body: bytes) -> Document:
    """Parse a body, or raise `Unreadable`.

    The fast path hands the bytes to the C tree builder if they cannot hold a document type; others
    are parsed with the guard. Bytes without a declared encoding that are not XML's default, UTF-8,
    are read in the encoding that N-able otherwise declares [U; seen in no live reply].
    """
    if _is_web_page(body):
        raise Unreadable("the answer is a web page, not XML", sample=sample(body))
    if not body.strip(b" \t\r\n\0"):
        raise Unreadable("the answer is empty", sample=sample(body))
    plain = _BEGINS_PLAINLY.match(body)
    try:
        parser = XMLParser() if plain else XMLParser(target=_Guard())  # noqa: S314 -- guarded
        return Document(_parsed(_as_browsers_do(body), parser))
    except ParseError as error:
        mended = _mended(body)
        if mended is None:
            raise _not_whole(body, error) from None
        return mended
    except (LookupError, ValueError) as error:  # an unknown encoding, or a multi-byte one
        raise Unreadable(f"the answer cannot be decoded: {error}", sample=sample(body)) from None


def western(body: bytes) -> str:
    """Decode bytes that are declared as ISO-8859-1, as browsers do."""
    text = body.decode("latin-1")
    return text.translate(_WESTERN) if _has_80_to_9f(body) else text


def _has_80_to_9f(body: bytes) -> bool:
    return len(body.translate(None, BYTES_80_TO_9F)) != len(body)


def sample(body: bytes) -> str:
    """Return the beginning of a body, printable, for an error."""
    return printable(body[: 4 * SAMPLE_CHARACTERS].decode("latin-1"), SAMPLE_CHARACTERS)


def printable(text: str, length: int = 60) -> str:
    """Return the beginning of a text in one line, printable, for a message."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:length]


def _parsed(body: bytes | str, parser: XMLParser) -> Element:
    parser.feed(body)
    root: Element = parser.close()
    return root


def _is_web_page(body: bytes) -> bool:
    return body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _label(body: bytes) -> str | None:
    """Return the encoding that a body declares, in lower case, or None."""
    found = _LABEL.search(body, 0, _LONGEST_TALK)
    return found[1].decode("ascii").lower() if found else None


def _is_western(body: bytes) -> bool:
    label = _label(body)
    if label is None:
        return not body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) and not _is_utf8(
            body
        )
    return label in _WESTERN_LABELS


def _as_browsers_do(body: bytes) -> bytes | str:
    """Return a body as text if the parser would decode it otherwise than browsers do."""
    label = _label(body)
    if label not in {None, "us-ascii", "ascii"} and not _has_80_to_9f(body):
        return body
    return western(body) if _is_western(body) and b"\0" not in body[:4] else body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_whole(body: bytes, error: ParseError) -> Unreadable:
    return Unreadable(f"the answer is not complete XML ({error})", sample=sample(body))


def _mended(body: bytes) -> Document | None:
    """Parse a body with damaged text, or after a server's own message; None for other bodies."""
    damage: list[str] = []
    text = _decoded(body)
    if text is None:
        return None
    start = _START.search(text, 0, _LONGEST_TALK)
    if start is None:
        return None
    before, text = text[: start.start()], text[start.start() :]
    talk = before.strip("\ufeff \t\r\n")
    if talk:
        if not _SERVER_TALK.fullmatch(talk) or not _TALK_WORD.search(talk):
            return None
        words = printable(re.sub(r"<[^>]*>", "", talk), 80)
        damage.append(f"the server writes before its answer: {words}")
    whole = _REFERENCE.sub(_referred, _FORBIDDEN.sub(REPLACED, text))
    is_mended = whole.count(REPLACED) != body.count(REPLACED.encode())
    if not is_mended and not before:
        return None
    try:
        return Document(
            _parsed(whole, XMLParser(target=_Guard())),  # noqa: S314 -- guarded
            tuple(damage),
            is_mended,
        )
    except ParseError:
        return None


def _decoded(body: bytes) -> str | None:
    """Return a body as text, U+FFFD for each invalid byte; None for an unsupported encoding."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    if body.startswith(b"\xef\xbb\xbf"):
        return body.decode("utf-8", "replace")
    if _is_western(body):
        return western(body)
    if _label(body) in {None, "utf-8", "utf8"}:
        return body.decode("utf-8", "replace")
    return None


def _referred(found: re.Match[str]) -> str:
    """Replace a reference to a character that XML forbids; keep everything else."""
    number = found[1]
    if number is None:
        return found[0]
    digits = number.lstrip("x0")
    code = int(digits or "0", 16 if number.startswith("x") else 10) if len(digits) < 9 else -1
    is_one = 0 <= code <= 0x10FFFF and code != 0 and not _FORBIDDEN.match(chr(code))
    return found[0] if is_one else REPLACED
