"""What the listing commands show is what is true: as text, as JSON, in files, and narrowed."""

import csv
import json
from fnmatch import fnmatchcase

import openpyxl
import pytest

STATES = {1: "missing", 2: "pending", 8: "installed", 16: "failed", 32: "ignored"}
STATES |= {4: "installing", 64: "reboot_required"}


def test_clients(reading, still):
    result = reading("nsight", "clients", "--json")
    assert result.code == 0
    assert [(row["customer_id"], row["customer"]) for row in result.json["rows"]] == [
        (str(one["clientid"]), one["name"]) for one in still.emulator.ground_truth()["customers"]
    ]
    for row in result.json["rows"]:
        (true,) = (
            one
            for one in still.emulator.ground_truth()["customers"]
            if one["name"] == row["customer"]
        )
        kinds = [d["kind"] for site in true["sites"] for d in site["devices"]]
        assert row["server_count"] == kinds.count("server")
        assert row["workstation_count"] == kinds.count("workstation")


def test_sites(reading, still):
    everywhere = [
        (customer["name"], str(site["siteid"]), site["name"])
        for customer in still.emulator.ground_truth()["customers"]
        for site in customer["sites"]
    ]
    rows = reading("nsight", "sites", "--json").json["rows"]
    assert sorted((r["customer"], r["site_id"], r["site"]) for r in rows) == sorted(everywhere)
    rows = reading("nsight", "sites", "-c", "ACME*", "--json").json["rows"]
    assert {row["customer"] for row in rows} == {"Acme Logistics"}


def test_devices(reading, still):
    truth = [
        (customer["name"], site["name"], str(d["deviceid"]), d["name"], d["kind"], d["is_managed"])
        for customer in still.emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for d in site["devices"]
    ]

    def listed(*narrowed):
        rows = reading("nsight", "devices", "--json", *narrowed).json["rows"]
        names = ("customer", "site", "device_id", "device", "kind", "is_patched")
        return sorted(tuple(row[name] for name in names) for row in rows)

    assert listed() == sorted(truth)
    assert listed("--servers") == sorted(d for d in truth if d[4] == "server")
    assert listed("-c", truth[0][0]) == sorted(d for d in truth if d[0] == truth[0][0])
    assert listed("--site", "head office") == sorted(d for d in truth if d[1] == "Head Office")
    assert listed("-d", truth[3][2], "-d", truth[4][3].lower()) == sorted(truth[3:5])


SELECTIONS = [
    ((), lambda _: True),
    (("-c", "acme logistics"), lambda r: r["customer"] == "Acme Logistics"),
    (("-c", "Acme*", "-c", "Birch*"), lambda r: r["customer"][:4] in {"Acme", "Birc"}),
    (("--customer", "10097"), lambda r: r["customer_id"] == "10097"),
    (("--site", "Head*"), lambda r: r["site"] == "Head Office"),
    (("-d", "*-LT-*"), lambda r: "-LT-" in r["device"]),
    (("--device", "2576443"), lambda r: r["device_id"] == "2576443"),
    (("--servers",), lambda r: r["kind"] == "server"),
    (("--workstations",), lambda r: r["kind"] == "workstation"),
    (("--servers", "--workstations"), lambda _: True),
    (("--severity", "critical", "--severity", "low"),
     lambda r: r["severity"] in {"Critical", "Low"}),
    (("--status", "failed"), lambda r: STATES[r["status"]] == "failed"),
    (("firefox",), lambda r: "firefox" in r["title"].lower()),
    (("--title", "firefox"), lambda r: "firefox" in r["title"].lower()),
    (("*(x64 de)",), lambda r: fnmatchcase(r["title"].lower(), "*(x64 de)")),
    (("KB890830",), lambda r: r["kb"] == "KB890830"),
    (("kb890830", "firefox"),
     lambda r: r["kb"] == "KB890830" or "firefox" in r["title"].lower()),
    (("890830", "-c", "Acme*", "--status", "installed"),
     lambda r: (r["kb"], r["customer"], r["status"]) == ("KB890830", "Acme Logistics", 8)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "is_meant"), SELECTIONS)
def test_patches_as_recorded(reading, true_rows, words, is_meant):
    result = reading("nsight", "patches", "--json", *words)
    expected = [row for row in true_rows if is_meant(row)]
    assert expected, "the case means something in this world"
    assert sorted(
        (r["device_id"], r["finding_id"], r["patch"], r["state"], r["severity"], r["decision"])
        for r in result.json["rows"]
    ) == sorted(
        (
            r["device_id"], r["finding_id"], r["title"], STATES[r["status"]],
            r["severity"].lower(), {1: "ignore", 2: "approve", 4: "do_nothing"}[r["policy"] & 63],
        )
        for r in expected
    )  # fmt: skip


LIVE = [(), ("--severity", "critical"), ("--status", "installed"), ("cumulative",), ("*2023-1?*",)]


@pytest.mark.parametrize("words", LIVE)
def test_patches_now_are_chosen_like_those_on_record(reading, true_rows, words):
    names = ("device_id", "finding_id", "patch", "kb", "state", "decision", "is_own_decision")
    names += ("severity", "vendor_status", "vendor_decision", "released_at", "installed_at")
    device = true_rows[0]["device_id"]

    def rows(*more):
        listed = reading("nsight", "patches", "--json", "-d", device, *words, *more).json["rows"]
        return sorted(tuple(str(row[name]) for name in names) for row in listed)

    assert rows("--live") == rows() != []


def test_text_holds_what_json_holds(reading):
    """Not the details, but every row and, in it, every cell that a terminal is shown."""
    words = ("nsight", "patches", "--status", "failed")
    text, rows = reading(*words), reading(*words, "--json").json["rows"]
    lines = text.out.splitlines()
    assert lines[0] == "Patches on devices"
    assert lines[1].split()[:3] == ["Customer", "Site", "Device"]
    body = lines[3:]
    assert len(body) == len(rows) > 3
    for line, row in zip(body, rows, strict=True):
        for name in ("customer", "site", "device", "patch", "severity", "state"):
            assert row[name] in line
        assert row["decision"].replace("_", " ") in line
        assert (row["released_at"] or "-")[:10] in line
    assert "as of 2026-11-13 07:00 UTC" in text.err


def test_stdout_is_data_only(reading):
    result = reading("nsight", "patches", "--status", "failed")
    assert "last complete sync" in result.err
    assert "last complete sync" not in result.out
    assert "\x1b" not in result.out + result.err


@pytest.fixture
def rows(reading):
    return reading("nsight", "patches", "--severity", "low", "--json").json["rows"]


def saved(reading, name):
    result = reading("nsight", "patches", "--severity", "low", "--output", name)
    assert result.code == 0
    assert result.out == ""
    assert f"wrote {name}" in result.err
    return reading.folder / name


def test_csv_is_read_back(reading, rows):
    path = saved(reading, "low.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        held = list(csv.DictReader(file))
    assert [row["finding_id"] for row in held] == [row["finding_id"] for row in rows]
    # A title that a spreadsheet would take for a formula has a mark before it.
    assert [row["patch"].lstrip("'") for row in held] == [row["patch"] for row in rows]


def test_xlsx_is_read_back(reading, rows):
    book = openpyxl.load_workbook(saved(reading, "low.xlsx"))
    cells = {str(c.value) for sheet in book for line in sheet.iter_rows() for c in line}
    for row in rows:
        assert row["finding_id"] in cells
        assert row["patch"] in cells
    sheet = max(book.worksheets, key=lambda one: one.max_row)
    assert sheet.max_row >= len(rows) + 1


def test_html_holds_the_rows(reading, rows):
    from html import unescape

    text = unescape(saved(reading, "low.html").read_text("utf-8"))
    assert all(row["patch"] in text for row in rows)


def test_json_file_and_both_at_once(reading, rows):
    assert json.loads(saved(reading, "low.json").read_text("utf-8"))["rows"] == rows
    result = reading("nsight", "clients", "--json", "--output", "c.json", "--output", "c.csv")
    assert json.loads((reading.folder / "c.json").read_text("utf-8")) == result.json
    assert (reading.folder / "c.csv").exists()


def test_today(reading, true_rows):
    report = reading("today", "--json", "--items").json
    work = {row["customer"]: row for row in report["tables"]["worklist"]}
    for customer in {row["customer"] for row in true_rows}:
        own = [STATES[row["status"]] for row in true_rows if row["customer"] == customer]
        assert work[customer]["failed"] == own.count("failed")
        assert work[customer]["reboot_required"] == own.count("reboot_required")
    items = report["tables"]["work_items"]
    failed = [(i["device_id"], i["finding_id"]) for i in items if i["reason"] == "failed"]
    assert sorted(failed) == sorted(
        (row["device_id"], row["finding_id"]) for row in true_rows if row["status"] == 16
    )
    overdue = [sum(r["overdue_critical"] for r in work.values())]
    overdue += [
        sum(row["overdue_critical"] for row in reading(
            "today", "--json", "--overdue-after", days).json["tables"]["worklist"])
        for days in (0, 100_000)
    ]  # fmt: skip
    assert overdue[1] >= overdue[0] >= overdue[2] == 0


def test_today_says_what_it_does_not_cover(reading):
    text = reading("today").out
    assert "* Not covered: 2 devices without patch management" in text
    assert "nsight (run 1) as of 2026-11-13 07:00 UTC" in text


def test_one_table_of_a_report(reading):
    result = reading("today", "--table", "worklist", "--json")
    assert result.json["table"] == "worklist"
    assert reading("today", "--table", "worklist", "--output", "w.csv").code == 0
    refused = reading("today", "--table", "wroklist")
    assert refused.code == 4
    assert "'wroklist'" in refused.error()
    assert "worklist" in refused.hint()


def test_report_goes_into_files(reading):
    result = reading("report", "--output", "fleet.xlsx", "--output", "fleet.html", "-c", "Acme*")
    assert result.code == 0
    assert result.err.splitlines() == ["wrote fleet.xlsx", "wrote fleet.html"]
    book = openpyxl.load_workbook(reading.folder / "fleet.xlsx")
    assert len(book.sheetnames) > 3
    page = (reading.folder / "fleet.html").read_text("utf-8")
    assert "Acme Logistics" in page
    assert "Birchwood" not in page


def test_runs(reading):
    (run,) = reading("runs", "--json").json["rows"]
    assert (run["state"], run["is_current"], run["problems"]) == ("complete", True, 0)
    assert reading("runs", "--problems", "1", "--json").json["rows"] == []
    refused = reading("runs", "--problems", "99")
    assert (refused.code, refused.error()) == (2, "there is no run 99")


def test_what_is_said_cannot_steer_the_terminal(reading):
    result = reading("nsight", "patches", "-c", "Acme\a\r\x9b2J\u202e")
    assert result.error() == "no customer is called 'Acme\ufffd\ufffd\ufffd2J\ufffd'"
