"""Questions over a fleet small enough to be counted by hand."""

from datetime import timedelta

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.errors import StoreError
from patchfleet.models import Selection
from patchfleet.store import Store, queries
from patchfleet.store.queries import AgeRow, SeverityStateRow, TransitionRow, UnknownName

OLD = patch(
    "2026-10 Cumulative Update (KB5049981)", kb="5049981", severity="critical",
    released_at=NOW - 30 * DAY,
)  # fmt: skip
EDGE = patch("Edge", severity="critical", released_at=NOW - 14 * DAY)
PAST = patch("Past", severity="critical", released_at=NOW - 14 * DAY - timedelta(microseconds=1))
DATELESS = patch("Dateless 100%_sure", severity="critical")
UNRATED = patch("7-Zip 24.09", severity="unspecified", released_at=NOW - DAY)
LOW = patch("Office 2019 KB50499812", kb="50499812", severity="low", released_at=NOW + DAY)

FLEET = inventory(
    device("d1", "SRV-1"),
    device("d2", "PC-2", kind="workstation"),
    device("d3", "SRV-1", customer="c2", site="s2"),
    device("d4", "NAS", customer="c2", site="s2", is_patched=False),
    customers=("Acme", "beta_gmbh", "Empty"),
    sites=("Main", "North"),
)
LISTINGS = {
    "d1": [
        finding(1, OLD, "failed"),
        finding(2, EDGE),
        finding(3, PAST, "pending"),
        finding(4, LOW, "installed"),
        finding(5, DATELESS),
    ],
    "d2": [
        finding(1, OLD, "reboot_required"),
        finding(2, UNRATED),
        finding(3, OLD, "ignored", "ignore"),
        finding(4, EDGE, "unknown", "unknown"),
    ],
    "d3": [finding(1, OLD, "installed"), finding(2, UNRATED, "installed")],
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("fleet") / "fleet.db") as store:
        sync(store, LISTINGS, of=FLEET)
        with store.snapshot() as opened:
            yield opened


def named(selection):
    return Selection(**selection)


def test_worklist_counts_every_customer_worst_first(snapshot):
    counted = [
        (w.customer, w.devices, w.unpatched_devices, w.failed, w.reboot_required,
         w.overdue_critical, w.not_judged)
        for w in queries.worklist(snapshot)
    ]  # fmt: skip
    assert counted == [
        ("Acme", 2, 0, 1, 1, 2, 3),
        ("beta_gmbh", 2, 1, 0, 0, 0, 0),
        ("Empty", 0, 0, 0, 0, 0, 0),
    ]


def test_work_items_are_what_the_worklist_counts(snapshot):
    items = [(i.device, i.reason, i.patch, i.age_days) for i in queries.work_items(snapshot)]
    assert items == [
        ("PC-2", "reboot_required", OLD.title, 30),
        ("PC-2", "not_judged", EDGE.title, 14),
        ("PC-2", "not_judged", UNRATED.title, 1),
        ("SRV-1", "failed", OLD.title, 30),
        ("SRV-1", "overdue_critical", OLD.title, 30),
        ("SRV-1", "overdue_critical", PAST.title, 14),
        ("SRV-1", "not_judged", DATELESS.title, None),
    ]


@pytest.mark.parametrize(("days", "overdue"), [(0, 3), (13, 3), (14, 2), (15, 1), (30, 0)])
def test_overdue_is_exact_at_its_boundary(snapshot, days, overdue):
    (acme, *_) = queries.worklist(snapshot, overdue_after_days=days)
    assert acme.overdue_critical == overdue
    items = queries.work_items(snapshot, overdue_after_days=days)
    assert sum(item.reason == "overdue_critical" for item in items) == overdue


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["Acme", "beta_gmbh", "Empty"]),
        ({"customers": ("empty",)}, ["Empty"]),
        ({"sites": ("North",)}, ["beta_gmbh"]),
        ({"kinds": ("workstation",)}, ["Acme"]),
        ({"severities": ("low",)}, ["Acme", "beta_gmbh", "Empty"]),
    ],
)
def test_customers_of_a_selection_appear_with_nothing_to_do(snapshot, selection, expected):
    chosen = named(selection)
    for rows in (
        queries.worklist(snapshot, selection=chosen),
        queries.posture(snapshot, chosen),
        queries.customers(snapshot, chosen),
    ):
        assert sorted((row.customer for row in rows), key=str.lower) == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, 11),
        ({"customers": ("ACME",)}, 9),
        ({"customers": ("c1",)}, 9),
        ({"customers": ("C1",)}, 0),
        ({"customers": ("acme", "beta*")}, 11),
        ({"customers": ("beta?gmbh",)}, 2),
        ({"customers": ("betaxgmbh",)}, 0),
        ({"customers": ("b%",)}, 0),
        ({"sites": ("main",)}, 9),
        ({"sites": ("s2",), "customers": ("Acme",)}, 0),
        ({"devices": ("srv-1",)}, 7),
        ({"devices": ("d3",)}, 2),
        ({"devices": ("SRV",)}, 0),
        ({"kinds": ("server",)}, 7),
        ({"kinds": ("server", "workstation")}, 11),
        ({"severities": ("critical",), "states": ("missing",)}, 2),
        ({"states": ("installed", "failed")}, 4),
        ({"patches": ("KB5049981",)}, 4),
        ({"patches": ("kb5049981",)}, 4),
        ({"patches": ("5049981",)}, 4),
        ({"patches": ("KB504998",)}, 0),
        ({"patches": ("2019",)}, 1),
        ({"patches": ("cumulative",)}, 4),
        ({"patches": ("cumulative*",)}, 0),
        ({"patches": ("*cumulative*",)}, 4),
        ({"patches": ("7-zip ??.??",)}, 2),
        ({"patches": ("100%_SURE",)}, 1),
        ({"patches": ("100_",)}, 0),
        ({"patches": ("edge", "past")}, 3),
        ({"patches": ("x' OR 1=1 --",)}, 0),
    ],
)
def test_a_selection_narrows(snapshot, selection, expected):
    chosen = named(selection)
    assert queries.count_findings(snapshot, chosen) == expected
    assert len(queries.findings(snapshot, chosen)) == expected
    assert sum(row.findings for row in queries.severity_by_state(snapshot, chosen)) == expected
    assert sum(row.findings for row in queries.posture(snapshot, chosen)) == expected


def test_findings_come_by_place_and_severity(snapshot):
    rows = queries.findings(snapshot)
    assert [(r.customer, r.device, r.patch) for r in rows] == [
        ("Acme", "PC-2", OLD.title),
        ("Acme", "PC-2", OLD.title),
        ("Acme", "PC-2", EDGE.title),
        ("Acme", "PC-2", UNRATED.title),
        ("Acme", "SRV-1", OLD.title),
        ("Acme", "SRV-1", DATELESS.title),
        ("Acme", "SRV-1", EDGE.title),
        ("Acme", "SRV-1", PAST.title),
        ("Acme", "SRV-1", LOW.title),
        ("beta_gmbh", "SRV-1", OLD.title),
        ("beta_gmbh", "SRV-1", UNRATED.title),
    ]
    assert queries.findings(snapshot, limit=3) == rows[:3]
    assert list(queries.iter_findings(snapshot, batch=2)) == rows


def test_two_lists_are_read_side_by_side(snapshot):
    pairs = zip(
        queries.iter_findings(snapshot, batch=1), queries.iter_findings(snapshot), strict=True
    )
    assert all(one == other for one, other in pairs)


def test_devices_and_customers_are_counted(snapshot):
    assert [(d.device, d.customer, d.findings, d.open) for d in queries.devices(snapshot)] == [
        ("PC-2", "Acme", 4, 3),
        ("SRV-1", "Acme", 5, 4),
        ("NAS", "beta_gmbh", 0, 0),
        ("SRV-1", "beta_gmbh", 2, 0),
    ]
    chosen = Selection(devices=("nas",), states=("failed",))
    assert [d.device_id for d in queries.devices(snapshot, chosen)] == ["d4"]
    assert [(c.customer, c.sites, c.devices) for c in queries.customers(snapshot)] == [
        ("Acme", 1, 2),
        ("beta_gmbh", 1, 2),
        ("Empty", 0, 0),
    ]


def test_posture(snapshot):
    acme, beta, empty = queries.posture(snapshot)
    assert (acme.findings, acme.installed, acme.ignored, acme.open) == (9, 1, 1, 7)
    assert (acme.open_critical, acme.open_unspecified, acme.open_low) == (6, 1, 0)
    assert acme.installed_share == 1 / 8
    assert acme.oldest_open_critical_days == 30
    assert (beta.installed_share, beta.oldest_open_critical_days) == (1.0, None)
    assert (empty.findings, empty.installed_share) == (0, None)


def test_severity_by_state(snapshot):
    assert queries.severity_by_state(snapshot, Selection(customers=("Acme",)))[:3] == [
        SeverityStateRow("critical", "missing", 2),
        SeverityStateRow("critical", "pending", 1),
        SeverityStateRow("critical", "failed", 1),
    ]


def test_age_of_open(snapshot):
    assert queries.age_of_open(snapshot) == [
        AgeRow("0-7", "unspecified", 1),
        AgeRow("8-14", "critical", 3),
        AgeRow("15-30", "critical", 2),
        AgeRow("unknown", "critical", 1),
    ]


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-5, "0-7"),
        (0, "0-7"),
        (7.99, "0-7"),
        (8, "8-14"),
        (14.99, "8-14"),
        (15, "15-30"),
        (31, "31-60"),
        (61, "61-90"),
        (90.99, "61-90"),
        (91, ">90"),
    ],
)
def test_ages_are_whole_days(store, days, bucket):
    sync(store, {"d1": [finding(what=patch(released_at=NOW - timedelta(days=days)))]})
    with store.snapshot() as snapshot:
        (row,) = queries.age_of_open(snapshot)
    assert row.bucket == bucket


def test_top_patches_count_devices_not_findings(snapshot):
    tops = [(row.patch, row.devices, row.age_days) for row in queries.top_patches(snapshot)]
    assert tops == [
        (OLD.title, 2, 30),
        (EDGE.title, 2, 14),
        (PAST.title, 1, 14),
        (DATELESS.title, 1, None),
        (UNRATED.title, 1, 1),
    ]
    assert len(queries.top_patches(snapshot, limit=2)) == 2


def test_names_that_mean_nothing_are_told_with_close_ones(snapshot):
    asked = Selection(
        customers=("Acne", "acme", "c2"), sites=("Mian", "nowhere"), devices=("srv-2", "srv*")
    )
    assert queries.unknown_names(snapshot, asked) == [
        UnknownName("customers", "Acne", ("Acme",)),
        UnknownName("sites", "Mian", ("Main",)),
        UnknownName("sites", "nowhere", ()),
        UnknownName("devices", "srv-2", ("SRV-1",)),
    ]
    assert queries.unknown_names(snapshot, Selection()) == []


def test_changes_between_two_runs(store):
    sync(store, LISTINGS, of=FLEET)
    later = {
        **LISTINGS,
        "d1": [finding(1, OLD, "installed"), *LISTINGS["d1"][2:], finding(9, UNRATED)],
        "d3": [finding(1, OLD, "installed", "ignore"), LISTINGS["d3"][1]],
    }
    sync(store, later, of=FLEET, now=NOW + DAY)
    with store.snapshot(run_id=1) as before, store.snapshot() as after:
        rows = queries.changes(before, after)
        counts = queries.count_changes(before, after)
        failed = queries.changes(before, after, Selection(states=("failed",)))
        beta = queries.count_changes(before, after, Selection(customers=("beta_gmbh",)))
        back = queries.changes(after, before)
        nothing = queries.changes(after, after)
    assert [(r.device_id, r.finding_id, r.before_state, r.after_state) for r in rows] == [
        ("d1", "1", "failed", "installed"),
        ("d1", "2", "missing", None),
        ("d1", "9", None, "missing"),
        ("d3", "1", "installed", "installed"),
    ]
    assert (rows[3].before_decision, rows[3].after_decision) == ("approve", "ignore")
    assert (rows[1].device, rows[1].patch, rows[1].customer) == ("SRV-1", "Edge", "Acme")
    assert counts == [
        TransitionRow(None, "missing", 1),
        TransitionRow("missing", None, 1),
        TransitionRow("installed", "installed", 1),
        TransitionRow("failed", "installed", 1),
    ]
    assert failed == rows[:1]
    assert beta == [TransitionRow("installed", "installed", 1)]
    assert [(r.finding_id, r.before_state, r.after_state) for r in back][:2] == [
        ("1", "installed", "failed"),
        ("2", None, "missing"),
    ]
    assert nothing == []


def test_runs_of_other_sources_are_not_compared(store):
    sync(store, LISTINGS, of=FLEET)
    sync(store, LISTINGS, of=FLEET, source="qualys")
    with store.snapshot(run_id=1) as one, store.snapshot() as both:
        with pytest.raises(StoreError, match="cannot compare") as caught:
            queries.changes(one, both)
        assert caught.value.hint


def test_the_same_id_at_two_sources_is_two_customers(store):
    sync(store, LISTINGS, of=FLEET)
    sync(store, {"d1": []}, source="qualys", of=inventory(device("d1", "OTHER")))
    with store.snapshot() as snapshot:
        acme = [w for w in queries.worklist(snapshot) if w.customer == "Acme"]
        assert [(w.source, w.failed) for w in acme] == [("nsight", 1), ("qualys", 0)]
        assert {r.device for r in queries.findings(snapshot)} == {"SRV-1", "PC-2"}
