"""What files tell of vulnerabilities stands beside each open patch of `overdue`."""

import json
from datetime import UTC, date, datetime
from tempfile import TemporaryDirectory

import pytest
from fleets import START, ZONE, as_page, as_text
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from patchfleet.models import (
    Customer,
    Device,
    Finding,
    FindingStatus,
    Inventory,
    Patch,
    Site,
)
from patchfleet.policy import load
from patchfleet.report import to_json
from patchfleet.report.deadlines import threat_data
from patchfleet.report.overdue import overdue_report
from patchfleet.store import Store
from patchfleet.store.types import IntelRow

CVES = tuple(f"CVE-2026-{number}" for number in range(1001, 1007))
MISSING = FindingStatus(
    state="missing",
    decision="approve",
    is_own_decision=False,
    vendor_status="1",
    vendor_decision="1",
)
WORDS = {True: "Required", False: "No", None: None}

kev = st.dictionaries(
    st.sampled_from(CVES),
    st.tuples(st.booleans(), st.sampled_from([True, False, None])),
    min_size=1,
)
epss = st.dictionaries(st.sampled_from(CVES), st.sampled_from([0.0, 0.0142, 0.5, 1.0]), min_size=1)
ssvc = st.dictionaries(st.sampled_from(CVES), st.tuples(st.booleans(), st.booleans()), min_size=1)
patches = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CVES), max_size=3, unique=True),
        st.booleans(),  # its source names them, else the file of KB numbers does
        st.booleans(),  # it is cumulative
    ),
    min_size=1,
    max_size=5,
)


def catalogue(entries):
    listed = [
        {
            "cveID": cve,
            "dateAdded": "2026-10-01",
            "knownRansomwareCampaignUse": "Known" if is_used else "Unknown",
            "forensicTriage": WORDS[triage],
        }
        for cve, (is_used, triage) in entries.items()
    ]
    return json.dumps({"dateReleased": "2026-11-01", "vulnerabilities": listed})


def scores(rows):
    lines = ["cve,epss,percentile", *(f"{cve},{score},0.5" for cve, score in rows.items())]
    return "#model_version:v2025.03.14,score_date:2026-11-01T12:55:00Z\n" + "\n".join(lines)


def assessments(rows):
    lines = [f"{cve},active,{'yes' if a else 'no'},{'total' if t else 'partial'}"
             for cve, (a, t) in rows.items()]  # fmt: skip
    return "\n".join(["cve,exploitation,automatable,technical_impact", *lines])


def loaded(files):
    """Spell each kind of file that is drawn, as the record hands it out."""
    day = date(2026, 11, 1)
    return [
        (IntelRow(kind, day, f"{kind}.{end}", "1", 1, datetime(2026, 11, 2, tzinfo=UTC), "0"),
         text.encode())
        for kind, end, text in files if text
    ]  # fmt: skip


def made(store, drawn):
    device = Device(id="1", site_id="s", customer_id="c", name="PC-1", kind="server")
    findings = [
        Finding(
            str(number),
            Patch(
                title=f"{'Cumulative Update' if is_cumulative else 'Update'} {number}",
                kb=f"500000{number}", severity="important", released_at=START,
                cves=tuple(cves) if is_told else (), vendor_id=f"v{number}",
            ),
            MISSING,
        )
        for number, (cves, is_told, is_cumulative) in enumerate(drawn)
    ]  # fmt: skip
    run = store.begin("qualys", now=START)
    run.inventory(
        Inventory(
            as_of=START,
            customers=(Customer(id="c", name="Acme"),),
            sites=(Site(id="s", customer_id="c", name="S"),),
            devices=(device,),
        )
    )
    run.record("1", findings, now=START)
    run.complete(now=START, as_of=START)


def expected(drawn, entries, points, assessed):
    """Say by other means what stands beside each patch."""
    rows = {}
    for number, (cves, is_told, is_cumulative) in enumerate(drawn):
        may_contain_more = is_cumulative and not (is_told and cves)
        no = None if may_contain_more else False
        is_used = triage = score = None
        duties: list[str] = []
        if entries is not None and cves:
            listed = [entries[cve] for cve in cves if cve in entries]
            is_used = any(used for used, _ in listed) or no
            said = [asked for _, asked in listed]
            triage = True if True in said else None if None in said else no
            if any(cve in entries and (assessed or {}).get(cve) == (True, True) for cve in cves):
                duties = ["forensic triage"]
        if points is not None:
            score = max((points[cve] for cve in cves if cve in points), default=None)
        rows[str(number)] = (sorted(cves), score, duties, is_used, triage)
    return rows


@pytest.mark.slow
@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(patches, st.none() | kev, st.none() | epss, st.none() | ssvc)
def test_epss_duties_ransomware_and_triage_are_those_of_the_files(drawn, entries, points, assessed):
    updates = [f"500000{number},{cve}" for number, (cves, *_) in enumerate(drawn) for cve in cves]
    files = (
        ("kev", "json", catalogue(entries) if entries else ""),
        ("epss", "csv", scores(points) if points else ""),
        ("ssvc", "csv", assessments(assessed) if assessed else ""),
        ("kb", "csv", "\n".join(["kb,cve", *updates]) if updates else ""),
    )
    with TemporaryDirectory() as folder, Store.open(f"{folder}/fleet.db") as store:
        made(store, drawn)
        with store.snapshot() as snapshot:
            report = overdue_report(
                snapshot, load("cisa-bod-26-04"), threat_data(loaded(files)), zone=ZONE
            )
            tables = json.loads(to_json(report))["tables"]
            rows = [row for name in ("overdue", "not_judged") for row in tables[name]]
            on_time = json.loads(to_json(report))["figures"]["on_time"]
            page, text = as_page(report, folder), as_text(report)
    wanted = expected(drawn, entries, points, assessed)
    assert len(rows) + on_time == len(drawn)
    for row in rows:
        told = (sorted(row["cves"]), row["epss"], row["duties"],
                row["is_ransomware_used"], row["needs_forensic_triage"])  # fmt: skip
        assert told == wanted[row["finding_id"]]
    if rows:
        for title in ("EPSS", "Also required", "Used by ransomware", "Forensic triage"):
            assert title in page
            assert title.split()[0] in text
