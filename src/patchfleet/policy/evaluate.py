"""Evaluation of one pack for the facts of one finding at a moment.

A fix at the limit itself is on time; a microsecond later is late. An unknown fact is tried both
ways: if both give the same status, that is the status, otherwise it is *not judged* and both are
attached. A status that holds either way, but with different dates, has no `due_at`.

A pack binds from the day it came into force until the day it ended: a deadline missed before the
end stays missed, later ones are not covered.
Invariant: nothing unknown counts as on time (tests/policy/test_policy_deadline.py).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from patchfleet._renamed.fields import FormerFields
from patchfleet.errors import ConfigError
from patchfleet.models import DEADLINE_STATUSES, DeadlineStatus
from patchfleet.policy.calendar import after, end_of, instant_of, start_of
from patchfleet.policy.case import Case, answer
from patchfleet.policy.intel.records import KevEntry
from patchfleet.policy.pack import Condition, Limit, Pack, Question, Rule

_Answers: TypeAlias = Mapping[tuple[Question, float | None], bool]
"""Assumed answers to questions that the facts leave open."""

_IN_KEV = Condition("in_kev", is_so=True)


class Judgement(Struct, frozen=True, kw_only=True, gc=False, metaclass=FormerFields):
    """Result of one pack for one finding at one moment, times as UTC.

    `reasons` are sentences for people. `unknown` names the missing fact if its answer matters:
    `if_yes` and `if_no` are the two results, and None if nothing differs.
    """

    pack: str
    status: DeadlineStatus
    reasons: tuple[str, ...]
    starts_at: datetime | None = None
    due_at: datetime | None = None
    duties: tuple[str, ...] = ()
    unknown: str | None = None
    if_yes: "Judgement | None" = None
    if_no: "Judgement | None" = None

    @property
    def earliest_due_at(self) -> datetime | None:
        """Earliest moment at which it may fall due, whatever is unknown; None for no date."""
        if self.due_at is not None:
            return self.due_at
        branches = (each.earliest_due_at for each in (self.if_yes, self.if_no) if each is not None)
        return min((due for due in branches if due is not None), default=None)


def judge(pack: Pack, case: Case, *, now: datetime, zone: ZoneInfo) -> Judgement:
    """Return whether the deadline of a pack is kept at a moment.

    `zone` is the fleet's: days and months are counted in it, and a day without a time is midnight
    there. A finding fixed after `now` is still open then. Raises `ConfigError` for a `now` without
    a time zone.
    """
    if now.utcoffset() is None:
        raise ConfigError(f"now {now} has no time zone", hint="times are aware UTC")
    evaluation = _Evaluation(pack, case, now.astimezone(UTC), zone)
    begins = pack.in_force_from
    if begins is not None and evaluation.moment < start_of(begins, zone):
        return evaluation.not_covered(f"the pack is in force only from {begins}")
    return evaluation.judged(pack.rules, {})


def strictest(judgements: Iterable[Judgement]) -> Judgement:
    """Return the most pressing of several, such as one for each vulnerability a patch fixes.

    Late comes before not judged, and that before on time; among equals the first to fall due. It
    carries the duties of all. Raises ValueError for an empty sequence.
    """
    ranked = sorted(
        judgements,
        key=lambda each: (
            DEADLINE_STATUSES.index(each.status),
            each.earliest_due_at or datetime.max.replace(tzinfo=UTC),
        ),
    )
    if not ranked:
        raise ValueError("there is no judgement to choose from")
    duties = tuple(dict.fromkeys(duty for each in ranked for duty in each.duties))
    return ranked[0] if duties == ranked[0].duties else replace(ranked[0], duties=duties)


class _Evaluation:
    """Evaluation of one finding by one pack."""

    def __init__(self, pack: Pack, case: Case, now: datetime, zone: ZoneInfo) -> None:
        self.pack = pack
        self.case = case
        self.zone = zone
        self.fixed_at = case.fixed_at if case.fixed_at and case.fixed_at <= now else None
        self.moment = self.fixed_at or now

    def judged(self, rules: tuple[Rule, ...], answers: _Answers) -> Judgement:
        """Return the result of the rules, given answers to some unknown facts."""
        for place, rule in enumerate(rules):
            applies, doubt = self._applies(rule, answers)
            if doubt is not None:
                return self._either_way(doubt, rules[place:], answers)
            if applies:
                return self._by_rule(rule, answers)
        return self.not_covered(self.pack.otherwise)

    def _applies(self, rule: Rule, answers: _Answers) -> tuple[bool, Condition | None]:
        """Return whether a rule applies, or the first question that leaves it open."""
        doubt = None
        for condition in rule.when:
            known = self._answer(condition, answers)
            if known is None:
                doubt = doubt or condition
            elif known != condition.is_so:
                return False, None
        return doubt is None, doubt

    def _answer(self, condition: Condition, answers: _Answers) -> bool | None:
        known = answer(self.case, condition)
        return answers.get(condition.asked) if known is None else known

    def _either_way(
        self, doubt: Condition, rules: tuple[Rule, ...], answers: _Answers
    ) -> Judgement:
        yes = self.judged(rules, {**answers, doubt.asked: True})
        no = self.judged(rules, {**answers, doubt.asked: False})
        phrase = f"{doubt.unknown} is not known"
        if _is_same(yes, no):
            return replace(no, reasons=(*no.reasons, f"{phrase}, and makes no difference"))
        return Judgement(
            pack=self.pack.name,
            status=yes.status if yes.status == no.status else "not_judged",
            reasons=(f"{phrase}: {_formatted(yes)} if so, {_formatted(no)} if not",),
            starts_at=yes.starts_at if yes.starts_at == no.starts_at else None,
            due_at=yes.due_at if yes.due_at == no.due_at else None,
            duties=tuple(duty for duty in yes.duties if duty in no.duties),
            unknown=doubt.unknown,
            if_yes=yes,
            if_no=no,
        )

    def _by_rule(self, rule: Rule, answers: _Answers) -> Judgement:
        if rule.limit == "none":
            return self.not_covered(f"{rule.name}: {rule.because}")
        try:
            starts_at, counted = self._start(answers)
            due_at, missing = self._due(starts_at, rule.limit)
        except OverflowError:
            return self._not_judged(rule, "its dates lie beyond the calendar")
        if starts_at is None or due_at is None:
            return self._not_judged(rule, counted if starts_at is None else missing)
        status = self._status(due_at)
        if status == "not_covered":
            ended = f"the pack ended on {self.pack.in_force_until}, before this fell due"
            return self.not_covered(ended)
        reasons = [f"{rule.name}: {rule.limit}", counted]
        if self.pack.status == "uncertain":
            reasons.append(f"uncertain: {self.pack.note}")
        return Judgement(
            pack=self.pack.name,
            status=status,
            reasons=tuple(reasons),
            starts_at=starts_at,
            due_at=due_at,
            duties=rule.duties,
        )

    def _start(self, answers: _Answers) -> tuple[datetime | None, str]:
        """Return when the clock starts and from which event, or the reason it does not."""
        kev = self.case.kev
        listed = kev.date_added if isinstance(kev, KevEntry) else None
        if self.pack.clock == "released":
            return self._counted(self.case.released_at, "the vendor's release")
        if self.pack.clock == "listed":
            return self._counted(listed, "the listing in KEV")
        detected = self._counted(self.case.detected_at, "the detection on the device")
        is_listed = self._answer(_IN_KEV, answers)
        if self.pack.clock == "detected" or is_listed is False or detected[0] is None:
            return detected
        on_list = self._counted(listed, "the listing in KEV")
        if on_list[0] is None or on_list[0] < detected[0]:
            return on_list
        return detected

    def _counted(self, when: datetime | date | None, event: str) -> tuple[datetime | None, str]:
        if when is None:
            return None, f"the date of {event} is not known"
        if isinstance(when, datetime):
            return instant_of(when, self.zone), f"counted from {event}"
        phrase = f"counted from {event} on {when}, a day only: from midnight, {self.zone}"
        return instant_of(when, self.zone), phrase

    def _due(self, starts_at: datetime | None, limit: Limit) -> tuple[datetime | None, str]:
        if limit == "KEV due date":
            kev = self.case.kev
            day = kev.due_date if isinstance(kev, KevEntry) else None
            due_at = None if day is None else end_of(day, self.zone)
            return due_at, "the catalogue names no due date"
        if starts_at is None or isinstance(limit, str):
            return None, ""
        return after(starts_at, limit, self.zone), ""

    def _status(self, due_at: datetime) -> DeadlineStatus:
        ends = self.pack.in_force_until
        if ends is not None and min(self.moment, due_at) >= start_of(ends, self.zone):
            return "not_covered"
        if self.moment > due_at:
            return "overdue" if self.fixed_at is None else "missed"
        return "on_time" if self.fixed_at is None else "met"

    def not_covered(self, reason: str) -> Judgement:
        """Return a result without a date, with the reason."""
        return Judgement(pack=self.pack.name, status="not_covered", reasons=(reason,))

    def _not_judged(self, rule: Rule, reason: str) -> Judgement:
        reasons = (f"{rule.name}: {rule.limit}", reason)
        return Judgement(
            pack=self.pack.name, status="not_judged", reasons=reasons, duties=rule.duties
        )


def _is_same(one: Judgement, other: Judgement) -> bool:
    """Return whether two judgements are equal apart from their reasons."""
    if _result(one) != _result(other):
        return False
    if one.if_yes is None or one.if_no is None or other.if_yes is None or other.if_no is None:
        return one.if_yes is other.if_yes
    return _is_same(one.if_yes, other.if_yes) and _is_same(one.if_no, other.if_no)


def _result(one: Judgement) -> tuple[object, ...]:
    return one.status, one.starts_at, one.due_at, one.duties, one.unknown


def _formatted(judgement: Judgement) -> str:
    """Return a judgement in two or three words, for a sentence."""
    words = judgement.status.replace("_", " ")
    due = judgement.due_at
    return words if due is None else f"{words} (due {due:%Y-%m-%d %H:%M:%S} UTC)"
