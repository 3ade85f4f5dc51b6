"""A list that is to the letter that of another device is asked for again, whatever it holds."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.fleet import NSightSource
from patchfleet.models import Device
from patchfleet.nsight import NAble
from patchfleet.transport.wire import NO_CONNECTION, Request, Response

ROW = (
    "<patch><patchid>{0}</patchid><patch>Update {0}</patch><status>1</status><policy>0</policy>"
    "</patch>"
)


def listed(numbers: tuple[int, ...]) -> bytes:
    rows = "".join(ROW.format(number) for number in numbers)
    return f'<?xml version="1.0" encoding="ISO-8859-1"?><patches>{rows}</patches>'.encode()


class Wire:
    """Answers what each device lists, but over old connections that of the device before."""

    connections = 1

    def __init__(self, lists: list[tuple[int, ...]], *, is_late: bool) -> None:
        self.lists, self.is_late = lists, is_late
        self.before = 0
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        device = int(dict(request.query)["deviceid"])
        is_mixed = self.is_late and request.instead_of != NO_CONNECTION
        told, self.before = (self.before if is_mixed else device), device
        return Response(200, {}, listed(self.lists[told]))

    def close(self) -> None:
        """Hold nothing."""


def source_over(wire: Wire) -> NSightSource:
    client = NAble("uk", "key", pace=None)
    client._wire = wire  # type: ignore[assignment]
    return NSightSource(client)


def device_of(number: int) -> Device:
    return Device(
        id=str(number), site_id="1", customer_id="1", name=f"D{number}", kind="server",
        is_patched=True,
    )  # fmt: skip


LISTS = st.lists(st.lists(st.integers(1, 4), unique=True, max_size=2).map(tuple), min_size=1)


def read(lists: list[tuple[int, ...]], known: dict[str, str], **wire: Any) -> tuple[Any, Any, int]:
    made = Wire(lists, **wire)
    calls: list[None] = []
    told = dict.fromkeys(range(len(lists)), None) | {
        int(device.id): answer
        for device, answer in source_over(made).listings(
            [device_of(number) for number in range(len(lists))],
            known,
            at_once=1,
            on_call=lambda: calls.append(None),
        )
    }
    assert len(calls) == len(made.sent)
    return told, made, len(calls)


@given(LISTS)
def test_the_list_of_the_device_before_is_not_taken_for_its_own(
    lists: list[tuple[int, ...]],
) -> None:
    told, _, _ = read(lists, {}, is_late=True)
    for number, numbers in enumerate(lists):
        assert [finding.id for finding in told[number].findings] == list(map(str, numbers))


@given(LISTS)
def test_lists_that_are_rightly_alike_cost_one_call_more(lists: list[tuple[int, ...]]) -> None:
    told, made, calls = read(lists, {}, is_late=False)
    assert calls == len(lists) + len(lists) - len(set(lists))
    known = {str(number): listing.fingerprint for number, listing in told.items()}
    again, _, calls = read(lists, known, is_late=False)
    assert calls == len(lists), "what is on record as its own is known again"
    assert all(listing.findings is None for listing in again.values())
    assert made.sent


@pytest.mark.parametrize("number", [0, 1])
def test_what_changed_into_that_of_another_device_is_asked_for_again(number: int) -> None:
    told, _, _ = read([(1,), (2,)], {}, is_late=False)
    known = {str(one): listing.fingerprint for one, listing in told.items()}
    changed = [(1,), (2,)]
    changed[number] = changed[1 - number]
    _, made, calls = read(changed, known, is_late=False)
    assert calls == 3
    assert re.fullmatch(str(number), dict(made.sent[number + 1].query)["deviceid"])
