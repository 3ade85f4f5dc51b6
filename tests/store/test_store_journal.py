"""The journal: written whole, read in order, kept."""

import dataclasses
import os
import pwd
import socket

import pytest
from msgspec.structs import replace
from older_record import make_older
from small_fleet import DAY, NOW, finding, sync

from patchfleet.store import Author, ChangeEntry, JournalFilter, Store
from patchfleet.store.record.author import current_author
from patchfleet.transport.journal import Claim
from patchfleet.transport.operation import Wanted

SENT = ChangeEntry(
    plan_id="p1",
    at=NOW,
    source="nsight",
    device_id="d1",
    finding_ids=("7", "9"),
    action="approve",
    outcome="sent",
    before={"7": {"state": "missing", "decision": None}},
    after=["approve", 1, 1.5, True],
)


def test_entries_come_back_in_order_and_whole(store):
    later = replace(SENT, at=NOW + DAY, outcome="failed", reason="device is offline", after=None)
    store.journal.append(SENT, later)
    store.journal.append(replace(SENT, plan_id="p2"), replace(SENT, outcome="confirmed", at=NOW))
    assert [entry.outcome for entry in store.journal.read("p1")] == ["sent", "failed", "confirmed"]
    assert store.journal.read("p1")[:2] == [SENT, later]
    assert store.journal.read("p3") == []


def test_entries_are_written_all_or_none(store):
    with pytest.raises(TypeError):
        store.journal.append(SENT, replace(SENT, at=NOW.replace(tzinfo=None)))
    store.journal.append()
    assert store.journal.read("p1") == []


def test_entries_stay(address):
    with Store.open(address) as store:
        store.journal.append(SENT)
    with Store.open(address, create=False) as store:
        assert store.journal.read("p1") == [SENT]


def test_an_entry_is_on_the_disk_before_append_returns_and_a_listing_need_not_be(store):
    if store.address.startswith("postgresql"):
        asked, answers = "SHOW synchronous_commit", ["on", "off"]
    else:
        asked, answers = "PRAGMA synchronous", [2, 1]  # FULL, NORMAL
    seen = []
    for durable in (True, False):
        with store._database.write(durable=durable) as connection:
            seen.append(connection.exec_driver_sql(asked).scalar_one())
    assert seen == answers


WANTED = Wanted("nsight", "approve", "d1", ("7", "9", "11"))


def claim(outcome, *items, reason="", answer=None):
    return Claim(outcome, items, {one: f"read back {one}" for one in items}, reason, answer)


def test_every_line_names_its_author(store, monkeypatch):
    monkeypatch.delenv("PATCHFLEET_OPERATOR", raising=False)
    monkeypatch.delenv("SUDO_USER", raising=False)
    mine = store.journal.signed(command="patchfleet nsight approve KB1")
    line = mine.sent(WANTED, NOW)
    monkeypatch.setenv("PATCHFLEET_OPERATOR", " Jane Doe ")
    theirs = store.journal.signed(command="patchfleet sync")
    theirs.ended(line, [claim("confirmed", *WANTED.items, answer="accepted")], NOW + DAY)
    sent, ended = store.journal.lines(JournalFilter(number=line))
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert (sent.author.person, ended.author.person) == (user, "Jane Doe")
    assert {one.author.os_user for one in (sent, ended)} == {user}
    assert {one.author.host for one in (sent, ended)} == {socket.gethostname()}
    assert (sent.author.command, ended.author.command) == (
        "patchfleet nsight approve KB1", "patchfleet sync",
    )  # fmt: skip
    assert (sent.answer, ended.answer) == (None, "accepted")
    assert (ended.entry.line, ended.entry.outcome) == (line, "confirmed")


@pytest.mark.parametrize(
    ("environment", "person"),
    [
        ({"PATCHFLEET_OPERATOR": "jane", "SUDO_USER": "joe"}, "jane"),
        ({"PATCHFLEET_OPERATOR": "  ", "SUDO_USER": "joe"}, "joe"),
        ({"PATCHFLEET_OPERATOR": "j\udcff"}, "j?"),
        ({"PATCHFLEET_OPERATOR": "x" * 300}, "x" * 200),
        ({}, "root"),
    ],
)
def test_the_person_is_the_operator_else_who_called_sudo_else_the_user(
    environment, person, monkeypatch
):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    author = current_author(environment=environment)
    assert (author.person, author.os_user) == (person, "root")


def test_a_user_without_a_name_is_its_number(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 987_654)
    author = current_author(environment={"SUDO_USER": "joe"})
    assert (author.person, author.os_user) == ("uid 987654", "uid 987654"), "not root: no sudo"


def test_a_change_is_one_row_for_each_outcome_of_its_items(store):
    journal = store.journal.of("p1", before={"7": "missing", "9": "failed"}, now=lambda: NOW)
    line = journal.sent(WANTED, NOW)
    assert journal.is_used
    (open_one,) = store.journal.changes(JournalFilter(is_unfinished=True))
    assert (open_one.number, open_one.outcome, open_one.items) == (line, "unfinished", WANTED.items)
    assert (open_one.answer, open_one.ended_at, open_one.after) == (None, None, None)
    journal.ended(line, [claim("confirmed", "7"), claim("unknown", "9", reason="no answer")], NOW)
    first, second, left = store.journal.changes()
    assert [(one.outcome, one.items) for one in (first, second, left)] == [
        ("confirmed", ("7",)), ("unknown", ("9",)), ("unfinished", ("11",)),
    ]  # fmt: skip
    assert (first.before, first.after) == ({"7": "missing"}, {"7": "read back 7"})
    assert (second.reason, second.plan_id, second.requested_at) == ("no answer", "p1", NOW)
    journal.ended(line, [claim("failed", "9", "11", reason="refused", answer="no")], NOW + DAY)
    kept, failed = store.journal.changes()
    assert [(one.outcome, one.items) for one in (kept, failed)] == [
        ("confirmed", ("7",)), ("failed", ("9", "11")),
    ]  # fmt: skip
    assert (failed.answer, failed.ended_at) == ("no", NOW), "a plan has its own clock"
    assert store.journal.changes(JournalFilter(is_unfinished=True)) == []


def test_the_last_outcome_of_a_creation_counts(store):
    journal = store.journal
    line = journal.sent(Wanted("qualys", "create_job", marker="[m]", asked={"name": "A"}), NOW)
    journal.ended(line, [claim("unknown", "[m]")], NOW)
    (found,) = journal.changes(JournalFilter(item="[m]"))
    assert (found.outcome, found.items, found.asked) == ("unknown", ("[m]",), {"name": "A"})
    journal.ended(line, [claim("confirmed", "j1")], NOW + DAY)
    for item in ("[m]", "j1"):
        (found,) = journal.changes(JournalFilter(item=item))
        assert (found.outcome, found.items, found.ended_at) == ("confirmed", ("j1",), NOW + DAY)


def test_what_was_not_sent_is_a_change_with_its_reason(store):
    store.journal.append(
        replace(SENT, outcome="skipped", reason="no longer on the device"),
        replace(SENT, outcome="failed", reason="no answer", device_id="d2"),
    )
    found = store.journal.changes()
    assert [(one.outcome, one.reason, one.ended_at) for one in found] == [
        ("skipped", "no longer on the device", None), ("failed", "no answer", None),
    ]  # fmt: skip


def test_outcomes_of_before_lines_had_numbers_belong_to_their_change(store):
    store.journal.append(
        replace(SENT, outcome="skipped", finding_ids=("3",)),
        SENT,
        replace(SENT, outcome="confirmed", finding_ids=("7",), at=NOW + DAY),
        replace(SENT, outcome="unknown", finding_ids=("9",), at=NOW + DAY),
    )
    found = store.journal.changes()
    assert [(one.number, one.outcome, one.items) for one in found] == [
        (1, "skipped", ("3",)), (2, "confirmed", ("7",)), (2, "unknown", ("9",)),
    ]  # fmt: skip


def test_changes_are_found_by_all_that_names_them(store):
    sync(store, {"d1": [finding(7)], "d2": []})
    for number, (plan, of) in enumerate([("p1", "d1"), ("p1", "d2"), ("p2", "gone")]):
        at = NOW + number * DAY
        line = store.journal.sent(replace_wanted(of), at, plan_id=plan)
        store.journal.ended(line, [claim("confirmed", "7")], at + DAY / 2)
    other = store.journal.signed(account="acme")
    other.sent(replace_wanted("d1"), NOW + 5 * DAY, plan_id="p3")

    def of(**wanted):
        return [one.plan_id for one in store.journal.changes(JournalFilter(**wanted))]

    assert of() == ["p1", "p1", "p2", "p3"]
    assert of(plan_id="p1") == ["p1", "p1"]
    assert of(accounts=("ac*",)) == of(is_unfinished=True) == ["p3"]
    assert of(item="7") == of()
    assert of(since=NOW + DAY) == ["p1", "p2", "p3"]
    assert of(until=NOW + DAY) == ["p1", "p1"]
    assert of(known_at=NOW + DAY / 4) == ["p1"]
    (known,) = store.journal.changes(JournalFilter(known_at=NOW + DAY / 4))
    assert known.outcome == "unfinished", "its outcome was not known then"
    first = store.journal.changes()[0]
    assert of(devices=("D1",)) == ["p1", "p3"]
    assert of(devices=(first.device,), accounts=("nsight",)) == ["p1"]
    assert of(devices=("gone",)) == ["p2"], "a device that is not on record is found by its id"
    assert of(customers=(first.customer[:2] + "*",)) == ["p1", "p1"]
    assert store.journal.titles(first) == {"7": finding(7).patch.title}
    assert store.journal.changes()[2].device is None


def replace_wanted(device_id):
    return dataclasses.replace(WANTED, device_id=device_id, items=("7",))


def test_an_account_finds_its_own_unfinished_changes(store):
    made = Wanted("qualys", "create_job", marker="[m]", asked={"name": "A"})
    store.journal.signed(account="acme").sent(made, NOW)
    assert store.journal.unfinished(made) is None
    assert store.journal.signed(account="acme").unfinished(made).marker == "[m]"
    assert [one.entry.source for one in store.journal.open()] == ["acme"]
    assert store.journal.open("qualys") == []


def test_lines_of_an_earlier_record_have_no_author(path):
    with Store.open(path) as store:
        store.journal.append(SENT)
        make_older(store, "0009")
    with Store.open(path) as store:
        (one,) = store.journal.changes()
        assert (one.author, one.answer, one.outcome) == (Author(), None, "unfinished")
        assert store.journal.read("p1") == [SENT]


def test_an_answer_of_any_characters_is_kept(store):
    line = store.journal.sent(WANTED, NOW)
    said = claim("failed", "7", "9", "11", reason="a\0b", answer="\udcff\0")
    store.journal.ended(line, [said], NOW)
    (one,) = store.journal.changes()
    assert (one.reason, one.answer) == ("a\u2400b", "?\u2400")


def test_a_copy_keeps_who_did_it(store, tmp_path, server):
    line = store.journal.signed(command="patchfleet x", person="jane").sent(WANTED, NOW)
    store.journal.ended(line, [claim("confirmed", *WANTED.items, answer="yes")], NOW)
    target = tmp_path / "copy.db"
    if not store.address.startswith("postgresql"):
        target = server.new_database()
    store.copy_to(target)
    with Store.open(target) as copied:
        every = JournalFilter()
        assert copied.journal.lines(every) == store.journal.lines(every)
        assert copied.journal.changes()[0].author.person == "jane"
