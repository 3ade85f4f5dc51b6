"""Every rule of every pack at its boundary, to the microsecond, and what is not known."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from patchfleet.errors import ConfigError
from patchfleet.models import Patch
from patchfleet.policy import NAMES, Case, judge, load, release_of, strictest
from patchfleet.policy.intel import KevEntry

LONDON = ZoneInfo("Europe/London")
SYDNEY = ZoneInfo("Australia/Sydney")
INSTANT = timedelta(microseconds=1)


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def said(name, facts, now, zone=LONDON):
    return judge(load(name), facts, now=now, zone=zone)


START = at("2026-07-08T17:00")
SEEN = Case(released_at=START, detected_at=START, kev="not_listed")

# In KEV, exposed, automatable, total impact; what follows.
TABLE_26_04 = [
    ("no", "no", "no", "partial", None, False),
    ("yes", "no", "no", "partial", 14, False),
    ("no", "yes", "no", "partial", 60, False),
    ("no", "no", "yes", "partial", 60, False),
    ("no", "no", "no", "total", None, False),
    ("yes", "yes", "no", "partial", 14, False),
    ("yes", "no", "yes", "partial", 14, False),
    ("no", "yes", "yes", "partial", 14, False),
    ("yes", "no", "no", "total", 14, False),
    ("no", "yes", "no", "total", 14, False),
    ("no", "no", "yes", "total", 60, False),
    ("yes", "yes", "yes", "partial", 3, False),
    ("yes", "yes", "no", "total", 3, True),
    ("yes", "no", "yes", "total", 3, True),
    ("no", "yes", "yes", "total", 3, False),
    ("yes", "yes", "yes", "total", 3, True),
]


def row_facts(kev, exposed, automatable, impact):
    listed = KevEntry("CVE-2026-1000", date(2026, 8, 1), date(2026, 8, 15))
    return replace(
        SEEN,
        kev=listed if kev == "yes" else "not_listed",
        is_exposed=exposed == "yes",
        is_automatable=automatable == "yes",
        is_impact_total=impact == "total",
    )


@pytest.mark.parametrize("row", TABLE_26_04, ids=lambda row: "-".join(row[:4]))
def test_the_sixteen_rows_of_bod_26_04(row):
    *facts, days, has_triage = row
    judgement = said("cisa-bod-26-04", row_facts(*facts), START)
    if days is None:
        assert judgement.status == "not_covered"
        assert "next upgrade" in judgement.reasons[0]
        return
    assert judgement.starts_at == START
    assert judgement.due_at == START + timedelta(days=days)
    assert judgement.duties == (("forensic triage",) if has_triage else ())
    assert any(reason.startswith("uncertain: ") for reason in judgement.reasons)


def test_the_table_is_whole():
    assert len({row[:4] for row in TABLE_26_04}) == 16
    counted = [row[4] for row in TABLE_26_04]
    assert [counted.count(days) for days in (3, 14, 60, None)] == [5, 6, 3, 2]
    assert sum(row[5] for row in TABLE_26_04) == 3
    assert len(load("cisa-bod-26-04").rules) == 16


@pytest.mark.parametrize(
    ("listed_on", "seen_at", "starts_at"),
    [
        (date(2026, 8, 1), at("2026-08-05T12:00"), at("2026-07-31T23:00")),
        (date(2026, 8, 5), at("2026-08-01T12:00"), at("2026-08-01T12:00")),
        (date(2026, 8, 1), at("2026-07-31T23:00"), at("2026-07-31T23:00")),
    ],
)
def test_bod_26_04_counts_from_the_earlier(listed_on, seen_at, starts_at):
    facts = row_facts("yes", "yes", "yes", "total")
    facts = replace(facts, kev=KevEntry("CVE-2026-1000", listed_on), detected_at=seen_at)
    judgement = said("cisa-bod-26-04", facts, START)
    assert judgement.starts_at == starts_at
    assert judgement.due_at == starts_at + timedelta(days=3)


def test_bod_26_04_counts_from_detection_where_it_is_supposed_not_to_be_listed():
    facts = replace(row_facts("no", "yes", "no", "partial"), kev=None)
    judgement = said("cisa-bod-26-04", facts, START)
    assert judgement.status == "not_judged"
    assert judgement.if_yes.status == "not_judged"
    assert judgement.if_no.due_at == START + timedelta(days=60)


RELEASED = at("2026-07-08T17:00")
LISTED = KevEntry("CVE-2026-1000", date(2026, 5, 1), date(2026, 5, 22))
SERVER = {"is_os": True, "kind": "server", "is_exposed": True}

BOUNDARIES = [
    ("cyber-essentials-3.3", {"vendor_severity": "Critical"}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {"vendor_severity": "Important"}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {"vendor_severity": "High"}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {"severity": "critical"}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {"severity": "low", "cvss": 7.0}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {}, at("2026-07-22T17:00")),
    ("cyber-essentials-3.3", {"vendor_severity": "None", "cvss": 3.0}, at("2026-07-22T17:00")),
    ("pci-dss-4.0.1", {"severity": "critical"}, at("2026-08-08T17:00")),
    ("essential-eight", {**SERVER, "severity": "critical"}, at("2026-07-10T17:00")),
    ("essential-eight", {**SERVER, "severity": "low", "kev": LISTED}, at("2026-07-10T17:00")),
    ("essential-eight", {**SERVER, "severity": "low", "is_exploited": True},
     at("2026-07-10T17:00")),
    ("essential-eight", {**SERVER, "severity": "low", "is_exploited": False},
     at("2026-07-22T17:00")),
    ("essential-eight", {**SERVER, "is_exposed": False}, at("2026-08-08T17:00")),
    ("essential-eight", {"is_os": True, "kind": "workstation"}, at("2026-08-08T17:00")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "facts", "due_at"), BOUNDARIES)
def test_the_limit_is_on_time_and_the_next_microsecond_is_late(name, facts, due_at):
    known = Case(**{"released_at": RELEASED, "kev": "not_listed", **facts})
    for moment, verdict in ((due_at, "on_time"), (due_at + INSTANT, "overdue")):
        judgement = said(name, known, moment)
        assert (judgement.status, judgement.due_at) == (verdict, due_at)
        assert judgement.starts_at == RELEASED
    for moment, verdict in ((due_at, "met"), (due_at + INSTANT, "missed")):
        fixed = replace(known, fixed_at=moment)
        assert said(name, fixed, due_at + timedelta(days=30)).status == verdict


HISTORICAL = [
    ("cisa-bod-22-01", {"kev": LISTED}, at("2026-05-22T23:59:59.999999", LONDON)),
    ("cisa-bod-19-02", {"is_exposed": True, "cvss": 9.0}, at("2026-05-16T09:00")),
    ("cisa-bod-19-02", {"is_exposed": True, "cvss": 8.9}, at("2026-05-31T09:00")),
    ("cisa-bod-19-02", {"is_exposed": True, "cvss": 7.0}, at("2026-05-31T09:00")),
]


@pytest.mark.parametrize(("name", "facts", "due_at"), HISTORICAL)
def test_the_historical_limits(name, facts, due_at):
    known = Case(detected_at=at("2026-05-01T09:00"), **facts)
    for moment, verdict in (
        (due_at, "on_time"),
        (due_at + INSTANT, "overdue"),
        (at("2027-01-01T00:00"), "overdue"),
    ):
        judgement = said(name, known, moment)
        assert (judgement.status, judgement.due_at) == (verdict, due_at)


NO_DATE = [
    ("cyber-essentials-3.3", {"severity": "moderate", "cvss": 6.9}),
    ("pci-dss-4.0.1", {"severity": "important", "cvss": 10.0}),
    ("essential-eight", {"is_os": False}),
    ("nist-800-40r4", {"severity": "critical"}),
    ("cisa-bod-22-01", {}),
    ("cisa-bod-19-02", {"is_exposed": False, "cvss": 10.0}),
    ("cisa-bod-19-02", {"is_exposed": True, "cvss": 6.9}),
]


@pytest.mark.parametrize(("name", "facts"), NO_DATE)
def test_what_a_pack_sets_no_date_for(name, facts):
    judgement = said(name, Case(kev="not_listed", **facts), at("2026-05-01T09:00"))
    assert (judgement.status, judgement.due_at) == ("not_covered", None)
    assert judgement.reasons


def test_a_pack_binds_from_the_first_instant_of_its_first_day():
    facts = Case(released_at=date(2026, 4, 1))
    begin = at("2026-04-27T00:00", LONDON)
    assert said("cyber-essentials-3.3", facts, begin - INSTANT).status == "not_covered"
    assert said("cyber-essentials-3.3", facts, begin).status == "overdue"
    fixed = replace(facts, fixed_at=begin - INSTANT)
    assert said("cyber-essentials-3.3", fixed, START).status == "not_covered"


def test_a_pack_that_ended_before_the_day_came_no_longer_binds():
    end = at("2026-06-10T00:00", LONDON)
    facts = Case(detected_at=end - timedelta(days=15), is_exposed=True, cvss=9.8)
    assert said("cisa-bod-19-02", facts, end - INSTANT).status == "on_time"
    assert said("cisa-bod-19-02", facts, end).status == "not_covered"
    fixed = replace(facts, fixed_at=end - INSTANT)
    assert said("cisa-bod-19-02", fixed, START).status == "met"
    earlier = replace(facts, detected_at=facts.detected_at - INSTANT)
    assert said("cisa-bod-19-02", earlier, START).status == "overdue"


def test_a_day_without_a_time_is_midnight_of_the_fleet_and_it_says_so():
    patch = Patch(title="x", released_at=at("2026-10-20T00:00"))
    assert release_of(patch) == date(2026, 10, 20)
    judgement = said("cyber-essentials-3.3", Case(released_at=release_of(patch)), START)
    assert judgement.starts_at == at("2026-10-20T00:00", LONDON)
    assert judgement.due_at == at("2026-11-03T00:00", LONDON)  # over the end of summer time
    assert any("a day only" in reason and "London" in reason for reason in judgement.reasons)


def test_a_release_with_a_time_keeps_it():
    assert release_of(Patch(title="x", released_at=RELEASED)) == RELEASED
    assert release_of(Patch(title="x")) is None


def test_a_month_of_pci_ends_where_february_ends():
    facts = Case(released_at=date(2028, 1, 31), severity="critical")
    assert said("pci-dss-4.0.1", facts, START).due_at == at("2028-02-29T00:00", LONDON)


@pytest.mark.parametrize("name", ["cyber-essentials-3.3", "pci-dss-4.0.1", "essential-eight"])
def test_without_a_release_date_it_is_not_judged(name):
    facts = Case(detected_at=START, fixed_at=START, severity="critical", **SERVER)
    judgement = said(name, facts, START)
    assert (judgement.status, judgement.if_yes, judgement.if_no) == ("not_judged", None, None)
    assert "release is not known" in judgement.reasons[1]


def test_without_a_due_date_in_the_catalogue_it_is_not_judged():
    facts = Case(kev=KevEntry("CVE-2026-1000", date(2026, 5, 1)))
    judgement = said("cisa-bod-22-01", facts, at("2026-05-02T00:00"))
    assert judgement.status == "not_judged"
    assert "no due date" in judgement.reasons[1]


def test_without_a_catalogue_nobody_knows_whether_it_is_listed():
    judgement = said("cisa-bod-22-01", Case(), START)
    assert judgement.status == "not_judged"
    assert judgement.unknown == "whether it is in KEV"
    assert (judgement.if_yes.status, judgement.if_no.status) == ("not_judged", "not_covered")


def test_two_answers_that_differ_are_not_judged_and_both_are_given():
    facts = Case(released_at=RELEASED, severity="unspecified")
    judgement = said("pci-dss-4.0.1", facts, RELEASED)
    assert judgement.status == "not_judged"
    assert judgement.if_yes.status == "on_time"
    assert judgement.if_no.status == "not_covered"
    assert judgement.earliest_due_at == at("2026-08-08T17:00")
    assert "not covered if not" in judgement.reasons[0]


def test_two_answers_that_are_the_same_are_one():
    facts = replace(row_facts("yes", "no", "no", "total"), is_impact_total=None)
    judgement = said("cisa-bod-26-04", facts, START)
    assert (judgement.status, judgement.unknown, judgement.if_yes) == ("on_time", None, None)
    assert judgement.due_at == START + timedelta(days=14)
    assert "makes no difference" in judgement.reasons[-1]


def test_a_verdict_that_holds_either_way_stands_without_a_date_of_its_own():
    facts = replace(row_facts("no", "yes", "no", "partial"), is_exposed=None, is_automatable=True)
    first, last = START + timedelta(days=14), START + timedelta(days=60)
    for moment, verdict in (
        (first, "on_time"),
        (first + INSTANT, "not_judged"),
        (last, "not_judged"),
        (last + INSTANT, "overdue"),
    ):
        judgement = said("cisa-bod-26-04", facts, moment)
        assert (judgement.status, judgement.due_at) == (verdict, None)
        assert (judgement.if_yes.due_at, judgement.if_no.due_at) == (first, last)
        assert judgement.earliest_due_at == first


def test_a_duty_that_only_one_answer_has_is_not_lost():
    facts = replace(row_facts("yes", "yes", "yes", "total"), is_impact_total=None)
    judgement = said("cisa-bod-26-04", facts, START)
    assert (judgement.status, judgement.due_at) == ("on_time", START + timedelta(days=3))
    assert judgement.duties == ()
    assert judgement.if_yes.duties == ("forensic triage",)
    assert judgement.if_no.duties == ()


def test_what_is_in_kev_is_exploited_and_what_is_not_may_be():
    facts = Case(released_at=RELEASED, severity="low", kev="not_listed", **SERVER)
    judgement = said("essential-eight", facts, at("2026-07-15T00:00"))
    assert judgement.status == "not_judged"
    assert judgement.unknown == "whether it is exploited"
    assert (judgement.if_yes.status, judgement.if_no.status) == ("overdue", "on_time")


def test_a_workstation_does_not_ask_whether_it_is_exposed():
    facts = Case(released_at=RELEASED, is_os=True, kind="workstation", is_exposed=None)
    assert said("essential-eight", facts, RELEASED).status == "on_time"


def test_a_severity_that_nobody_understands_is_stated_and_not_known():
    facts = Case(released_at=RELEASED, vendor_severity="4", cvss=5.0)
    judgement = said("cyber-essentials-3.3", facts, RELEASED)
    assert judgement.status == "not_judged"
    assert (judgement.if_yes.status, judgement.if_no.status) == ("on_time", "not_covered")


def test_the_vendors_word_wins_over_our_ranking_where_the_vendor_is_asked():
    facts = Case(released_at=RELEASED, severity="critical", vendor_severity="Moderate", cvss=5.0)
    assert said("cyber-essentials-3.3", facts, RELEASED).status == "not_covered"
    assert said("pci-dss-4.0.1", facts, RELEASED).status == "on_time"


def test_what_is_fixed_later_was_open_before():
    facts = Case(released_at=RELEASED, fixed_at=RELEASED + timedelta(days=20))
    verdicts = [
        said("cyber-essentials-3.3", facts, RELEASED + timedelta(days=days)).status
        for days in (1, 19, 20)
    ]
    assert verdicts == ["on_time", "overdue", "missed"]


def test_dates_beyond_the_calendar_are_not_judged():
    judgement = said("cyber-essentials-3.3", Case(released_at=date(9999, 12, 31)), START)
    assert judgement.status == "not_judged"
    assert "beyond the calendar" in judgement.reasons[1]
    first = Case(released_at=date(1, 1, 1))  # midnight there is a day of the year 0 in UTC
    assert said("cyber-essentials-3.3", first, START, SYDNEY).status == "not_judged"


def test_a_time_without_a_zone_and_a_score_that_is_none_are_refused():
    with pytest.raises(ConfigError, match="has no time zone"):
        said("pci-dss-4.0.1", Case(), datetime.fromisoformat("2026-01-01"))
    with pytest.raises(ConfigError, match=r"released_at .* has no time zone"):
        Case(released_at=datetime.fromisoformat("2026-01-01"))
    with pytest.raises(ConfigError, match="0 to 10"):
        Case(cvss=10.1)
    with pytest.raises(ConfigError, match="0 to 10"):
        Case(cvss=float("nan"))


def test_the_strictest_of_several():
    far = said("cisa-bod-26-04", row_facts("no", "yes", "no", "partial"), START)
    near = said("cisa-bod-26-04", row_facts("no", "yes", "yes", "total"), START)
    triage = said("cisa-bod-26-04", row_facts("yes", "yes", "yes", "total"), START)
    unknown = said("cisa-bod-26-04", replace(SEEN, kev=None), START)
    late = said("cisa-bod-26-04", row_facts("no", "yes", "yes", "total"), at("2026-08-01T00:00"))
    assert strictest([far, near]) == near
    assert strictest([far, unknown, near]) == unknown
    assert strictest([unknown, late, far]) == late
    assert strictest([near, triage]).duties == ("forensic triage",)
    with pytest.raises(ValueError, match="no judgement"):
        strictest([])


TIMES = st.datetimes(
    datetime.fromisoformat("2020-01-01"),
    datetime.fromisoformat("2030-01-01"),
    timezones=st.just(UTC),
)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
MAYBE = st.sampled_from([None, True, False])
FACTS = st.builds(
    Case,
    released_at=st.none() | TIMES | DAYS,
    detected_at=st.none() | TIMES,
    fixed_at=st.none() | TIMES,
    severity=st.sampled_from(["critical", "important", "low", "unspecified"]),
    vendor_severity=st.sampled_from([None, "High", "4", "Low", "None"]),
    cvss=st.sampled_from([None, 0.0, 6.9, 7.0, 8.9, 9.0, 10.0]),
    kev=st.none()
    | st.just("not_listed")
    | DAYS.map(lambda day: KevEntry("CVE-2026-1000", day, day + timedelta(days=21))),
    is_exploited=MAYBE,
    is_exposed=MAYBE,
    is_automatable=MAYBE,
    is_impact_total=MAYBE,
    is_os=MAYBE,
    kind=st.sampled_from([None, "server", "workstation"]),
)
PACKS = st.sampled_from(NAMES)
ZONES = st.sampled_from(["Europe/London", "America/New_York", "Pacific/Auckland"]).map(ZoneInfo)


def branches(judgement):
    yield judgement
    for branch in (judgement.if_yes, judgement.if_no):
        if branch is not None:
            yield from branches(branch)


@given(PACKS, FACTS, TIMES, ZONES)
def test_nothing_is_due_before_it_starts_and_every_verdict_has_its_reason(name, facts, now, zone):
    for judgement in branches(said(name, facts, now, zone)):
        assert all(judgement.reasons)
        assert (judgement.if_yes is None) == (judgement.if_no is None)
        assert (judgement.if_yes is None) == (judgement.unknown is None)
        if judgement.starts_at and judgement.due_at:
            assert judgement.starts_at < judgement.due_at
        if judgement.if_yes is None:
            has_date = judgement.status in {"on_time", "overdue", "met", "missed"}
            assert (judgement.due_at is not None) == has_date


@given(PACKS, FACTS, TIMES, st.integers(0, 10**15), ZONES)
def test_what_is_late_stays_late(name, facts, now, more, zone):
    later = now + timedelta(microseconds=more)
    before, then = (said(name, facts, moment, zone).status for moment in (now, later))
    if before == "overdue":
        assert then in {"overdue", "missed"}
    if before in {"met", "missed"}:
        assert then == before
    if then == "on_time":
        assert before in {"on_time", "not_covered"}


@given(PACKS, FACTS, TIMES, ZONES)
def test_what_is_said_without_a_fact_holds_whatever_the_fact_is(name, facts, now, zone):
    verdict = said(name, facts, now, zone).status
    unknown = [
        field
        for field in ("is_exposed", "is_automatable", "is_impact_total", "is_os", "is_exploited")
        if getattr(facts, field) is None
    ]
    for values in product([True, False], repeat=len(unknown)):
        known = replace(facts, **dict(zip(unknown, values, strict=True)))
        if verdict != "not_judged":
            assert said(name, known, now, zone).status == verdict
