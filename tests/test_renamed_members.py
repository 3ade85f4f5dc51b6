"""Every former method, attribute and control route works for one minor version and warns."""

import json
import re
from operator import attrgetter

import pytest

from patchfleet._renamed import table
from patchfleet.emulator import FAULTS, Emulator, Fault
from patchfleet.store import Store

ROWS = [(*old.rpartition(".")[::2], new) for old, new in table.MEMBERS.items()]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("store") / "fleet.db") as store:
        yield store


@pytest.fixture(scope="module")
def values(store):
    emulator = Emulator(customers=1, devices=2)
    return {
        "store.store:Store": store,
        "emulator.vendors:Vendors": emulator,
        "emulator.qualys.gateway:Subscription": emulator.qualys,
        "emulator.faults:Fault": Fault("slow"),
        "emulator.fault_kind:FaultKind": FAULTS["slow"],
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
