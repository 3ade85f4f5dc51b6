"""Detection of any file of vulnerability data by its content, not its name.

Invariant: a file that is cut off, damaged or of another kind is an error; an odd entry in a good
file is named with its place, and the others count (tests/policy/test_policy_intel.py).
"""

import io
import zlib
from datetime import date
from gzip import BadGzipFile, GzipFile
from typing import Any, TypeAlias

import msgspec

from patchfleet.policy.intel.csv_feeds import (
    EPSS,
    KEV,
    SSVC,
    CsvTable,
    epss_rows,
    kb_rows,
    kev_cells,
    open_table,
    ssvc_rows,
)
from patchfleet.policy.intel.errors import DOWNLOAD, Problems, unusable
from patchfleet.policy.intel.json_feeds import kev_entries, read_kev, read_ssvc
from patchfleet.policy.intel.microsoft import is_csaf, is_cvrf, read_csaf, read_cvrf
from patchfleet.policy.intel.records import EpssScore, Intel, KbCve, KevEntry, Kind, SsvcAssessment

MOST_BYTES = 1 << 30
"""Maximum size of an unpacked file: a hundred times the scores of every vulnerability."""

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Rows: TypeAlias = list[KevEntry] | list[EpssScore] | list[SsvcAssessment] | list[KbCve]
_Found: TypeAlias = tuple[Kind, date | None, str | None, _Rows]

_JSON_KINDS = "CISA's catalogue of exploited vulnerabilities, CVE records with SSVC, CVRF and CSAF"


def read_intel(name: str, content: bytes, *, dated: date | None = None) -> Intel:
    """Return the rows of a file: KEV, EPSS, SSVC, KB to CVE, CVRF or CSAF, gzip or not.

    `name` is used in messages only. `dated` is the day of the data for files that do not state
    it; a date in the file takes precedence. Equal rows count once, and an entry that is not
    understood is in `problems`.

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
    (kind, inside, version, rows), problems = (_from_json if is_json else _from_table)(name, plain)
    problems.check(len(rows))
    if not rows:
        raise unusable(name, 1, "there is not one row in the file", DOWNLOAD)
    day = inside or dated
    if day is None:
        raise unusable(name, 1, "the file does not say of which day it is", "give its date")
    return Intel(kind, day, version, rows, tuple(problems.texts))


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


def _from_table(name: str, content: bytes) -> tuple[_Found, Problems]:
    table: CsvTable = open_table(name, _text(name, content))
    if table.header == EPSS:
        found: _Found = "epss", table.dated, table.version, epss_rows(table)
    elif table.header == SSVC:
        found = "ssvc", table.dated, table.version, ssvc_rows(table)
    elif table.header == KEV:
        found = "kev", table.dated, table.version, kev_entries(kev_cells(table), table.problems)
    else:
        found = "kb", table.dated, table.version, kb_rows(table)
    return found, table.problems


def _from_json(name: str, content: bytes) -> tuple[_Found, Problems]:
    problems = Problems(name, "entry")
    value = _decoded(name, content, problems)
    if isinstance(value, dict):
        if is_cvrf(value):
            return ("kb", *read_cvrf(value, problems)), problems
        if is_csaf(value):
            return ("kb", *read_csaf(value, problems)), problems
        if isinstance(value.get("vulnerabilities"), list):
            return ("kev", *read_kev(name, value, problems)), problems
    records = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict) and "cveMetadata" in one for one in records):
        return ("ssvc", *read_ssvc(records, problems)), problems
    hint = f"known are {_JSON_KINDS}"
    raise unusable(name, 1, "this JSON is none of the known files", hint)


def _decoded(name: str, content: bytes, problems: Problems) -> Any:
    """Return the value of a JSON text, or the values of its lines (JSON Lines).

    A line that is not JSON is a problem, unless it is the last one: then the file is cut off.
    """
    try:
        return msgspec.json.decode(content)
    except _NOT_JSON as error:
        whole = error
    values: list[Any] = []
    odd: int | None = None
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        if odd is not None:
            problems.leave_out(odd, "the line is not JSON")
            odd = None
        try:
            values.append(msgspec.json.decode(line))
        except _NOT_JSON:
            odd = number
            if not values:
                raise unusable(name, 1, f"is not JSON: {whole}", DOWNLOAD) from None
    if odd is not None:
        raise unusable(name, odd, "the line is not JSON", DOWNLOAD)
    return values
