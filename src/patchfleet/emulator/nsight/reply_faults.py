"""Faults of N-sight's XML: other forms of a reply, refusals, and hostile documents.

Functions over finished bytes; the variants keep the meaning of a reply, the rest describes what it
breaks. The list follows what was observed or must be expected of the vendor [U: exact names and
case after `severity`; I: CDATA and entities mean the same; D: the malformed `created` of one page].
"""

import re
from collections.abc import Callable
from dataclasses import replace
from xml.sax.saxutils import escape

from patchfleet.emulator.fault_kind import FaultedCall, FaultKind, Option
from patchfleet.emulator.nsight import envelope
from patchfleet.emulator.response import Response, xml

_TOKEN = re.compile(r"<!\[CDATA\[.*?\]\]>|<[^>]+>|[^<]+", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_DATE_NAMES = re.compile(r"(?<=[</])(releaseDateText|releaseDate|installDateText|installdate)\b")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DATE_TEXT = re.compile(r"\d\d-[A-Z][a-z]{2}-\d{4}")


def _variant(description: str, rewrite: Callable[[str], str]) -> FaultKind:
    """Return the kind of fault that rewrites the text of a reply."""
    return FaultKind(description, lambda case: _rewritten(case, rewrite(_text(case))), "after")


def _text(case: FaultedCall) -> str:
    return case.reply.body.decode(envelope.ENCODING)


def _rewritten(case: FaultedCall, text: str) -> Response:
    return replace(case.reply, body=text.encode(envelope.ENCODING))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _pretty(text: str) -> str:
    """Put every element on a line of its own, indented, unless it holds text alone."""
    lines: list[str] = []
    depth = 0
    holds_text = False
    for token in _tokens(text):
        if not token.strip():
            continue
        is_text = not token.startswith("<") or token.startswith("<![CDATA[")
        closes = token.startswith("</")
        depth -= closes
        opens = not (is_text or closes or token.startswith("<?") or token.endswith("/>"))
        after_text = closes and (holds_text or lines[-1].strip() == token.replace("/", "", 1))
        if is_text or after_text:
            lines[-1] += token
        else:
            lines.append("  " * depth + token)
        holds_text = is_text
        depth += opens
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return _CDATA.sub(lambda found: escape(found[1]), text)


def _no_declaration(text: str) -> str:
    return text.partition("?>")[2].lstrip()


def _open_close(text: str) -> str:
    return re.sub(r"<([A-Za-z_0-9]+)((?:\s[^<>]*?)?)/>", r"<\1\2></\1>", text)


def _trailing_blanks(text: str) -> str:
    return text.replace("]]>", "  ]]>")


def _lower_dates(text: str) -> str:
    return _DATE_NAMES.sub(lambda found: found[0].lower(), text)


def _upper_dates(text: str) -> str:
    return _DATE_NAMES.sub(lambda found: found[0].upper(), text)


def _case(text: str) -> str:
    """Rename all elements but the root to upper case."""
    root = re.search(r"<(\w+)", text.partition("?>")[2])
    kept = root[1] if root else ""
    return "".join(
        re.sub(r"(?<=[</])\w+", lambda found: _upper(found[0], kept), token)
        if token.startswith("<") and not token.startswith(("<!", "<?"))
        else token
        for token in _tokens(text)
    )


def _upper(name: str, kept: str) -> str:
    return name if name == kept else name.upper()


def _unknown_elements(text: str) -> str:
    """Add a new element to every patch, device, client and site, and one before the end."""
    extra = '<newfeature><![CDATA[on & off]]></newfeature><vendor_note level="2"><b>x</b>\
</vendor_note>'
    records = r"(?<=>)(?<!\]\]>)(?=</(?:patch|client|site|server|workstation|check)>)"
    return re.sub(records, extra, text)  # a device's `<patch>1</patch>` is a flag, not a record


def _bad_dates(case: FaultedCall) -> Response:
    created = f'created="{case.options["created"]}"'
    text = re.sub(r'created="[^"]*"', lambda _: created, _text(case))
    text = _STAMP.sub(lambda _: case.options["stamp"], text)
    return _rewritten(case, _DATE_TEXT.sub(lambda _: case.options["day"], text))


def _unknown_ids(case: FaultedCall) -> Response:
    text = _text(case)
    for name, label in (("status", "Deferred"), ("policy", "Quarantine")):
        number = case.options[f"row_{name}"]
        text = re.sub(rf"<{name}>\d+</{name}>", f"<{name}>{number}</{name}>", text)
        text = re.sub(rf"<{name}Label>.*?</{name}Label>", _labelled(name, label), text)
    return _rewritten(case, text)


def _labelled(name: str, label: str) -> str:
    return f"<{name}Label><![CDATA[{label}]]></{name}Label>"


def _utf8(case: FaultedCall) -> Response:
    return replace(case.reply, body=_text(case).replace("ISO-8859-1", "UTF-8", 1).encode())


def _e1(case: FaultedCall) -> Response:
    return xml(envelope.error(case.now, case.options["code"], case.options["message"]))


def _e2(case: FaultedCall) -> Response:
    return xml(envelope.bare_error(case.options["message"]))


def _e3(case: FaultedCall) -> Response:
    return xml(envelope.refused_action(case.now, case.options["message"]))


def _document(doctype: str, value: str, encoding: str) -> Response:
    """Return an OK reply with a document type and a value that uses it."""
    return xml(
        f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}\n<result status="OK"><items>'
        f"<client><name>{value}</name><clientid>1</clientid></client></items></result>"
        .encode(encoding)
    )  # fmt: skip


def _bomb(case: FaultedCall) -> Response:
    entities = ['<!ENTITY l0 "ha">']
    entities += [
        f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">'
        for level in range(1, case.options["levels"] + 1)
    ]
    doctype = f"<!DOCTYPE result [{''.join(entities)}]>"
    return _document(doctype, f"&l{case.options['levels']};", "ISO-8859-1")


def _external_entity(case: FaultedCall) -> Response:
    doctype = f'<!DOCTYPE result [<!ENTITY x SYSTEM "{case.options["system"]}">]>'
    return _document(doctype, "&x;", "ISO-8859-1")


def _doctype(_: FaultedCall) -> Response:
    return _document("<!DOCTYPE result>", "plain", "ISO-8859-1")


def _utf16_doctype(_: FaultedCall) -> Response:
    return _document('<!DOCTYPE result [<!ENTITY x "y">]>', "&x;", "UTF-16")


_MESSAGE = Option("Something was refused", (str,), "the text")

REPLY_FAULTS: dict[str, FaultKind] = {
    "pretty": _variant("the same reply with line breaks and indentation", _pretty),
    "escaped": _variant("the same reply with entities instead of CDATA", _escaped),
    "no_declaration": _variant("the same reply without the XML declaration", _no_declaration),
    "open_close": _variant("empty elements as <x></x> instead of <x/>", _open_close),
    "trailing_blanks": _variant("two blanks at the end of every text", _trailing_blanks),
    "lower_dates": _variant("the four date elements of a patch in lower case", _lower_dates),
    "upper_dates": _variant("the four date elements of a patch in upper case", _upper_dates),
    "case": _variant("all elements but the root in upper case", _case),
    "unknown_elements": _variant("unknown elements among the known ones", _unknown_elements),
    "bad_dates": FaultKind(
        "invalid times in the root, in timestamps and in patch dates", _bad_dates, "after",
        {
            "created": Option("2015-07-20T08T08:47:41+01:00", (str,), "the root's `created`"),
            "stamp": Option("0000-00-00 00:00:00", (str,), "every date with a time"),
            "day": Option("31-Foo-2024", (str,), "every date text"),
        },
    ),
    "unknown_ids": FaultKind(
        "statuses and policies never seen, with labels", _unknown_ids, "after",
        {
            "row_status": Option(128, (int,), "every patch status"),
            "row_policy": Option(80, (int,), "every patch policy"),
        },
    ),
    "utf8": FaultKind("the same reply, declared and written as UTF-8", _utf8, "after"),
    "e1": FaultKind(
        "the first failure shape: code and message under FAIL", _e1,
        options={"code": Option(4, (int,), "the error code"), "message": _MESSAGE},
    ),
    "e2": FaultKind(
        "the second failure shape: a message, no status", _e2, options={"message": _MESSAGE}
    ),
    "e3": FaultKind(
        "the third failure shape: <msg> under FAIL", _e3, options={"message": _MESSAGE}
    ),
    "bomb": FaultKind(
        "entities that grow tenfold at each level", _bomb,
        options={"levels": Option(9, (int,), "how many levels, 1 to 20", 1, 20)},
    ),
    "external_entity": FaultKind(
        "an entity that names a file of the reader", _external_entity,
        options={"system": Option("file:///etc/hostname", (str,), "what it names")},
    ),
    "doctype": FaultKind("a harmless document type declaration", _doctype),
    "utf16_doctype": FaultKind(
        "a document type with an entity, written as UTF-16", _utf16_doctype
    ),
}  # fmt: skip
"""The kinds of fault of N-sight's XML."""
