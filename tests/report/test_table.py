import pytest
from msgspec import Struct

from patchfleet.errors import ConfigError
from patchfleet.report import Column, Table, tables, tabulate, total_of
from patchfleet.report.wording import cell_text, printable
from patchfleet.store.queries import rows as answers

ROWS = {
    tables.WORKLIST: answers.CustomerWork,
    tables.ITEMS: answers.WorkItem,
    tables.FINDINGS: answers.FindingRow,
    tables.DEVICES: answers.DeviceRow,
    tables.POSTURE: answers.PostureRow,
    tables.TOP_PATCHES: answers.TopPatchRow,
    tables.TRANSITIONS: answers.TransitionRow,
    tables.CHANGES: answers.ChangeRow,
}


@pytest.mark.parametrize("columns", ROWS, ids=lambda columns: columns[0].key)
def test_every_field_of_a_row_has_a_column(columns):
    # `patch_id` is a number of the store, without meaning to anybody else.
    shown = {column.attribute for column in columns}
    assert shown == {*ROWS[columns].__struct_fields__} - {"patch_id"}
    assert {"account", "source"} <= {column.key for column in columns} or "source" not in shown
    assert len({column.heading for column in columns}) == len(columns)


def test_a_column_without_a_field_is_an_error():
    class Row(Struct):
        a: int

    with pytest.raises(AttributeError):
        tabulate("t", "T", [Column("a", "A"), Column("b", "B")], [Row(1)])


def test_one_column_is_still_a_row():
    class Row(Struct):
        a: int

    assert tabulate("t", "T", [Column("a", "A")], [Row(1), Row(2)]).rows == [(1,), (2,)]


def test_the_total_adds_what_adds_up(made):
    rows = [made.work(0), made.work(1)]
    total = dict(
        zip([c.key for c in tables.WORKLIST], total_of(tables.WORKLIST, rows), strict=True)
    )
    assert total["customer"] == "Total"
    assert total["failed"] == rows[0].failed + rows[1].failed
    assert total["source"] is None


def test_the_share_of_all_is_not_the_sum_of_shares(made):
    rows = [made.stand(0), made.stand(4)]
    table = tables.posture_table(rows)
    total = dict(zip([c.key for c in table.columns], table.total, strict=True))
    installed, opened = (sum(getattr(r, name) for r in rows) for name in ("installed", "open"))
    assert total["installed_share"] == installed / (installed + opened)
    assert total["oldest_open_critical_days"] == 90


def test_nothing_at_all_has_no_share():
    assert tables.installed_share([]) is None
    assert tables.posture_table([]).total[:3] == ("Total", 0, None)


def test_detail_is_left_out_at_a_glance_and_nothing_else():
    table = Table(
        name="t",
        title="T",
        columns=(Column("a", "A"), Column("b", "B", is_detail=True), Column("c", "C")),
        rows=[(1, 2, 3)],
        total=(4, 5, 6),
    )
    short = table.summary_columns()
    assert [column.key for column in short.columns] == ["a", "c"]
    assert (list(short.rows), short.total) == ([(1, 3)], (4, 6))
    assert short.summary_columns() is short


def test_a_table_is_picked_by_name(made):
    report = made.report()
    assert report.table("devices").title == "Devices"
    with pytest.raises(ConfigError, match="no table 'device'") as caught:
        report.table("device")
    assert "open_findings" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "integer", ""),
        (0, "integer", "0"),
        (1234567, "integer", "1,234,567"),
        (0.9999, "percent", "99.9%"),
        (1.0, "percent", "100%"),
        (0.74055, "percent", "74.1%"),
        (0.29, "percent", "29.0%"),
        (2.25, "number", "2.2"),
        (90, "number", "90"),
        (True, "flag", "yes"),
        (False, "flag", "no"),
        (("a", "b"), "list", "a, b"),
        ("reboot_required", "state", "reboot required"),
        ("a_b", "text", "a_b"),
        ("\x1b[31mred\u202e", "text", "\ufffd[31mred\ufffd"),
    ],
)
def test_spelling(value, kind, text):
    assert cell_text(value, kind) == text


def test_times_are_spelled_in_utc(made):
    assert cell_text(made.AS_OF, "moment") == "2026-11-20 06:30"
    assert cell_text(made.AS_OF, "date") == "2026-11-20"
    assert Column("at", "Read", "moment").heading == "Read (UTC)"


def test_printable_keeps_every_script():
    assert printable("Bäckerei 東京 🥐") == "Bäckerei 東京 🥐"
