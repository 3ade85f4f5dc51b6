"""Every kind of file, told by what it holds, and every way in which one can be wrong."""

import gzip
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import PolicyError
from patchfleet.policy.intel import (
    EpssScore,
    KbCve,
    KevEntry,
    SsvcAssessment,
    cves_fixed,
    read_intel,
)

DAY = date(2026, 9, 13)
KEV = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2026.09.12",
    "dateReleased": "2026-09-12T17:00:03.1234Z",
    "count": 2,
    "vulnerabilities": [
        {
            "cveID": "CVE-2024-3400",
            "vendorProject": "Palo Alto Networks",
            "dateAdded": "2024-04-12",
            "dueDate": "2024-04-19",
            "knownRansomwareCampaignUse": "Known",
        },
        {"cveID": "CVE-2026-1000", "dateAdded": "2026-07-01"},
    ],
}
EPSS = """\
#model_version:v2025.03.14,score_date:2026-09-12T12:55:00Z
cve,epss,percentile
CVE-1999-0001,0.01420,0.79910
CVE-2024-3400,0.94321,1.0
CVE-2026-1000,0,2e-05
"""
SSVC = """\
cve,exploitation,automatable,technical_impact
CVE-2024-3400,active,yes,total
CVE-2026-1000,PoC,no,partial
CVE-2026-1001,,,
"""
KB = """\
kb,cve
KB5034441,CVE-2024-20666
5034441,cve-2024-20666
5034123,CVE-2024-20666
"""


def record(cve, *assessments):
    """A CVE record as CISA publishes it, with an assessment for each tuple."""
    metrics = [
        {
            "other": {
                "type": "ssvc",
                "content": {
                    "id": cve,
                    "role": "CISA Coordinator",
                    "options": [
                        {"Exploitation": exploitation},
                        {"Automatable": automatable},
                        {"Technical Impact": impact},
                    ],
                    "version": "2.0.3",
                    "timestamp": timestamp,
                },
            }
        }
        for exploitation, automatable, impact, timestamp in assessments
    ]
    listed = {"other": {"type": "kev", "content": {"dateAdded": "2024-11-18"}}}
    return {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": cve, "state": "PUBLISHED"},
        "containers": {
            "cna": {"affected": []},
            "adp": [
                {"title": "CVE Program Container"},
                {"title": "CISA ADP Vulnrichment", "metrics": [*metrics, listed, {"cvssV3_1": {}}]},
            ],
        },
    }


def assessed(cve, exploitation, *, automatable, total):
    return SsvcAssessment(cve, exploitation, automatable, total)


def read(content, dated=None, name="file"):
    if isinstance(content, dict | list):
        content = json.dumps(content)
    return read_intel(name, content.encode() if isinstance(content, str) else content, dated=dated)


def test_kev():
    intel = read(KEV)
    assert (intel.kind, intel.dated, intel.version) == ("kev", date(2026, 9, 12), "2026.09.12")
    assert intel.rows == [
        KevEntry(
            "CVE-2024-3400", date(2024, 4, 12), date(2024, 4, 19), is_ransomware_use_known=True
        ),
        KevEntry("CVE-2026-1000", date(2026, 7, 1)),
    ]


def test_epss():
    intel = read(EPSS)
    assert (intel.kind, intel.dated, intel.version) == ("epss", date(2026, 9, 12), "v2025.03.14")
    assert intel.rows == [
        EpssScore("CVE-1999-0001", 0.0142, 0.7991),
        EpssScore("CVE-2024-3400", 0.94321, 1),
        EpssScore("CVE-2026-1000", 0, 0.00002),
    ]


def test_ssvc_as_a_table():
    intel = read(SSVC, DAY)
    assert (intel.kind, intel.dated, intel.version) == ("ssvc", DAY, None)
    assert intel.rows == [
        assessed("CVE-2024-3400", "active", automatable=True, total=True),
        assessed("CVE-2026-1000", "poc", automatable=False, total=False),
        SsvcAssessment("CVE-2026-1001", None, None, None),
    ]


FIRST = record("CVE-2024-0012", ("active", "yes", "total", "2024-11-19T04:55:47.202753Z"))
OTHER = record("CVE-2024-0013", ("none", "no", "partial", "2024-12-01T00:00:00Z"))
SILENT = record("CVE-2024-0014")


@pytest.mark.parametrize(
    "content",
    [
        [FIRST, SILENT, OTHER],
        "\n".join(map(json.dumps, (FIRST, SILENT, OTHER))),
        "\r\n\r\n".join(map(json.dumps, (FIRST, SILENT, OTHER))) + "\r\n",
    ],
    ids=["list", "lines", "lines with gaps"],
)
def test_ssvc_as_cve_records(content):
    intel = read(content)
    assert (intel.kind, intel.dated, intel.version) == ("ssvc", date(2024, 12, 1), "2.0.3")
    assert intel.rows == [
        assessed("CVE-2024-0012", "active", automatable=True, total=True),
        assessed("CVE-2024-0013", "none", automatable=False, total=False),
    ]


def test_ssvc_as_one_record_by_its_newest_assessment():
    old, new = ("poc", "no", "partial", "2024-01-01"), ("active", "yes", "total", "2024-02-01")
    for assessments in ((old, new), (new, old)):
        intel = read(record("CVE-2024-0012", *assessments))
        assert intel.rows == [assessed("CVE-2024-0012", "active", automatable=True, total=True)]
        assert intel.dated == date(2024, 2, 1)


def test_kb():
    intel = read(KB, DAY)
    assert intel.kind == "kb"
    assert intel.rows == [KbCve("5034441", "CVE-2024-20666"), KbCve("5034123", "CVE-2024-20666")]


@pytest.mark.parametrize("content", [json.dumps(KEV), EPSS, SSVC, KB, json.dumps(FIRST)])
@pytest.mark.parametrize("name", ["kev.json", "epss_scores.csv.gz", "x"])
def test_what_a_file_is_called_or_packed_in_makes_no_difference(content, name):
    plain = read(content, DAY)
    for form in (
        content.encode("utf-8-sig"),
        content.replace("\n", "\r\n").encode(),
        gzip.compress(content.encode()),
    ):
        assert read(form, DAY, name) == plain


def test_columns_in_any_order_and_rows_twice_the_same():
    shuffled = "percentile,CVE ,epss\n0.5,CVE-2026-1000,0.25\n\n0.5,CVE-2026-1000,0.25\n"
    assert read(shuffled, DAY).rows == [EpssScore("CVE-2026-1000", 0.25, 0.5)]
    assert read(SSVC + "cve-2024-3400,Active,YES,Total\n", DAY).rows == read(SSVC, DAY).rows
    twice = {**KEV, "count": 3, "vulnerabilities": [*KEV["vulnerabilities"], {**KEV_FIRST}]}
    assert read(twice).rows == read(KEV).rows


KEV_FIRST = KEV["vulnerabilities"][0]


def test_the_day_inside_is_believed_and_without_one_it_is_asked_for():
    assert read(EPSS, DAY).dated == date(2026, 9, 12)
    undated = EPSS.partition("\n")[2]
    assert read(undated, DAY).dated == DAY
    with pytest.raises(PolicyError, match="does not say of which day") as caught:
        read(undated)
    assert caught.value.hint == "give its date"


def kev_with(**changes):
    changed = {name: value for name, value in {**KEV_FIRST, **changes}.items() if value is not ...}
    return {"vulnerabilities": [KEV["vulnerabilities"][1], changed]}


def ssvc_with(**changes):
    changed = json.loads(json.dumps(FIRST))
    content = changed["containers"]["adp"][1]["metrics"][0]["other"]["content"]
    content.update(changes)
    return [OTHER, changed]


PACKED = gzip.compress(EPSS.encode(), mtime=0)
HEADER = "cve,epss,percentile\n"
BAD = {
    "empty": ("", 1, "is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf\n", 1, "is empty"),
    "a web page": ("\n<!DOCTYPE html><html><body>403</body></html>", 1, "web page"),
    "a zip archive": (b"PK\x03\x04rest", 1, "zip archive"),
    "not UTF-8": (EPSS.encode() + b"\xff", 6, "not UTF-8"),
    "UTF-16": (EPSS.encode("utf-16"), 1, "not UTF-8"),
    "zeros": (EPSS + "\0" * 100, 6, "is not text"),
    "gzip cut off": (PACKED[:-20], 1, "cut off"),
    "gzip cut off in its head": (PACKED[:5], 1, "cut off"),
    "gzip damaged": (
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        1,
        "damaged",
    ),
    "gzip with more behind": (PACKED + b"more", 1, "damaged"),
    "gzip of a web page": (gzip.compress(b"<html>"), 1, "web page"),
    "no columns of ours": ("name,score\na,1\n", 1, "'name,score'"),
    "a column misspelled": ("cve,epss,percentil\n", 1, "'cve,epss,percentil'"),
    "a column too many": ("#a\ncve,epss,percentile,x\n", 2, "'cve,epss,percentile,x'"),
    "a column twice": ("cve,cve,epss,percentile\n", 1, "columns"),
    "semicolons": ("cve;epss;percentile\n", 1, "'cve;epss;percentile'"),
    "prose": ("Rate limit exceeded, try again later\n" * 9, 1, "columns"),
    "no header": ("CVE-2026-1000,0.1,0.2\n", 1, "columns"),
    "no rows": (HEADER, 1, "not one row"),
    "a day that is none": (EPSS.replace("2026-09-12", "2026-13-12"), 1, "is not a date"),
    "a row cut off": (EPSS + "CVE-2026-2000,0.0", 6, "the row has 2 columns"),
    "a row too long": (EPSS + "CVE-2026-2000,0.1,0.2,0.3", 6, "the row has 4 columns"),
    "a quote left open": (EPSS + '"CVE-2026-2000,0.1,0.2\n', 6, "unexpected end"),
    "a cell beyond measure": (KB + "x" * 200_000 + ",CVE-2024-1111\n", 5, "field larger"),
    "JSON cut off": (json.dumps(KEV)[:-9], 1, "is not JSON"),
    "JSON lines cut off": (json.dumps(FIRST) + "\n" + json.dumps(OTHER)[:-5], 2, "not JSON"),
    "JSON without end": ("[" * 100_000, 1, "is not JSON"),
    "vulnerabilities of another kind": (
        {"vulnerabilities": [{"cve": {"id": "CVE-2026-1000"}}]},
        1,
        "cveID",
    ),
    "a catalogue without entries": ({"vulnerabilities": []}, 1, "not one row"),
    "a catalogue cut short": ({**KEV, "count": 3}, 1, "states 3 entries and holds 2"),
    "a day of release that is none": ({**KEV, "dateReleased": "soon"}, 1, "dateReleased: 'soon'"),
    "records without an assessment": ([SILENT], 1, "not one row"),
    "other JSON": ({"error": "forbidden"}, 1, "none of the known files"),
    "an empty list": ([], 1, "none of the known files"),
    "an entry that is none": ({"vulnerabilities": ["x"]}, 1, "is no entry but 'x'"),
    "entries most of which are none": (
        {"vulnerabilities": [KEV_FIRST, {"cveID": "x"}, {}]},
        2,
        "not a CVE identifier",
    ),
}

ODD = {
    "a score above one": (EPSS + "CVE-2026-2000,1.7,0.5\n", 6, "from 0 to 1, not 1.7"),
    "a score below zero": (EPSS + "CVE-2026-2000,-0.1,0.5\n", 6, "from 0 to 1"),
    "a percentile above one": (EPSS + "CVE-2026-2000,0.1,99\n", 6, "from 0 to 1"),
    "a score that is no number": (EPSS + "CVE-2026-2000,nan,0.5\n", 6, "not two numbers"),
    "a score of another script": (EPSS + "CVE-2026-2000,\uff11,0.5\n", 6, "not two numbers"),
    "a score as programs write it": (EPSS + "CVE-2026-2000,1_0e-2,0.5\n", 6, "not two numbers"),
    "a score that is no score": (EPSS + "CVE-2026-2000,high,0.5\n", 6, "not two numbers"),
    "a score left out": (EPSS + "CVE-2026-2000,,0.5\n", 6, "not two numbers"),
    "a cell without end": (KB + "x" * 90_000 + ",CVE-2024-1111\n", 5, "'xxx"),
    "no identifier": (EPSS + "GHSA-2026-2000,0.1,0.2\n", 6, "not a CVE identifier"),
    "digits of another script": (EPSS + "CVE-2026-١٢٣٤,0.1,0.2\n", 6, "not a CVE"),
    "another score": (EPSS + "CVE-2024-3400,0.1,0.2\n", 6, "there before with other values"),
    "another assessment": (SSVC + "CVE-2024-3400,none,yes,total\n", 5, "there before"),
    "an exploitation unheard of": (SSVC + "CVE-2024-1,x,yes,total\n", 5, "CVE identifier"),
    "a word unheard of": (SSVC + "CVE-2024-1111,act,yes,total\n", 5, "none, poc, public poc"),
    "an impact unheard of": (SSVC + "CVE-2024-1111,active,yes,all\n", 5, "total, partial"),
    "a KB that is none": (KB + "KBx,CVE-2024-1111\n", 5, "'KBx' is not a KB number"),
    "a KB left out": (KB + ",CVE-2024-1111\n", 5, "'' is not a KB number"),
    "a KB without CVE": (KB + "5034441,\n", 5, "not a CVE identifier"),
    "an entry without its name": (kev_with(cveID=...), 2, "cveID"),
    "an entry without its day": (kev_with(dateAdded=...), 2, "dateAdded"),
    "an entry of a wrong day": (kev_with(dateAdded="12/04/2024"), 2, "'12/04/2024' is not a day"),
    "an entry of a short day": (kev_with(dateAdded="2024-02-30"), 2, "is not a day"),
    "an entry that is unclear": (kev_with(knownRansomwareCampaignUse="Yes"), 2, "Known or Unknown"),
    "an entry with a name that is none": (kev_with(cveID="CVE-24-1"), 2, "not a CVE identifier"),
    "another entry": (
        kev_with(cveID="CVE-2026-1000"),
        2,
        "CVE-2026-1000 was there before with other values",
    ),
    "a record without containers": (
        [OTHER, {"cveMetadata": {"cveId": "CVE-2024-1111"}}],
        2,
        "contai",
    ),
    "a record with another word": (ssvc_with(options=[{"Automatable": "maybe"}]), 2, "'maybe'"),
    "a record with other options": (ssvc_with(options="none"), 2, "options"),
    "a record of no day": (ssvc_with(timestamp="yesterday"), 2, "is not a day"),
    "another record": (
        [FIRST, record("CVE-2024-0012", ("none", "no", "partial", "2024-12-01"))],
        2,
        "there before",
    ),
    "an entry that is no table": (
        {"vulnerabilities": [KEV["vulnerabilities"][1], "x"]},
        2,
        "is no entry but 'x'",
    ),
    "a line that is not JSON": (
        "\n".join([json.dumps(FIRST), "{cut", json.dumps(OTHER)]),
        2,
        "not JSON",
    ),
    "a row too short": (EPSS + "CVE-2026-2000,0.0\nCVE-2026-2001,0.1,0.2\n", 6, "has 2 columns"),
    "what an update contains is no update": (
        "kb,cve,supersedes\nKB5034441,CVE-2024-20666,none\n",
        2,
        "which is no KB number",
    ),
}


@pytest.mark.parametrize(("content", "place", "said"), ODD.values(), ids=ODD)
def test_an_odd_entry_is_named_and_the_others_count(content, place, said):
    intel = read(content, DAY, "some.file")
    assert intel.rows
    (problem,) = intel.problems
    assert problem.startswith((f"line {place}: ", f"entry {place}: "))
    assert said in problem
    assert "\n" not in problem
    assert len(problem) < 300


@pytest.mark.parametrize(("content", "line", "said"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_used(content, line, said):
    with pytest.raises(PolicyError) as caught:
        read(content, DAY, "some.file")
    error = caught.value
    assert said in error.message
    assert error.message.startswith("some.file:")
    assert "\n" not in error.message
    assert len(error.message) < 300
    assert (error.file, error.line) == ("some.file", line)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_the_bytes_are_it_is_rows_or_an_error_of_ours(content):
    try:
        rows = read(content, DAY).rows
    except PolicyError:
        return
    assert rows


@given(st.integers(0, len(PACKED) - 1))
def test_a_packed_file_that_is_cut_anywhere_is_never_a_shorter_list(length):
    with pytest.raises(PolicyError):
        read(PACKED[:length], DAY)


@given(st.data())
def test_a_file_with_a_character_changed_is_whole_or_says_what_it_lacks(data):
    content = data.draw(st.sampled_from([json.dumps(KEV), EPSS, SSVC, KB, json.dumps([FIRST])]))
    place = data.draw(st.integers(0, len(content) - 1))
    changed = content[:place] + data.draw(st.characters()) + content[place + 1 :]
    try:
        intel = read(changed.encode("utf-8", "surrogatepass"), DAY)
    except PolicyError:
        return
    assert intel.problems or len(intel.rows) >= len(read(content, DAY).rows)


def test_a_packed_file_that_swells_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("patchfleet.policy.intel.detect.MOST_BYTES", 1 << 20)
    with pytest.raises(PolicyError, match="more than 1 MB"):
        read(gzip.compress(b" " * (2 << 20)), DAY)


def test_what_is_due_before_its_listing_is_kept_as_the_catalogue_has_it():
    intel = read(kev_with(dueDate="2020-01-29"), DAY)
    assert intel.rows[1].due_date == date(2020, 1, 29)
    assert intel.problems == ()


@given(
    st.lists(
        st.fixed_dictionaries(
            {"cveID": st.integers(1000, 9999).map("CVE-2024-{}".format)},
            optional={
                name: st.none()
                | st.booleans()
                | st.integers()
                | st.lists(st.text(max_size=3), max_size=2)
                | st.text(max_size=12)
                | st.sampled_from(["2024-04-12", "2024-04-12T00:00:00Z", "Known", "known", "Yes"])
                for name in (
                    "dateAdded",
                    "dueDate",
                    "knownRansomwareCampaignUse",
                    "forensicTriage",
                    "notes",
                )
            },
        ),
        min_size=1,
        unique_by=lambda entry: entry["cveID"],
    )
)
def test_a_catalogue_loses_no_vulnerability_whatever_its_other_fields_hold(entries):
    intel = read({"vulnerabilities": entries}, DAY)
    assert [row.cve for row in intel.rows] == [entry["cveID"] for entry in entries]


def test_the_catalogue_as_a_table():
    table = (
        '"cveID","vendorProject","product","dateAdded","shortDescription","dueDate",'
        '"knownRansomwareCampaignUse","notes"\n'
        'CVE-2024-3400,"Palo Alto Networks",PAN-OS,2024-04-12,"a, b",2024-04-19,Known,\n'
        "CVE-2026-1000,x,y,2026-07-01,z,,Unknown,\n"
    )
    intel = read(table, date(2026, 9, 12))
    assert (intel.kind, intel.rows) == ("kev", read(KEV).rows)


@pytest.mark.parametrize(
    ("word", "meant"), [("Yes", True), (True, True), ("no", False), (None, None), ("soon", None)]
)
def test_a_catalogue_says_where_forensic_triage_is_due(word, meant):
    assert read(kev_with(forensicTriage=word), DAY).rows[1].needs_forensic_triage is meant


def containers(*assessments):
    """A record with a container for each provider and its assessment."""
    made = record("CVE-2025-6965")
    made["containers"]["adp"] = [
        {
            "providerMetadata": {"shortName": provider},
            "metrics": record("CVE-2025-6965", assessment)["containers"]["adp"][1]["metrics"],
        }
        for provider, assessment in assessments
    ]
    for container in made["containers"]["adp"]:
        if container["providerMetadata"]["shortName"] != "CISA-ADP":
            container["metrics"][0]["other"]["content"]["role"] = "Supplier"
    return made


CISA_SAYS = ("CISA-ADP", ("active", "yes", "total", "2024-01-01"))
OTHERS_SAY = ("vendor", ("none", "no", "partial", "2025-01-01"))


@pytest.mark.parametrize("order", [(CISA_SAYS, OTHERS_SAY), (OTHERS_SAY, CISA_SAYS)])
def test_the_assessment_of_cisa_counts_whatever_is_newer_elsewhere(order):
    assert read(containers(*order)).rows == [
        assessed("CVE-2025-6965", "active", automatable=True, total=True)
    ]


def test_what_others_assess_is_no_assessment():
    intel = read([containers(OTHERS_SAY), FIRST])
    assert [row.cve for row in intel.rows] == ["CVE-2024-0012"]


def test_an_assessment_in_the_newer_form():
    newer = record("CVE-2024-0012")
    newer["containers"]["adp"][1]["metrics"] = [
        {
            "ssvcV1_0_1": {
                "selections": [
                    {"namespace": "ssvc", "name": "Exploitation", "values": ["Active"]},
                    {"namespace": "ssvc", "name": "Automatable", "values": ["Yes"]},
                    {"namespace": "ssvc", "name": "Technical Impact", "values": ["Total"]},
                ],
                "timestamp": "2024-11-19T04:55:47.202753Z",
                "schemaVersion": "1-0-1",
            }
        }
    ]
    assert read([newer]).rows == read([FIRST]).rows
    as_one_table = ssvc_with(
        options={"Exploitation": "active", "Automatable": "yes", "Technical Impact": "total"}
    )
    assert read(as_one_table).rows[1] == read([FIRST]).rows[0]


def test_a_table_tells_what_an_update_contains():
    intel = read(
        "KB,CVE,Supersedes,Product\nKB5100002,CVE-2026-10002,KB5100001; 5100000,Windows\n"
        "KB5100001,CVE-2026-10001,,Windows\nKB5100003,,KB5100002,Windows\n",
        DAY,
    )
    assert intel.problems == ()
    assert cves_fixed(intel.rows) == {
        "5100002": ("CVE-2026-10002", "CVE-2026-10001"),
        "5100001": ("CVE-2026-10001",),
        "5100003": ("CVE-2026-10002", "CVE-2026-10001"),
    }


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_an_update_fixes_what_all_that_it_contains_fix(pairs):
    """Compared with the closure found by going on until nothing changes."""
    kbs = [str(5_100_000 + number) for number in range(7)]
    rows = [KbCve(kb, f"CVE-2026-1000{number}") for number, kb in enumerate(kbs)]
    rows += [KbCve(kbs[newer], None, kbs[older]) for newer, older in pairs]
    contained = {number: {number} for number in range(7)}
    for _ in range(7):
        for newer, older in pairs:
            contained[newer] |= contained[older]
    fixed = cves_fixed(rows)
    for number, kb in enumerate(kbs):
        assert set(fixed[kb]) == {f"CVE-2026-1000{one}" for one in contained[number]}


def test_microsofts_cvrf_document():
    document = {
        "DocumentTracking": {
            "Identification": {"ID": {"Value": "2026-Oct"}},
            "CurrentReleaseDate": "2026-10-14T07:00:00",
        },
        "Vulnerability": [
            {
                "CVE": "CVE-2026-10002",
                "Remediations": [
                    {"Description": {"Value": "5100002"}, "Supercedence": "5100001", "Type": 2},
                    {"Description": {"Value": "Release Notes"}, "Type": 2},
                    {"Description": {"Value": "5100009"}, "Type": 1},
                ],
            },
            {"CVE": "ADV260001", "Remediations": []},
        ],
    }
    intel = read(document)
    assert (intel.kind, intel.dated, intel.version) == ("kb", date(2026, 10, 14), "2026-Oct")
    assert intel.rows == [
        KbCve("5100002", "CVE-2026-10002"),
        KbCve("5100002", None, "5100001"),
    ]
    assert "ADV260001" in intel.problems[0]


def test_microsofts_csaf_advisory():
    advisory = {
        "document": {"tracking": {"current_release_date": "2026-10-14T07:00:00Z", "version": "2"}},
        "vulnerabilities": [
            {
                "cve": "CVE-2026-10002",
                "remediations": [
                    {
                        "category": "vendor_fix",
                        "details": "10.0.20348.2227:Security Update:"
                        "https://support.microsoft.com/help/5100002",
                        "url": "https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB5100002",
                    },
                    {"category": "none_available", "details": "KB5100003"},
                ],
            }
        ],
    }
    intel = read(advisory)
    assert (intel.kind, intel.dated, intel.version) == ("kb", date(2026, 10, 14), "2")
    assert intel.rows == [KbCve("5100002", "CVE-2026-10002")]
