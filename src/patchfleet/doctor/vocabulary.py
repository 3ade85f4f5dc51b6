"""Closed lists of words and codes, per vendor, that a shape file may hold.

A field is listed here if the vendor, or a client that ran, names all of its words as far as known.
Another word in such a field is news: it is counted by its format and shown on the screen, and
written only if a user allows it by name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from patchfleet.nsight.codes import CHOICE_LABELS, SET_BY_USER, STATUS_LABELS

SEVERITIES = ("Critical", "Important", "Moderate", "Low", "Unspecified", "None", "Other")
_LONGEST_CODE = 5


class Pair(NamedTuple):
    """Two fields of one record whose words belong together: a code and its label."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The listed words of a vendor, by the plain name of the field.

    `codes` are fields whose numbers, of five digits at most, are codes; a list beside them holds
    the known ones, and None means that none are documented. `sentences` are beginnings of texts
    that the vendor documents. Of `open_fields` only some words are known. `allowed` are words and
    names that a user allows.
    """

    words: Mapping[str, frozenset[str]]
    codes: Mapping[str, frozenset[str] | None]
    pairs: tuple[Pair, ...] = ()
    sentences: tuple[str, ...] = ()
    sentence_fields: frozenset[str] = frozenset()
    open_fields: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default_factory=frozenset)

    def is_closed(self, name: str) -> bool:
        """Return whether all words of a field are listed, as far as known."""
        return plain(name) in self.words and plain(name) not in self.open_fields

    def word(self, name: str, text: str) -> str | None:
        """Return the listed word, code or sentence that a text of a field is, or None."""
        key = plain(name)
        if key in self.codes and text.isascii() and text.isdigit() and len(text) <= _LONGEST_CODE:
            return text
        listed = self.words.get(key)
        if listed is not None and (text in listed or text in self.allowed):
            return text
        if key in self.sentence_fields:
            return next((one for one in self.sentences if text.startswith(one)), None)
        return None

    def unknown_codes(self, name: str, words: Iterable[str]) -> list[str]:
        """Return the codes of a field that are not among the known ones."""
        known = self.codes.get(plain(name))
        if known is None:
            return []
        return sorted((one for one in words if one.isdigit() and one not in known), key=int)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name of a field in lower case, without separators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(**words: Iterable[str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(some) for name, some in words.items()}


_FLAGS = ("0", "1")
_ICONS = ("installed", "missing", "pending", "queued", "failed", "ignored", "reboot-required")

NSIGHT = Vocabulary(
    words=_listed(
        policylabel=CHOICE_LABELS.values(),
        statuslabel=(*STATUS_LABELS.values(), "Installing"),
        severitylabel=SEVERITIES,
        selectpatch=("checkshow", "checkhide"),
        patchicon=[f"aw-image-patch-{state}" for state in (*_ICONS, "installing")],
        status=("OK", "FAIL", "Ok", "Failed", "Offline", "Overdue"),
        checkstatus=("testok", "testerror", "testok_inactive", "testalertdelayed", "testcleared"),
        checkstatusicon=("testok", "testerror", "testok_inactive", "testalertdelayed"),
        devicetype=("server", "workstation", "mobile_device"),
        required=("yes", "no"),
        dashboardusername=("none",),
    ),
    codes={
        "policy": frozenset(
            str(number + explicit) for number in CHOICE_LABELS for explicit in (0, SET_BY_USER)
        ),
        "status": frozenset(map(str, STATUS_LABELS)),
        "severity": None,
        "errorcode": frozenset("345"),
        "statusid": None,
        "status247": None,
        "dscstatus": None,
        "agentmode": None,
        "dsc247": frozenset("123"),
        "deployable": frozenset(_FLAGS),
        "uninstallable": frozenset(_FLAGS),
        "patch": frozenset(_FLAGS),
        "online": frozenset(_FLAGS),
        "syncstatus": None,
    },
    pairs=(
        Pair("policy", "policyLabel"),
        Pair("status", "statusLabel"),
        Pair("severity", "severityLabel"),
        Pair("errorcode", "message"),
        Pair("statusid", "checkstatus"),
    ),
    sentences=(
        "Login failed", "Service unknown", "Invalid value for parameter: ", "Missing parameter: ",
        "Invalid api key", "An error has occurred", "Unsupported action type",
    ),
    sentence_fields=frozenset({"message", "msg"}),
)  # fmt: skip

_JOB_WORDS = ("Enabled", "Disabled", "Completed", "Completed with Failure", "Deleted", "Expired")
_RESULT_WORDS = (
    "Canceled - Blackout", "Completed", "Downloaded", "Downloading - Failed", "Execution Blocked",
    "Job Failed", "Job Received", "Job Resumed", "Job Started", "No Patch Available",
    "Not Applicable", "Pending", "Pending Reboot", "Job Timed Out", "Timed Out",
)  # fmt: skip

QUALYS = Vocabulary(
    words=_listed(
        type=("Install", "Rollback", "Application", "OS", "APP_FAMILY", "Patch", "Update"),
        status=(*_JOB_WORDS, *_RESULT_WORDS, "ACTIVE", "Success", "Failed", "success", "failed"),
        platform=("Windows", "Linux", "Mac"),
        scheduletype=("On-demand", "Once", "Daily", "Weekly", "Monthly", "Recurring"),
        timezonetype=("AGENT_TZ", "SPECIFIC_TZ"),
        timeoutunit=("HOURS", "MINUTES"),
        downloadrandomizetimeunit=("HOURS", "MINUTES"),
        filtertype=("Any", "All"),
        exclusionfiltertype=("Any", "All"),
        vendorseverity=SEVERITIES,
        category=("Security Patches", "Non-Security Patches", "Security Tools", "Service Packs"),
        downloadmethod=("AcquireFromVendor", "Automatic", "Manual", "Unavailable"),
        assetstatus=("Success", "Failed", "Pending", "Unknown"),
        scanstatus=("Scanned", "Pending", "Failed", "Never Scanned"),
        responsecode=("SUCCESS", "FAILED"),
        responsemessage=("Valid API Access",),
        vulntype=("VULNERABILITY", "POTENTIAL"),
        assettype=("HOST",),
        category1=("Windows", "Linux", "Mac", "Unix", "Network", "Unknown"),
        category2=("Server", "Client", "Unknown"),
        stage=("GA", "EOL", "EOS", "EOL/EOS", "OBS", "Unknown"),
        schemaversion=("1.0", "2.0"),
        architecture=("X64", "X86", "X86_64", "ARM64", "x86_64", "noarch", "64-Bit", "32-Bit"),
        reportformat=("CSV", "PDF"),
    ),
    codes={
        "errorcode": None, "statuscode": None, "dynamicqqltype": frozenset("012"),
        "additionaldynamicqqltype": frozenset("012"), "triggerstatus": None,
        "jobsource": None, "severity": frozenset("12345"), "category": None,
        "hasmore": frozenset(_FLAGS), "monthlyrecurringtype": frozenset(_FLAGS),
    },
    pairs=(
        Pair("statusCode", "status"),
        Pair("statusCode", "assetStatus"),
        Pair("errorCode", "message"),
    ),
    sentences=("Unauthorized", "Forbidden", "Not Found", "JWT"),
    sentence_fields=frozenset({"message", "errormessage", "error"}),
    open_fields=frozenset({"category", "architecture", "type"}),
)  # fmt: skip
"""Words of Qualys: documented, or observed in public clients [D: get, cre, sts; O: peer]."""

MEDIA_TYPES = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "application": "json xml pdf octet-stream problem+json x-download",
        "text": "xml html plain csv",
    }.items()
    for name in names.split()
)
CHARSETS = frozenset({"utf-8", "iso-8859-1", "us-ascii", "windows-1252"})


def media_type(text: str) -> str | None:
    """Return a `Content-Type` whose parts are all listed, in lower case, or None."""
    kind, _, rest = (part.strip() for part in text.lower().partition(";"))
    charset = rest.removeprefix("charset=").strip('"')
    if kind not in MEDIA_TYPES or (rest and charset not in CHARSETS):
        return None
    return f"{kind}; charset={charset}" if rest else kind
