"""Any file of vulnerability data, told by what it holds and not by how it is called.

Law of this file: pure, bytes in and rows out. A file is read whole or not at all: a part that is
cut off, misspelled or contradicts another is an error with its place.
"""

import io
import zlib
from datetime import date
from gzip import BadGzipFile, GzipFile
from typing import Any, TypeAlias

import msgspec

from patchfleet.policy.intel.catalogue import read_kev, read_ssvc
from patchfleet.policy.intel.rows import EpssScore, Intel, KbCve, KevEntry, Kind, SsvcAssessment
from patchfleet.policy.intel.table import (
    EPSS,
    SSVC,
    Table,
    epss_rows,
    kb_rows,
    open_table,
    ssvc_rows,
)
from patchfleet.policy.intel.trouble import DOWNLOAD, unusable

MOST_BYTES = 1 << 30
"""The most that a compressed file may hold: a hundred times the scores of every vulnerability."""

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Rows: TypeAlias = list[KevEntry] | list[EpssScore] | list[SsvcAssessment] | list[KbCve]
_Found: TypeAlias = tuple[Kind, date | None, str | None, _Rows]


def read_intel(name: str, content: bytes, *, dated: date | None = None) -> Intel:
    """Return the rows of a file: KEV (JSON), EPSS, SSVC (JSON or CSV) or KB to CVE, gzip or not.

    `name` is only for what is said of the file. `dated` is the day of the data, for files that do
    not say it themselves; where they do, they are believed. Rows that are the same twice are one.

    Raises `PolicyError` with the file, the line (in JSON: the number of the entry) and a hint.
    """
    plain = _unpacked(name, content)
    start = plain[:64].lstrip()
    if not start:
        raise unusable(name, 1, "the file is empty", DOWNLOAD)
    if start.startswith(b"<"):
        hint = "a web page was saved in its place: " + DOWNLOAD
        raise unusable(name, 1, "this is a web page or XML, not data", hint)
    is_json = start.startswith((b"{", b"["))
    kind, inside, version, rows = (_from_json if is_json else _from_table)(name, plain)
    if not rows:
        raise unusable(name, 1, "there is not one row in the file", DOWNLOAD)
    day = inside or dated
    if day is None:
        raise unusable(name, 1, "the file does not say of which day it is", "give its date")
    return Intel(kind, day, version, rows)


def _unpacked(name: str, content: bytes) -> bytes:
    if content.startswith(b"\x1f\x8b"):
        try:
            with GzipFile(fileobj=io.BytesIO(content)) as packed:
                content = packed.read(MOST_BYTES + 1)
        except EOFError:
            raise unusable(name, 1, "the compressed file is cut off", DOWNLOAD) from None
        except (BadGzipFile, zlib.error) as error:
            raise unusable(name, 1, f"the compressed file is damaged: {error}", DOWNLOAD) from None
        if len(content) > MOST_BYTES:
            what = f"the compressed file holds more than {MOST_BYTES >> 20} MB"
            raise unusable(name, 1, what, DOWNLOAD)
    elif content.startswith(b"PK\x03\x04"):
        raise unusable(name, 1, "this is a zip archive", "unpack it first")
    return content.removeprefix(b"\xef\xbb\xbf")


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unusable(name, line, "is not UTF-8 text", "save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise unusable(name, line, "is not text", DOWNLOAD)
    return text


def _from_table(name: str, content: bytes) -> _Found:
    table: Table = open_table(name, _text(name, content))
    if table.header == EPSS:
        return "epss", table.dated, table.version, epss_rows(table)
    if table.header == SSVC:
        return "ssvc", table.dated, table.version, ssvc_rows(table)
    return "kb", table.dated, table.version, kb_rows(table)


def _from_json(name: str, content: bytes) -> _Found:
    value = _decoded(name, content)
    if isinstance(value, dict) and isinstance(value.get("vulnerabilities"), list):
        return ("kev", *read_kev(name, value))
    records = value if isinstance(value, list) else [value]
    if records and all(isinstance(one, dict) and "cveMetadata" in one for one in records):
        return ("ssvc", *read_ssvc(name, records))
    hint = "known are CISA's catalogue of exploited vulnerabilities, and CVE records with SSVC"
    raise unusable(name, 1, "this JSON is neither KEV nor SSVC", hint)


def _decoded(name: str, content: bytes) -> Any:
    """Return what JSON says: one value, or the values of lines that are each one of their own."""
    try:
        return msgspec.json.decode(content)
    except _NOT_JSON as error:
        whole = error
    values: list[Any] = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            if line.strip():
                values.append(msgspec.json.decode(line))
        except _NOT_JSON:
            if not values:
                raise unusable(name, 1, f"is not JSON: {whole}", DOWNLOAD) from None
            raise unusable(name, number, "the line is not JSON", DOWNLOAD) from None
    return values
