"""The files among them that are JSON: CISA's catalogue of exploited vulnerabilities, and SSVC.

SSVC comes as CISA publishes it inside of CVE records [cisagov/vulnrichment]: one record, a list of
them, or one on each line. A record without an assessment is a vulnerability nobody assessed.

Law of this file: pure; an entry that is not understood is an error with its number, never left out.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from patchfleet.policy.intel.rows import KevEntry, SsvcAssessment
from patchfleet.policy.intel.table import assessment_of
from patchfleet.policy.intel.trouble import DOWNLOAD, cve_of, keep, unusable, unusable_entry

T = TypeVar("T")


class _Listed(Struct):
    """An entry of the catalogue, as much of it as is read."""

    cve_id: str = field(name="cveID")
    date_added: str = field(name="dateAdded")
    due_date: str | None = field(name="dueDate", default=None)
    ransomware: str = field(name="knownRansomwareCampaignUse", default="Unknown")


class _Catalogue(Struct):
    version: str | None = field(name="catalogVersion", default=None)
    released: str | None = field(name="dateReleased", default=None)
    count: int | None = None


class _Content(Struct):
    options: list[dict[str, str]]
    timestamp: str = ""
    version: str | None = None


class _Other(Struct):
    type: str = ""
    content: Any = None


class _Metric(Struct):
    other: _Other | None = None


class _Container(Struct):
    metrics: list[_Metric] = []


class _Containers(Struct):
    adp: list[_Container] = []


class _About(Struct):
    cve_id: str = field(name="cveId")


class _Record(Struct):
    """A CVE record, as much of it as is read."""

    about: _About = field(name="cveMetadata")
    containers: _Containers


def read_kev(
    file: str, catalogue: dict[str, Any]
) -> tuple[date | None, str | None, list[KevEntry]]:
    """Return the day of a catalogue, its version and its entries.

    Raises `PolicyError` for an entry that cannot be read, one that is there twice with other
    values, and a catalogue that does not hold as many as it says.
    """
    head = _as(catalogue, _Catalogue, lambda said: unusable(file, 1, said, DOWNLOAD))
    listed = catalogue["vulnerabilities"]
    if head.count is not None and head.count != len(listed):
        what = f"the catalogue says that it holds {head.count} entries, and holds {len(listed)}"
        raise unusable(file, 1, what, DOWNLOAD)
    entries: dict[str, KevEntry] = {}
    for number, one in enumerate(listed, 1):
        try:
            entry = _entry(_as(one, _Listed, ValueError))
            keep(entries, entry.cve, entry)
        except ValueError as error:
            raise unusable_entry(file, number, str(error), DOWNLOAD) from None
    dated = None
    if head.released is not None:
        try:
            dated = _day(head.released[:10])
        except ValueError as error:
            raise unusable(file, 1, f"dateReleased: {error}", DOWNLOAD) from None
    return dated, head.version, list(entries.values())


def _as(value: Any, kind: type[T], refuse: Callable[[str], Exception]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise refuse(str(error)) from None


def _entry(listed: _Listed) -> KevEntry:
    cve = cve_of(listed.cve_id)
    if listed.ransomware not in {"Known", "Unknown"}:
        raise ValueError(f"{cve}: ransomware use is Known or Unknown, not {listed.ransomware!r}")
    try:
        due_date = _day(listed.due_date) if listed.due_date else None
        return KevEntry(cve, _day(listed.date_added), due_date, listed.ransomware == "Known")
    except ValueError as error:
        raise ValueError(f"{cve}: {error}") from None


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no time zone)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2026-06-10") from None


def read_ssvc(
    file: str, records: list[Any]
) -> tuple[date | None, str | None, list[SsvcAssessment]]:
    """Return the newest day of CVE records, the version of the scheme, and the assessments.

    A record with several counts by its newest. The version is None where records differ in it.
    """
    rows: dict[str, SsvcAssessment] = {}
    versions: set[str | None] = set()
    newest: date | None = None
    for number, one in enumerate(records, 1):
        try:
            record = _as(one, _Record, ValueError)
            cve = cve_of(record.about.cve_id)
            content = max(_contents(record), key=lambda each: each.timestamp, default=None)
            if content is None:
                continue
            keep(rows, cve, _assessment(cve, content))
            if content.timestamp:
                day = _day(content.timestamp[:10])
                newest = day if newest is None else max(newest, day)
            versions.add(content.version)
        except ValueError as error:
            raise unusable_entry(file, number, str(error), DOWNLOAD) from None
    return newest, versions.pop() if len(versions) == 1 else None, list(rows.values())


def _contents(record: _Record) -> Iterator[_Content]:
    for container in record.containers.adp:
        for metric in container.metrics:
            if metric.other is not None and metric.other.type == "ssvc":
                yield _as(metric.other.content, _Content, ValueError)


def _assessment(cve: str, content: _Content) -> SsvcAssessment:
    """Return the assessment of a list of one-word tables: `{"Technical Impact": "total"}`."""
    words = {name.casefold(): word for option in content.options for name, word in option.items()}
    try:
        return assessment_of(
            cve,
            words.get("exploitation", ""),
            words.get("automatable", ""),
            words.get("technical impact", ""),
        )
    except ValueError as error:
        raise ValueError(f"{cve}: {error}") from None
