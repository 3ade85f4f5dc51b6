"""Every former method, attribute and control route works for one minor version and warns."""

import json
import re
from datetime import UTC, datetime
from operator import attrgetter

import pytest
from msgspec import Struct

from patchfleet import report
from patchfleet._renamed import table
from patchfleet.emulator import FAULTS, Emulator, Fault
from patchfleet.errors import VendorError
from patchfleet.models import (
    Customer,
    Device,
    Finding,
    FindingStatus,
    Inventory,
    Patch,
    Site,
)
from patchfleet.qualys import TokenAuth
from patchfleet.report import Column
from patchfleet.store import Store
from patchfleet.store.queries import LazyRows

ROWS = [(*old.rpartition(".")[::2], new) for old, new in table.MEMBERS.items()]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("store") / "fleet.db") as store:
        yield store


@pytest.fixture(scope="module")
def snapshot(store):
    now = datetime(2026, 11, 17, tzinfo=UTC)
    fleet = Inventory(
        as_of=now,
        customers=(Customer(id="c", name="Acme"),),
        sites=(Site(id="s", customer_id="c", name="Main"),),
        devices=(Device(id="d", site_id="s", customer_id="c", name="one", kind="server"),),
    )
    status = FindingStatus("missing", "approve", is_own_decision=False, vendor_status="",
                           vendor_decision="")  # fmt: skip
    run = store.begin("nsight", now=now)
    run.inventory(fleet)
    found = [Finding(title, Patch(title=title), status) for title in ("P1", "P2")]
    run.record("d", found, now=now)
    run.complete(now=now, as_of=now)
    with store.snapshot() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def values(store, snapshot):
    emulator = Emulator(customers=1, devices=2)
    return {
        "store.store:Store": store,
        "store.snapshot:Snapshot": snapshot,
        "emulator.vendors:Vendors": emulator,
        "emulator.qualys.gateway:Subscription": emulator.qualys,
        "emulator.faults:Fault": Fault("slow"),
        "emulator.fault_kind:FaultKind": FAULTS["slow"],
        "errors:VendorError": VendorError("the call failed"),
        "qualys.auth:TokenAuth": TokenAuth("user", "password"),
    }


@pytest.mark.parametrize(("kind", "old", "new"), ROWS)
def test_a_former_member_is_the_new_one_and_warns_where_it_is_used(kind, old, new, values):
    with pytest.warns(
        DeprecationWarning, match=rf"\.{old} is now \w+\.{re.escape(new)};"
    ) as caught:
        member = getattr(values[kind], old)
    assert member == attrgetter(new)(values[kind])
    assert caught[0].filename == __file__
    with pytest.raises(AttributeError, match="never"):
        _ = values[kind].never


COLUMNS = (Column("a", "A"), Column("b", "B"))


class Pair(Struct):
    a: int
    b: str


def tabulate_later(_):
    made = report.tabulate_later("t", "T", COLUMNS, 2, lambda n: iter(PAIRS[:n]))
    return list(made.rows)


def keep(snapshot):
    kept = snapshot.keep("SELECT * FROM findings WHERE patch = ?", ["P1"])
    return snapshot.texts(f"SELECT device || ' ' || patch FROM {kept}")


def put(snapshot):
    rows = snapshot.put("pairs", {"a": "BIGINT", "b": "VARCHAR"}, PAIRS)
    return snapshot.texts(f"SELECT a || b FROM {rows} ORDER BY a")


PAIRS = [Pair(1, "x"), Pair(2, "y")]
CALLED = {
    "report:tabulate_later": (tabulate_later, [(1, "x"), (2, "y")]),
    "report.document:tabulate_later": (tabulate_later, [(1, "x"), (2, "y")]),
    "store.snapshot:Snapshot.keep": (keep, ["one P1"]),
    "store.snapshot:Snapshot.put": (put, ["1x", "2y"]),
}


@pytest.mark.parametrize(("old", "new"), table.FUNCTIONS.items())
def test_a_former_function_takes_its_former_parameters_and_warns(old, new, snapshot):
    call, wanted = CALLED[old]
    with pytest.warns(DeprecationWarning, match=f"{old.rpartition(':')[2]} is now .*") as caught:
        assert call(snapshot) == wanted
    assert new.partition(":")[2].rpartition(".")[2] in str(caught[0].message)
    assert caught[0].filename == __file__


def test_lazy_rows_are_counted_as_before_with_a_warning():
    rows = LazyRows(lambda limit: iter(PAIRS[:limit]), 2)
    with pytest.warns(DeprecationWarning, match=r"LazyRows.count\(\) is now len\(rows\);"):
        assert rows.count() == 2
    assert rows.count(PAIRS[0]) == 1


@pytest.mark.parametrize(("kind", "new"), table.CALLS.items())
def test_a_part_that_was_a_method_still_answers_a_call_and_warns(kind, new, store):
    name, _, method = new.partition(".")
    part = getattr(store, name)
    assert f"{type(part).__module__}:{type(part).__name__}" == f"patchfleet.{kind}"
    with pytest.warns(DeprecationWarning, match=rf"Store.{name}\(\) is now Store.{new}\(\);"):
        assert part() == getattr(part, method)()


@pytest.mark.parametrize(("old", "new"), table.CONTROLS.items())
def test_a_former_control_route_answers_and_names_the_new_one(old, new):
    emulator = Emulator(customers=1, devices=2)
    [device, *_] = [
        device["deviceid"]
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"]
    ]
    act = json.dumps({"device": device, "act": "restart"}).encode()
    method, body = ("POST", act) if new == "manual_action" else ("GET", b"")
    former, present = (
        emulator.handle(method, f"/_control/{name}", body=body) for name in (old, new)
    )
    assert (former.status, former.body) == (200, present.body)
    assert dict(former.headers)["Warning"] == (
        f'299 patchfleet "/_control/{old} is now /_control/{new}"'
    )
    assert "Warning" not in dict(present.headers)
