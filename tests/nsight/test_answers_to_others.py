"""An answer has to be the answer to this question: whatever of it N-able repeats is compared."""

from typing import Any

import pytest

from patchfleet.errors import Unreadable
from patchfleet.nsight.client import VENDOR
from patchfleet.nsight.operations import devices, inventory, patches
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Operation, if_changed
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
CLIENT = "<client><id>#</id><name>C</name><site><id>1</id><name>S</name>{}</site></client>"
FAILING = "<client><clientid>#</clientid>{}</client>"
PATCH = "<patch><patchid>5</patchid><policy>2</policy><status>1</status>{}</patch>"

QUESTIONS: list[tuple[str, Operation[Any], str]] = [
    ("client", inventory.list_devices_at_client(7, "server"),
     CLIENT.replace("{}", "<server><id>3</id></server>")),
    ("client", inventory.list_devices_at_client(7, "server"), CLIENT.replace("{}", "")),
    ("client", inventory.list_devices_at_client(7, "server"), "<client><id>#</id></client>"),
    ("client", inventory.list_sites(7),
     "<site><siteid>3</siteid><clientid>#</clientid></site>"),
    ("site", inventory.list_servers(7),
     "<server><serverid>3</serverid><siteid>#</siteid></server>"),
    ("site", inventory.list_workstations(7),
     "<workstation><workstationid>3</workstationid><SiteID>#</SiteID></workstation>"),
    ("device", devices.list_device_monitoring_details(7), "<server><id>#</id></server>"),
    ("device", devices.list_device_asset_details(7),
     "<client>C</client><deviceid>#</deviceid>"),
    ("device", devices.list_checks(7),
     "<check><checkid>3</checkid><deviceid>#</deviceid></check>"),
    ("client", devices.list_failing_checks(7), FAILING.replace("{}", "")),
    ("asset", devices.list_all_software(7),
     "<software><softwareid>3</softwareid><assetid>#</assetid></software>"),
    ("asset", devices.list_all_hardware(7),
     "<hardware><hardwareid>3</hardwareid><assetid>#</assetid></hardware>"),
    ("device", patches.list_patches(7), PATCH.replace("{}", "<deviceid>#</deviceid>")),
]  # fmt: skip
IDS = [f"{operation.name}-{place}" for place, (_, operation, _) in enumerate(QUESTIONS)]
BARE = {"list_device_monitoring_details", "list_device_asset_details"}


def answer_to(operation: Operation[Any], inside: str, number: int) -> Response:
    inside = inside.replace("#", str(number))
    if operation.name == "patch_list_all":
        body = f"<patches>{inside}</patches>"
    elif operation.name in BARE:
        body = f'<result status="OK">{inside}</result>'
    else:
        body = f'<result status="OK"><items>{inside}</items></result>'
    return Response(200, {}, (HEAD + body).encode())


def told(operation: Operation[Any], response: Response) -> Any:
    """Let a call be answered, without a wire and without repeating it."""
    flow = exchange(
        operation, CallPolicy(vendor=VENDOR, rate_limit=NoRateLimit(), retries=Retries(attempts=1))
    )
    next(flow)
    try:
        flow.send(response)
    except StopIteration as end:
        return end.value
    raise AssertionError("the flow goes on")


@pytest.mark.parametrize(("what", "operation", "inside"), QUESTIONS, ids=IDS)
@pytest.mark.parametrize("other", [8, 70, 17, 1])
def test_an_answer_about_another(
    what: str, operation: Operation[Any], inside: str, other: int
) -> None:
    told(operation, answer_to(operation, inside, 7))
    told(if_changed(operation, None), answer_to(operation, inside, 7))
    for asked in (operation, if_changed(operation, None)):
        with pytest.raises(Unreadable, match=f"is about {what} {other}, not 7") as caught:
            told(asked, answer_to(operation, inside, other))
        assert caught.value.operation == operation.name
        asked_for = ", ".join(" ".join(pair) for pair in operation.request.query[1:])
        assert caught.value.sentence.startswith(f"{operation.name} ({asked_for}): the answer is")
        assert caught.value.transient
