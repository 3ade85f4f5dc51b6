"""The journal: written whole, read in order, kept."""

import pytest
from msgspec.structs import replace
from small_fleet import DAY, NOW

from patchfleet.store import ChangeEntry, Store

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
