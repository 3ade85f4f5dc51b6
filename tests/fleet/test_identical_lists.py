"""A list that is to the letter that of another device is asked for again, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.fleet import NSightSource
from patchfleet.fleet.source import DeviceListing
from patchfleet.models import Device
from patchfleet.nsight import NAble
from patchfleet.transport.messages import NO_CONNECTION, Request, Response

ROW = (
    "<patch><patchid>{0}</patchid><patch>Update {0}</patch><status>1</status><policy>0</policy>"
    "</patch>"
)


def listed(numbers: tuple[int, ...]) -> bytes:
    rows = "".join(ROW.format(number) for number in numbers)
    return f'<?xml version="1.0" encoding="ISO-8859-1"?><patches>{rows}</patches>'.encode()


class Wire:
    """Answers what each device lists; over old connections one is given the list of another.

    `mixed` says of the n-th call over an old connection which device's list it gets.
    """

    connections = 1

    def __init__(self, lists: list[tuple[int, ...]], mixed: dict[int, int]) -> None:
        self.lists, self.mixed = lists, mixed
        self.old = 0
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        device = int(dict(request.query)["deviceid"])
        if request.instead_of != NO_CONNECTION:
            device = self.mixed.get(self.old, device)
            self.old += 1
        return Response(200, {}, listed(self.lists[device]))

    def close(self) -> None:
        """Hold nothing."""


def source_over(wire: Wire) -> NSightSource:
    client = NAble("uk", "key", rate_limit=None)
    client._wire = wire  # type: ignore[assignment]
    return NSightSource(client)


def device_of(number: int) -> Device:
    return Device(
        id=str(number), site_id="1", customer_id="1", name=f"D{number}", kind="server",
        is_patched=True,
    )  # fmt: skip


LISTS = st.lists(st.lists(st.integers(1, 4), unique=True, max_size=2).map(tuple), min_size=1)


def read(
    lists: list[tuple[int, ...]], known: dict[str, str], mixed: dict[int, int]
) -> tuple[dict[int, DeviceListing], Wire]:
    made = Wire(lists, mixed)
    calls: list[None] = []
    told: dict[int, DeviceListing] = {}
    for device, answer in source_over(made).listings(
        [device_of(number) for number in range(len(lists))],
        known,
        at_once=1,
        on_call=lambda: calls.append(None),
    ):
        assert isinstance(answer, DeviceListing)
        told[int(device.id)] = answer
    assert len(calls) == len(made.sent)
    return told, made


def check(told: dict[int, DeviceListing], lists: list[tuple[int, ...]]) -> None:
    for number, numbers in enumerate(lists):
        assert [finding.id for finding in told[number].findings or ()] == list(map(str, numbers))


@given(LISTS)
def test_the_list_of_the_device_before_is_not_taken_for_its_own(
    lists: list[tuple[int, ...]],
) -> None:
    """Each answer comes twice, so that each device gets that of the one before."""
    told, _ = read(lists, {}, {number: number - 1 for number in range(1, len(lists))})
    check(told, lists)


@given(st.data())
def test_a_device_that_is_given_the_list_of_another_gets_its_own(data: st.DataObject) -> None:
    """Whichever is asked first: the other one's own answer makes it doubtful."""
    lists = data.draw(st.lists(st.integers(1, 50).map(lambda n: (n,)), min_size=2, unique=True))
    one = data.draw(st.integers(0, len(lists) - 1))
    other = data.draw(st.integers(0, len(lists) - 1))
    told, _ = read(lists, {}, {one: other})
    check(told, lists)


@given(LISTS)
def test_lists_that_are_rightly_alike_cost_a_call_more_each(lists: list[tuple[int, ...]]) -> None:
    told, made = read(lists, {}, {})
    shared = {one for one in lists if lists.count(one) > 1}
    assert len(made.sent) == len(lists) + len(lists) - len(set(lists)) + len(shared)
    known = {str(number): listing.fingerprint or "" for number, listing in told.items()}
    again, made = read(lists, known, {})
    assert len(made.sent) == len(lists), "what is on record as its own is known again"
    assert all(listing.findings is None for listing in again.values())


@pytest.mark.parametrize("is_once", [True, False])
def test_a_list_that_became_empty_is_asked_for_again(is_once: bool) -> None:
    lists: list[tuple[int, ...]] = [(1,), (2,), ()]
    told, _ = read(lists, {}, {})
    known = {str(one): listing.fingerprint or "" for one, listing in told.items()}
    lists = [(1,), (2,), ()] if is_once else [(1,), (), ()]
    told, made = read(lists, known, {1: 2})
    asked = [int(dict(request.query)["deviceid"]) for request in made.sent]
    assert asked.count(1) == 2
    assert asked.count(2) == (1 if is_once else 2), "its list is now that of another device too"
    assert told[1].findings == (None if is_once else [])


@pytest.mark.parametrize("number", [0, 1])
def test_what_changed_into_that_of_another_device_is_asked_for_again(number: int) -> None:
    told, _ = read([(1,), (2,)], {}, {})
    known = {str(one): listing.fingerprint or "" for one, listing in told.items()}
    changed = [(1,), (2,)]
    changed[number] = changed[1 - number]
    told, made = read(changed, known, {})
    asked = [int(dict(request.query)["deviceid"]) for request in made.sent]
    assert asked.count(number) == 2
    assert told[number].findings is not None
