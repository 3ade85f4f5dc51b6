"""Open findings judged by a rule pack, from facts of the fleet and threat data.

A fact that is unknown stays unknown to the rules. A vulnerability that no file lists counts as not
listed only if the file was loaded and the patch's vulnerabilities are known.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from patchfleet.config import DeadlineSettings
from patchfleet.models import Patch, Selection
from patchfleet.models.vocabulary import kb_numbers
from patchfleet.policy import Case, Judgement, Pack, judge, load, release_of, strictest
from patchfleet.policy.intel import (
    EpssScore,
    KbCve,
    KevEntry,
    SsvcAssessment,
    cves_fixed,
    read_intel,
)
from patchfleet.policy.pack import Question, Start
from patchfleet.store.queries import CaseRow, JudgedVerdict, cases, cves_by_kb, judge_by
from patchfleet.store.types import IntelRow

if TYPE_CHECKING:
    from patchfleet.store import Snapshot
    from patchfleet.store.views.scratch import Scratch

R = TypeVar("R")

_ALL = Selection()


class ThreatData(NamedTuple):
    """Threat data: the files in force, and their rows by vulnerability."""

    files: tuple[IntelRow, ...] = ()
    kev: dict[str, KevEntry] | None = None
    epss: dict[str, EpssScore] | None = None
    ssvc: dict[str, SsvcAssessment] | None = None
    cves: dict[str, tuple[str, ...]] | None = None
    superseding: frozenset[str] = frozenset()
    """KB numbers for which a file lists the older updates they contain."""


def threat_data(loaded: Iterable[tuple[IntelRow, bytes]], kinds: Sequence[str] = ()) -> ThreatData:
    """Read the files in force; `kinds` narrows to those needed, empty reads all."""
    rows: dict[str, list[object]] = {}
    files = []
    for row, content in loaded:
        if not kinds or row.kind in kinds:
            rows[row.kind] = list(read_intel(row.name, content, dated=row.dated).rows)
            files.append(row)
    updates = [row for row in rows.get("kb", ()) if isinstance(row, KbCve)]
    return ThreatData(
        tuple(files),
        _by_cve(rows, "kev", KevEntry),
        _by_cve(rows, "epss", EpssScore),
        _by_cve(rows, "ssvc", SsvcAssessment),
        cves_fixed(updates),
        frozenset(row.kb for row in updates if row.supersedes is not None),
    )


def _by_cve(rows: dict[str, list[object]], kind: str, of: type[R]) -> dict[str, R] | None:
    """Return the rows of one kind by their vulnerability, None where no file was loaded."""
    if kind not in rows:
        return None
    return {row.cve: row for row in rows[kind] if isinstance(row, of)}  # type: ignore[attr-defined]


class Rules(NamedTuple):
    """The pack in force with the facts and the time zone that it judges by."""

    pack: Pack
    known: ThreatData
    zone: ZoneInfo

    def judge(self, snapshot: "Snapshot", selection: Selection = _ALL) -> "Scratch":
        """Judge every open finding of a selection; see `evaluate_open_findings`."""
        return evaluate_open_findings(
            snapshot, self.pack, self.known, zone=self.zone, selection=selection
        )


def rules_in_force(
    deadlines: DeadlineSettings, intel: Callable[[], Iterable[tuple[IntelRow, bytes]]]
) -> Rules:
    """Return the pack of the settings, with those of the loaded files that its rules read."""
    pack = load(deadlines.pack)
    asked = {one.question for rule in pack.rules for one in rule.when}
    is_needed = bool(asked & _BY_VULNERABILITY) or any(
        rule.limit == "KEV due date" for rule in pack.rules
    )
    known = threat_data(intel()) if is_needed or pack.clock not in _BY_PATCH else ThreatData()
    return Rules(pack, known, deadlines.time_zone)


_BY_VULNERABILITY: set[Question] = {"in_kev", "is_automatable", "is_impact_total", "is_exploited"}
_BY_PATCH: tuple[Start | None, ...] = (None, "released", "detected")


def evaluate_open_findings(
    snapshot: "Snapshot",
    pack: Pack,
    known: ThreatData,
    *,
    zone: ZoneInfo,
    selection: Selection = _ALL,
    now: datetime | None = None,
) -> "Scratch":
    """Judge every open finding of a selection and store the results with `queries.judge_by`."""
    judge_all = _Judge(pack, known, cves_by_kb(snapshot), now or snapshot.as_of, zone, {})
    by_detection = pack.clock != "released"
    asked = cases(snapshot, selection, by_detection=by_detection)
    return judge_by(snapshot, (judge_all.result(case) for case in asked))


class _Judge(NamedTuple):
    """Pack, data and time that judge every case."""

    pack: Pack
    known: ThreatData
    catalogue: Mapping[str, tuple[str, ...]]
    at: datetime
    zone: ZoneInfo
    judged: dict[Case, Judgement]

    def result(self, case: CaseRow) -> JudgedVerdict:
        """Judge a patch once for each vulnerability it fixes; the most pressing result counts."""
        cves = _cves(case, self.known, self.catalogue)
        # Without these files the facts are the same for each vulnerability.
        if not cves or (self.known.kev is None and self.known.ssvc is None):
            return _row(case, self._judge(case, None), cves, self.known)
        judged = strictest(self._judge(case, cve) for cve in cves)
        return _row(case, judged, cves, self.known)

    def _judge(self, case: CaseRow, cve: str | None) -> Judgement:
        """Judge the same facts once."""
        facts = _facts(case, cve, self.known)
        found = self.judged.get(facts)
        if found is None:
            found = judge(self.pack, facts, now=self.at, zone=self.zone)
            self.judged[facts] = found
        return found


def _cves(
    case: CaseRow, known: ThreatData, catalogue: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the vulnerabilities a patch fixes: its source's, else those of its KB number."""
    if case.cves or case.kb is None:
        return case.cves
    by_file = known.cves or {}
    numbers = kb_numbers(case.kb)
    named = ((*catalogue.get(kb, ()), *by_file.get(kb, ())) for kb in numbers)
    return tuple(dict.fromkeys(cve for cves in named for cve in cves))


def _facts(case: CaseRow, cve: str | None, known: ThreatData) -> Case:
    listed: KevEntry | Literal["not_listed"] | None = None
    if cve is not None and known.kev is not None:
        listed = known.kev.get(cve, "not_listed")
    if listed == "not_listed" and _may_contain_more(case, known):
        listed = None
    ssvc = (known.ssvc or {}).get(cve or "")
    described = Patch(title=case.patch, released_at=case.released_at)
    return Case(
        released_at=release_of(described),
        detected_at=case.seen_at,
        severity=case.severity,
        vendor_severity=case.vendor_severity,
        kev=listed,
        is_exploited=None
        if ssvc is None or not ssvc.exploitation
        else ssvc.exploitation == "active",
        is_automatable=ssvc.is_automatable if ssvc else None,
        is_impact_total=ssvc.is_impact_total if ssvc else None,
        is_os=_is_os(case.product),
        kind=case.kind,
    )


def _may_contain_more(case: CaseRow, known: ThreatData) -> bool:
    """Return whether an update includes older fixes that no source lists."""
    is_cumulative = _CUMULATIVE.search(case.patch) is not None
    return is_cumulative and not case.cves and case.kb not in known.superseding


_CUMULATIVE = re.compile(r"(?i)\bcumulative\b|\bmonthly (quality )?rollup\b|\bsecurity rollup\b")


def _is_os(product: str | None) -> bool | None:
    """Return whether a product is an operating system, None if it is not named."""
    if not product:
        return None
    return bool(_SYSTEMS.search(product))


_SYSTEMS = re.compile(
    r"(?i)^(microsoft )?windows\b|\b(red hat enterprise )?linux\b|\bubuntu\b|\bdebian\b|\bcentos\b"
)


def _row(
    case: CaseRow, judged: Judgement, cves: tuple[str, ...], known: ThreatData
) -> JudgedVerdict:
    because = "; ".join(judged.reasons)
    if judged.unknown:
        because = f"{because}; not known: {judged.unknown}" if because else judged.unknown
    return JudgedVerdict(
        case.patch_id, case.kind, _plain(case.seen_at), judged.status, _plain(judged.due_at),
        because, judged.duties, cves, _highest(cves, known), *_by_catalogue(case, cves, known),
    )  # fmt: skip


def _highest(cves: Iterable[str], known: ThreatData) -> float | None:
    """Return the highest EPSS score of some vulnerabilities, None where none has one."""
    scores = known.epss or {}
    return max((scores[cve].epss for cve in cves if cve in scores), default=None)


def _by_catalogue(
    case: CaseRow, cves: Sequence[str], known: ThreatData
) -> tuple[bool | None, bool | None]:
    """Return whether ransomware uses a vulnerability, and whether forensic triage is required.

    One entry that is true is enough; False needs all vulnerabilities to be known.
    """
    if known.kev is None or not cves:
        return None, None
    listed = [known.kev[cve] for cve in cves if cve in known.kev]
    otherwise = None if _may_contain_more(case, known) else False
    is_used = True if any(entry.is_ransomware_use_known for entry in listed) else otherwise
    triage = {entry.needs_forensic_triage for entry in listed}
    if True in triage:
        return is_used, True
    return is_used, None if None in triage else otherwise


def _plain(at: datetime | None) -> datetime | None:
    """Convert a time to what the store's tables hold: UTC, without a zone."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)
