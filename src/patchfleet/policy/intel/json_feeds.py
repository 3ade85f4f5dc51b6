"""CISA's files: the catalogue of exploited vulnerabilities, and SSVC inside of CVE records.

The catalogue comes as JSON or CSV. SSVC comes as CISA publishes it [cisagov/vulnrichment]: one CVE
record, a list of them, or one on each line. A record without an assessment is a vulnerability
without one; assessments of others than CISA do not count.
Invariant: an odd entry or field is named with its number, and the others count
(tests/policy/test_policy_intel.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from patchfleet.policy.intel.csv_feeds import assessment_of
from patchfleet.policy.intel.errors import (
    DOWNLOAD,
    Problems,
    cve_of,
    list_of,
    mapping_of,
    unusable,
)
from patchfleet.policy.intel.records import KevEntry, SsvcAssessment

_YES_NO = {"yes": True, "true": True, "required": True, "no": False, "false": False}
_RANSOMWARE = {"known": True, "unknown": False, "": False}


def read_kev(
    file: str, catalogue: Mapping[str, Any], problems: Problems
) -> tuple[date | None, str | None, list[KevEntry]]:
    """Return the day of a catalogue, its version and its entries.

    Raises `PolicyError` for a catalogue whose number of entries is not the one it states.
    """
    listed: list[Any] = catalogue["vulnerabilities"]
    count, version = catalogue.get("count"), catalogue.get("catalogVersion")
    if isinstance(count, int) and count != len(listed):
        what = f"the catalogue states {count} entries and holds {len(listed)}"
        raise unusable(file, 1, what, DOWNLOAD)
    entries = kev_entries(enumerate(listed, 1), problems)
    dated = None
    if catalogue.get("dateReleased") is not None:
        try:
            dated = day_of(catalogue["dateReleased"])
        except ValueError as error:
            raise unusable(file, 1, f"dateReleased: {error}", DOWNLOAD) from None
    return dated, version if isinstance(version, str) else None, entries


def kev_entries(listed: Iterable[tuple[int, Any]], problems: Problems) -> list[KevEntry]:
    """Return the entries of a catalogue, given with their places; each vulnerability once."""
    entries: dict[str, KevEntry] = {}
    for place, one in listed:
        if not isinstance(one, Mapping):
            problems.leave_out(place, f"is no entry but {one!r}")
            continue
        try:
            cve = cve_of(one.get("cveID"))
        except ValueError as error:
            problems.leave_out(place, f"cveID: {error}")
            continue
        entry = _entry(cve, one, place, problems)
        if entries.setdefault(cve, entry) != entry:
            problems.leave_out(place, f"{cve} was there before with other values")
    return list(entries.values())


def _entry(cve: str, one: Mapping[str, Any], place: int, problems: Problems) -> KevEntry:
    """Return an entry; a field that is not understood is a problem, and None."""

    def day(name: str, *, may_miss: bool) -> date | None:
        text = one.get(name)
        if may_miss and text in (None, ""):
            return None
        try:
            return day_of(text)
        except ValueError as error:
            problems.add(place, f"{cve}: {name}: {error}")
            return None

    ransomware = one.get("knownRansomwareCampaignUse") or ""
    if str(ransomware).strip().casefold() not in _RANSOMWARE:
        problems.add(place, f"{cve}: ransomware use is Known or Unknown, not {ransomware!r}")
    return KevEntry(
        cve,
        day("dateAdded", may_miss=False),
        day("dueDate", may_miss=True),
        _RANSOMWARE.get(str(ransomware).strip().casefold(), False),
        _YES_NO.get(str(one.get("forensicTriage")).strip().casefold()),
    )


def day_of(value: object) -> date:
    """Return the day of a text such as 2026-06-10, with a time or without; raise ValueError."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        raise ValueError(f"{value!r} is not a day such as 2026-06-10") from None


def read_ssvc(
    records: list[Any], problems: Problems
) -> tuple[date | None, str | None, list[SsvcAssessment]]:
    """Return the newest day of CVE records, the version of the scheme, and CISA's assessments.

    Of several assessments in a record, CISA's newest counts. The version is None if records differ.
    """
    rows: dict[str, SsvcAssessment] = {}
    versions: set[str | None] = set()
    newest: date | None = None
    for place, record in enumerate(records, 1):
        try:
            cve = cve_of(mapping_of(mapping_of(record).get("cveMetadata")).get("cveId"))
            content = max(_contents(mapping_of(record)), key=_timestamp, default=None)
            if content is None:
                continue
            row = _assessment(cve, content)
            day = day_of(_timestamp(content)) if _timestamp(content) else None
        except ValueError as error:
            problems.leave_out(place, str(error))
            continue
        if rows.setdefault(cve, row) != row:
            problems.leave_out(place, f"{cve} was there before with other values")
            continue
        newest = max(filter(None, (newest, day)), default=None)
        version = content.get("version") or content.get("schemaVersion")
        versions.add(version if isinstance(version, str) else None)
    return newest, versions.pop() if len(versions) == 1 else None, list(rows.values())


def _contents(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield CISA's assessments of a record; raise ValueError if they cannot be searched for."""
    containers = record.get("containers")
    if not isinstance(containers, Mapping):
        raise ValueError("the record has no containers")  # noqa: TRY004
    for container in list_of(containers.get("adp")):
        provider = mapping_of(mapping_of(container).get("providerMetadata")).get("shortName")
        title = str(mapping_of(container).get("title") or "")
        for metric in list_of(mapping_of(container).get("metrics")):
            for content in _of_metric(mapping_of(metric)):
                role = str(content.get("role") or "")
                if provider == "CISA-ADP" or "CISA" in role or (not provider and "CISA" in title):
                    yield content


def _of_metric(metric: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the assessments of a metric: as `other` of the type ssvc, or as `ssvcV…` of its own."""
    other = mapping_of(metric.get("other"))
    if other.get("type") == "ssvc":
        yield mapping_of(other.get("content"))
    yield from (mapping_of(value) for name, value in metric.items() if name.startswith("ssvcV"))


def _assessment(cve: str, content: Mapping[str, Any]) -> SsvcAssessment:
    """Return an assessment: options as `{"Technical Impact": "total"}`, or selections with values.

    One table of several options is read as a list of tables of one.
    """
    options = content.get("options", content.get("selections"))
    words: dict[str, str] = {}
    for option in [options] if isinstance(options, Mapping) else list_of(options):
        if not isinstance(option, Mapping):
            raise ValueError(f"{cve}: options are tables, not {option!r}")  # noqa: TRY004
        named = {option["name"]: option.get("values")} if "values" in option else option
        for name, value in named.items():
            several = list_of(value) if isinstance(value, list) else [value]
            if len(several) != 1:
                raise ValueError(f"{cve}: {name} has {len(several)} values")
            words[str(name).casefold()] = str(several[0])
    if not words:
        raise ValueError(f"{cve}: the assessment has no options")
    try:
        return assessment_of(
            cve,
            words.get("exploitation", ""),
            words.get("automatable", ""),
            words.get("technical impact", ""),
        )
    except ValueError as error:
        raise ValueError(f"{cve}: {error}") from None


def _timestamp(content: Mapping[str, Any]) -> str:
    return str(content.get("timestamp") or "")
