"""N-able's XML around every answer: read it safely, and raise what it says went wrong.

Laws of this file: a document type, an entity or a body cut short is an error, never a shorter list;
the three shapes of failure [§2.4 of the error pages: D: error_messages_.htm, D: add_site.htm, mav
pages] all become errors; an answer without its documented root is unreadable, not empty.
"""

import re
from collections.abc import Iterator
from typing import NoReturn
from xml.etree.ElementTree import (
    Element,
    ParseError,
    TreeBuilder,
    XMLParser,
)

from patchfleet.errors import Rejected, Unauthorized, Unreadable, VendorError
from patchfleet.nsight.words import whole_number
from patchfleet.transport.wire import Response

SAMPLE_CHARACTERS = 160

# A document type can only stand before the root element. In these encodings every byte of markup is
# its ASCII byte, so what begins like this has none. All others take the slower guarded parser.
_BEGINS_PLAINLY = re.compile(
    rb"""(?:\s*<\?xml\s+version=["']1\.[01]["']"""
    rb"""(\s+encoding=["'](?:ISO-8859-1|UTF-8|US-ASCII|WINDOWS-1252)["'])?"""
    rb"""(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>)?\s*<[A-Za-z_]""",
    re.IGNORECASE,
)


class _Guard(TreeBuilder):
    """A tree builder that refuses any document type, and with it every entity declaration."""

    def doctype(self, *_: object) -> NoReturn:
        raise Unreadable(
            "the answer declares a document type, which N-able never sends", transient=False
        )


def root_of(body: bytes) -> Element:
    """Parse a body into its root element, or raise `Unreadable`.

    The fast path hands the bytes to the C tree builder when they cannot hold a document type; all
    others are parsed with the guard. Where no encoding is declared and the bytes are not XML's
    default, UTF-8, they are what N-able otherwise declares [U; seen in no live reply].
    """
    if _is_web_page(body):
        raise Unreadable("the answer is a web page, not XML", sample=sample(body))
    plain = _BEGINS_PLAINLY.match(body)
    if plain is None:
        parser = XMLParser(target=_Guard())  # noqa: S314 -- guarded
    else:
        parser = XMLParser(encoding=None if plain[1] else _undeclared(body))  # noqa: S314
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        raise Unreadable(_what_it_is(body, error), sample=sample(body)) from None
    except (LookupError, ValueError) as error:  # an encoding nobody knows, or a multi-byte one
        raise Unreadable(f"the answer cannot be decoded: {error}", sample=sample(body)) from None
    return root


def sample(body: bytes) -> str:
    """Return the beginning of a body, printable, for an error."""
    text = body[: 4 * SAMPLE_CHARACTERS].decode("latin-1")
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[
        :SAMPLE_CHARACTERS
    ]


def _is_web_page(body: bytes) -> bool:
    return body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _undeclared(body: bytes) -> str | None:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return None


def _what_it_is(body: bytes, error: ParseError) -> str:
    if not body.strip():
        return "the answer is empty"
    return f"the answer is not complete XML ({error})"


def answer(response: Response, expected: str = "result") -> Element:
    """Return the root of a successful answer, or raise what the vendor says went wrong.

    `expected` is the documented root: `result`, or `patches` for patch_list_all
    [D: list_all_patches_for_device.htm].
    """
    root = root_of(response.body)
    failure = failure_of(root)
    if failure is not None:
        raise failure
    if root.tag.lower() != expected:
        raise Unreadable(
            f"the answer's root is <{sample(root.tag.encode())}>, not <{expected}>",
            sample=sample(response.body),
        )
    return root


def failure_of(root: Element) -> VendorError | None:
    """Return the error that an answer carries, in any of the three shapes, or None."""
    status = root.get("status", "").upper()
    error = child(root, "error")
    if error is not None:  # E1 with status FAIL and a number, or E2 with neither
        return _business_error(whole_number(text_of(error, "errorcode")), text_of(error, "message"))
    if status == "FAIL":  # E3: an action refused, with its reason in <msg>
        return _business_error(None, text_of(root, "msg") or "no reason given")
    if status not in {"", "OK"}:
        return Unreadable(f"the answer's status is '{status[:20]}', neither OK nor FAIL")
    return None


def _business_error(code: int | None, message: str) -> VendorError:
    if code == 3 or (code is None and message.lower().startswith("login failed")):
        return Unauthorized(f"N-able does not accept the key ({message or 'Login failed'})")
    name = message.rpartition(": ")[2] if code in {4, 5} and ": " in message else None
    hints = {
        4: "the id does not exist, or this key may not see it",
        5: "a parameter of the call is missing or misspelt",
    }
    number = "" if code is None else f" (error {code})"
    return Rejected(
        f"N-able refuses: {message or 'no reason given'}{number}",
        code=code,
        reason=message,
        parameter=name,
        hint=hints.get(code or 0),
    )


def child(parent: Element, name: str) -> Element | None:
    """Return the first child of that name, in any case, or None."""
    for element in parent:
        if element.tag.lower() == name:
            return element
    return None


def children(parent: Element, name: str) -> Iterator[Element]:
    """Yield the children of that name, in any case: none, one or many."""
    return (element for element in parent if element.tag.lower() == name)


def text_of(parent: Element, name: str) -> str:
    """Return the stripped text of a child, or the empty text where there is none."""
    element = child(parent, name)
    return "" if element is None else (element.text or "").strip()


def items(root: Element, name: str) -> list[Element]:
    """Return the elements of an `<items>` list; a missing `<items>` is unreadable, not empty."""
    found = child(root, "items")
    if found is None:
        raise Unreadable("the answer has no <items>")
    return list(children(found, name))
