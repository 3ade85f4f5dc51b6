"""Shapes of one HTTP answer: its status, headers and body, by what the body is."""

from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from patchfleet.doctor.names import UNLISTED, header_name
from patchfleet.doctor.recording import Answers
from patchfleet.doctor.shape import Field, ObjectValues, Range, Shape
from patchfleet.doctor.shaping import Shaper, local
from patchfleet.doctor.vocabulary import CHARSETS, media_type
from patchfleet.errors import Unreadable
from patchfleet.nsight.document import document_of
from patchfleet.nsight.envelope import failure_of
from patchfleet.transport.messages import NoResponse, Response

NO_ANSWER = "no answer"


def answers_of(outcome: Response | NoResponse, seconds: float, shaper: Shaper) -> Answers:
    """Return the shapes of the outcome of one call that took `seconds`."""
    milliseconds = round(seconds * 1000)
    took = Range(milliseconds, milliseconds)
    if isinstance(outcome, NoResponse):
        return Answers(calls=1, statuses={NO_ANSWER: 1}, milliseconds=took)
    notes, shape, is_failure = _body(outcome, shaper)
    size = len(outcome.body)
    return Answers(
        calls=1,
        statuses={str(outcome.status): 1},
        milliseconds=took,
        body_bytes=Range(size, size),
        headers=_headers(outcome, shaper),
        bodies=dict.fromkeys(notes, 1),
        success=Shape() if is_failure else shape,
        failure=shape if is_failure else Shape(),
    )


def _headers(response: Response, shaper: Shaper) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for name, value in response.headers.items():
        written = header_name(name, shaper.vocabulary.allowed)
        if written == UNLISTED:
            shaper.withheld.name(name)
        known = media_type(value) if written == "content-type" else None
        shape = Shape(words={known: 1}) if known else shaper.of_text(value, "")
        found[written] = found.get(written, Shape()) | shape
    return found


def _body(response: Response, shaper: Shaper) -> tuple[list[str], Shape, bool]:
    """Return what a body is, its shape, and whether it is an error in the vendor's own form."""
    body = response.body
    is_refused = not 200 <= response.status < 300
    start = body.lstrip()[:1]
    if not start:
        return ["empty"], Shape(), is_refused
    if body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return ["web page"], Shape(), True
    if start == b"<":
        return _of_xml(body, shaper, is_refused=is_refused)
    if start in b'{["' or "json" in response.headers.get("content-type", ""):
        return _of_json(body, shaper, is_refused=is_refused)
    text = body.decode("latin-1")
    return ["text"], shaper.of_text(text, ""), is_refused


def _of_json(body: bytes, shaper: Shaper, *, is_refused: bool) -> tuple[list[str], Shape, bool]:
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ["JSON that cannot be parsed"], Shape(), True
    return ["JSON"], shaper.of_json(value), is_refused or _is_error(value)


def _is_error(value: Any) -> bool:
    """Return whether a body is an error of Qualys, which may come with status 200."""
    is_object = isinstance(value, dict)
    return is_object and ("_error" in value or value.get("responseCode") == "FAILED")


def _of_xml(body: bytes, shaper: Shaper, *, is_refused: bool) -> tuple[list[str], Shape, bool]:
    try:
        root = document_of(body).root
    except Unreadable:
        return ["XML that cannot be parsed"], Shape(), True
    notes = ["XML", _encoding(body)]
    if b"<![CDATA[" in body:
        notes.append("XML with CDATA")
    is_failure = is_refused or failure_of(root) is not None
    return notes, _document(root, shaper), is_failure


def _document(root: Element, shaper: Shaper) -> Shape:
    """Return the shape of a document: an object whose one field is the root."""
    tag = local(root.tag)
    inner = shaper.of_element(root, tag)
    return Shape(objects=ObjectValues(1, {shaper.name(tag): Field(inner, 1)}))


def _encoding(body: bytes) -> str:
    head = body[:200].lower()
    if b"<?xml" not in head:
        return "XML without a declaration"
    for name in sorted(CHARSETS):
        if f'encoding="{name}"'.encode() in head or f"encoding='{name}'".encode() in head:
            return f"XML declared as {name}"
    return "XML declared in another encoding" if b"encoding" in head else "XML without an encoding"
