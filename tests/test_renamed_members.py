"""Every former method, attribute and control route works for one minor version and warns."""

import json

import pytest

from patchfleet._renamed import table
from patchfleet.emulator import FAULTS, Emulator, Fault

ROWS = [(*old.rpartition(".")[::2], new) for old, new in table.MEMBERS.items()]


@pytest.fixture(scope="module")
def values():
    emulator = Emulator(customers=1, devices=2)
    return {
        "emulator.vendors:Vendors": emulator,
        "emulator.qualys.gateway:Subscription": emulator.qualys,
        "emulator.faults:Fault": Fault("slow"),
        "emulator.fault_kind:FaultKind": FAULTS["slow"],
    }


@pytest.mark.parametrize(("kind", "old", "new"), ROWS)
def test_a_former_member_is_the_new_one_and_warns_where_it_is_used(kind, old, new, values):
    with pytest.warns(DeprecationWarning, match=rf"\.{old} is now \w+\.{new};") as caught:
        member = getattr(values[kind], old)
    assert member == getattr(values[kind], new)
    assert caught[0].filename == __file__
    with pytest.raises(AttributeError, match="never"):
        _ = values[kind].never


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
