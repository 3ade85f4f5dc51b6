"""Microsoft's files: vulnerabilities that an update fixes, and older updates that it contains.

The CVRF documents of its API name both [api.msrc.microsoft.com/cvrf]; its CSAF advisories name no
superseded update. Products without a KB number, such as those with "Release Notes", have no row.
A vulnerability without a readable name is a problem.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from patchfleet.models.vocabulary import kb_number, kb_numbers
from patchfleet.policy.intel.errors import Problems, cve_of, list_of, mapping_of
from patchfleet.policy.intel.json_feeds import day_of
from patchfleet.policy.intel.records import KbCve

VENDOR_FIX = 2
"""The type of a CVRF remediation that is an update; others are workarounds and notes."""
_KB_IN_ADDRESS = re.compile(r"(?:KB|/help/)(\d{6,8})\b", re.IGNORECASE)


def is_cvrf(value: Mapping[str, Any]) -> bool:
    """Return whether JSON is a CVRF document."""
    return isinstance(value.get("Vulnerability"), list) and "DocumentTracking" in value


def is_csaf(value: Mapping[str, Any]) -> bool:
    """Return whether JSON is a CSAF advisory."""
    return isinstance(value.get("vulnerabilities"), list) and isinstance(
        value.get("document"), Mapping
    )


def read_cvrf(
    document: Mapping[str, Any], problems: Problems
) -> tuple[date | None, str | None, list[KbCve]]:
    """Return the day of a CVRF document, its id, and its updates."""
    tracking = mapping_of(document["DocumentTracking"])
    rows: dict[KbCve, None] = {}
    for place, one in enumerate(document["Vulnerability"], 1):
        try:
            cve = cve_of(mapping_of(one).get("CVE"))
        except ValueError as error:
            problems.leave_out(place, str(error))
            continue
        for remediation in list_of(mapping_of(one).get("Remediations")):
            rows |= dict.fromkeys(_of_remediation(mapping_of(remediation), cve))
    name = mapping_of(mapping_of(tracking.get("Identification")).get("ID")).get("Value")
    return _day(tracking.get("CurrentReleaseDate")), name, list(rows)


def _of_remediation(remediation: Mapping[str, Any], cve: str) -> Iterator[KbCve]:
    described = remediation.get("Description")
    kb = kb_number(str(mapping_of(described).get("Value") or ""))
    if kb is None or remediation.get("Type", VENDOR_FIX) != VENDOR_FIX:
        return
    yield KbCve(kb, cve)
    older = kb_numbers(str(remediation.get("Supercedence") or ""))
    yield from (KbCve(kb, None, number) for number in older if number != kb)


def read_csaf(
    advisory: Mapping[str, Any], problems: Problems
) -> tuple[date | None, str | None, list[KbCve]]:
    """Return the day of a CSAF advisory, its version, and its updates."""
    tracking = mapping_of(mapping_of(advisory["document"]).get("tracking"))
    rows: dict[KbCve, None] = {}
    for place, one in enumerate(advisory["vulnerabilities"], 1):
        try:
            cve = cve_of(mapping_of(one).get("cve"))
        except ValueError as error:
            problems.leave_out(place, str(error))
            continue
        for remediation in map(mapping_of, list_of(mapping_of(one).get("remediations"))):
            if remediation.get("category") == "vendor_fix":
                joined = f"{remediation.get('url') or ''} {remediation.get('details') or ''}"
                found = (kb_number(number) for number in _KB_IN_ADDRESS.findall(joined))
                rows |= dict.fromkeys(KbCve(kb, cve) for kb in found if kb)
    version = tracking.get("version")
    day = _day(tracking.get("current_release_date"))
    return day, version if isinstance(version, str) else None, list(rows)


def _day(value: object) -> date | None:
    try:
        return day_of(value)
    except ValueError:  # then the day has to be given
        return None
