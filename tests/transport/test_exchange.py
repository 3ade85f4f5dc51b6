"""`exchange` driven by hand: what it sends, how long it waits, when it gives up. No network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from patchfleet.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import Operation, Pause
from patchfleet.transport.rate_limit import NoRateLimit, RateLimit
from patchfleet.transport.retry import Retries

NOW = datetime(2026, 11, 13, 7, tzinfo=UTC)
OK = Response(200, {}, b"fine")


class World:
    """A clock that only pauses move, and a die that always shows the same."""

    def __init__(self, *, chance: float = 0.5, **call_policy: Any) -> None:
        self.seconds = 100.0
        self.steps: list[Request | Pause] = []
        self.call_policy = CallPolicy(
            vendor="Vendor",
            clock=lambda: self.seconds,
            now=lambda: NOW,
            chance=lambda: chance,
            **{"rate_limit": NoRateLimit(), **call_policy},
        )

    def drive(self, work: Any, outcomes: Sequence[Response | NoResponse]) -> Any:
        """Answer each request with the next outcome; return the result or let the error out."""
        flow = exchange(work, self.call_policy)
        left = list(outcomes)
        outcome: Response | NoResponse | None = None
        try:
            while True:
                step = flow.send(outcome)
                self.steps.append(step)
                if isinstance(step, Pause):
                    self.seconds += step.seconds
                    outcome = None
                else:
                    outcome = left.pop(0)
        except StopIteration as end:
            assert not left, "not all outcomes were asked for"
            return end.value

    @property
    def pauses(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Pause)]

    @property
    def sent(self) -> int:
        return sum(isinstance(step, Request) for step in self.steps)


def operation(*, repeatable: bool = True, name: str = "a_call") -> Operation[bytes]:
    return Operation(name, Request(path=f"/{name}"), lambda answer: answer.body, repeatable)


def refused(**headers: str) -> Response:
    return Response(429, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def test_an_answer_is_parsed_and_nothing_waits() -> None:
    world = World()
    assert world.drive(operation(), [OK]) == b"fine"
    assert world.steps == [Request(path="/a_call")]


def test_waits_grow_and_are_drawn_below_their_ceiling() -> None:
    world = World(chance=0.5, retries=Retries(first_wait_seconds=2, longest_wait_seconds=5))
    with pytest.raises(VendorBroken):
        world.drive(operation(), [Response(500, {}, b"")] * 4)
    assert world.pauses == [1.0, 2.0, 2.5]


def test_giving_up_says_how_often_it_was_tried() -> None:
    world = World()
    with pytest.raises(VendorBroken) as caught:
        world.drive(operation(), [Response(502, {}, b"")] * 4)
    assert world.sent == 4
    assert caught.value.__notes__ == ["tried 4 times"]
    assert (caught.value.vendor, caught.value.operation) == ("Vendor", "a_call")


def test_one_attempt_says_nothing_of_tries() -> None:
    world = World(retries=Retries(attempts=1))
    with pytest.raises(RateLimited) as caught:
        world.drive(operation(), [refused()])
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "Fri, 13 Nov 2026 07:01:00 GMT"}, 60.0),
        # Measured against the server's own clock where it tells it, for ours may be wrong.
        (
            {
                "retry_after": "Fri, 13 Nov 2026 09:01:30 GMT",
                "date": "Fri, 13 Nov 2026 09:01:00 GMT",
            },
            30.0,
        ),
        ({"retry_after": "Fri, 13 Nov 2026 06:00:00 GMT"}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_a_floor(headers: dict[str, str], seconds: float, status: int) -> None:
    world = World(chance=0.25, retries=Retries(first_wait_seconds=2))
    answer = Response(status, refused(**headers).headers, b"")
    assert world.drive(operation(), [answer, OK]) == b"fine"
    assert world.pauses == [seconds + 0.5]


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "٣", "Fri, 99 Nov 2026", "3.5"])
def test_a_retry_after_that_says_nothing_is_as_if_absent(text: str) -> None:
    world = World(chance=0.5, retries=Retries(first_wait_seconds=2))
    assert world.drive(operation(), [refused(retry_after=text), OK]) == b"fine"
    assert world.pauses == [1.0]


def test_a_retry_after_beyond_all_patience_ends_the_call() -> None:
    world = World(retries=Retries(longest_retry_after_seconds=60))
    with pytest.raises(RateLimited) as caught:
        world.drive(operation(), [refused(retry_after="61")])
    assert caught.value.retry_after_seconds == 61
    assert "for 61 seconds" in str(caught.value)
    assert world.pauses == []


def test_a_retry_after_holds_everybody_who_shares_the_pace() -> None:
    rate_limit = RateLimit(100, seconds=1)
    world = World(rate_limit=rate_limit, retries=Retries(attempts=1))
    with pytest.raises(RateLimited):
        world.drive(operation(), [refused(retry_after="30")])
    world.drive(operation(name="another"), [OK])
    assert world.pauses == [30.0]


def test_a_retry_after_of_a_day_does_not_hang_the_next_call_for_a_day() -> None:
    world = World(
        rate_limit=RateLimit(100, seconds=1), retries=Retries(longest_retry_after_seconds=60)
    )
    with pytest.raises(RateLimited):
        world.drive(operation(), [refused(retry_after="86400")])
    world.drive(operation(), [OK])
    assert world.pauses == [60.0]


def test_whoever_waits_for_the_pace_waits_longer_when_the_vendor_asks() -> None:
    rate_limit = RateLimit(1, seconds=10)
    world = World(rate_limit=rate_limit)
    rate_limit.take(world.seconds)
    flow = exchange(operation(), world.call_policy)
    assert flow.send(None) == Pause(10.0)
    rate_limit.hold(world.seconds + 25)
    world.seconds += 10
    assert flow.send(None) == Pause(15.0)
    world.seconds += 15
    assert isinstance(flow.send(None), Request)


@pytest.mark.parametrize(
    ("outcome", "repeatable", "tries"),
    [
        # Surely not done: anything may be repeated.
        (NoResponse("no connection", "refused"), False, 4),
        # Nobody knows, whatever the status says: only what may happen twice.
        (Response(429, {}, b""), True, 4),
        (Response(429, {}, b""), False, 1),
        (Response(503, {}, b""), True, 4),
        (Response(503, {}, b""), False, 1),
        (NoResponse("broke", "unknown"), True, 4),
        (NoResponse("broke", "unknown"), False, 1),
        (Response(500, {}, b""), True, 4),
        (Response(500, {}, b""), False, 1),
        (Response(502, {}, b""), False, 1),
        (Response(504, {}, b""), False, 1),
        # Repeating cannot help.
        (NoResponse("the certificate is not trusted", "refused", is_transient=False), True, 1),
        (Response(301, {}, b""), True, 1),
        (Response(302, {}, b""), True, 1),
        (Response(400, {}, b""), True, 1),
        (Response(401, {}, b""), True, 1),
        (Response(403, {}, b""), True, 1),
        (Response(404, {}, b""), True, 1),
    ],
)
def test_only_what_is_repeatable_is_repeated(
    outcome: Response | NoResponse, repeatable: bool, tries: int
) -> None:
    world = World()
    with pytest.raises(VendorError):
        world.drive(operation(repeatable=repeatable), [outcome] * tries)
    assert world.sent == tries


@pytest.mark.parametrize(
    ("error", "repeatable", "tries"),
    [
        (Unreadable("cut short"), True, 4),
        (Unreadable("cut short"), False, 1),
        (Unreadable("hostile", transient=False), True, 1),
        (Rejected("no", code=4), True, 1),
        (Unauthorized("login failed"), True, 1),
    ],
)
def test_what_a_parser_raises_is_judged_alike(
    error: VendorError, repeatable: bool, tries: int
) -> None:
    def parse(_: Response) -> bytes:
        raise error

    world = World()
    with pytest.raises(type(error)) as caught:
        world.drive(Operation("a_call", Request(path="/"), parse, repeatable), [OK] * tries)
    assert caught.value is error
    assert (error.vendor, error.operation) == ("Vendor", "a_call")
    assert world.sent == tries


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, VendorBroken),
        (307, VendorBroken),
        (400, Rejected),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (405, Rejected),
        (418, Rejected),
        (429, RateLimited),
        (500, VendorBroken),
        (503, VendorBroken),
        (599, VendorBroken),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[VendorError]) -> None:
    world = World(retries=Retries(attempts=1))
    with pytest.raises(VendorError) as caught:
        world.drive(operation(), [Response(status, {}, b"")])
    assert type(caught.value) is kind
    assert f"HTTP {status}" in str(caught.value)


def test_a_lost_answer_keeps_its_words_and_its_fate() -> None:
    world = World(retries=Retries(attempts=1))
    with pytest.raises(Unreachable, match="the line is down") as caught:
        world.drive(operation(), [NoResponse("the line is down", "refused")])
    assert caught.value.fate == "refused"


def test_hints_of_the_vendor_stand_where_the_error_has_none() -> None:
    world = World(
        retries=Retries(attempts=1), hints={Unauthorized: "look at the key", Rejected: "unused"}
    )
    with pytest.raises(Unauthorized) as caught:
        world.drive(operation(), [Response(401, {}, b"")])
    assert caught.value.hint == "look at the key"

    def parse(_: Response) -> bytes:
        raise Rejected("no", hint="its own")

    with pytest.raises(Rejected) as rejected:
        world.drive(Operation("a_call", Request(path="/"), parse), [OK])
    assert rejected.value.hint == "its own"


def test_each_try_takes_a_place_in_the_pace() -> None:
    world = World(rate_limit=RateLimit(1, seconds=60), retries=Retries(first_wait_seconds=0))
    world.drive(operation(), [Response(500, {}, b""), Response(500, {}, b""), OK])
    assert world.pauses == [0.0, 60.0, 0.0, 60.0]


def test_a_mistake_of_a_parser_is_not_taken_for_the_vendors() -> None:
    def parse(_: Response) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        World().drive(Operation("a_call", Request(path="/"), parse), [OK])


def test_reprs_show_neither_query_nor_headers_nor_body() -> None:
    request = Request(path="/api/", query=(("q", "hidden"),), headers={"h": "hidden"}, body=b"hid")
    assert repr(request) == "Request(GET /api/)"
    assert repr(Response(200, {"h": "hidden"}, b"hidden")) == "Response(200, 6 bytes)"
