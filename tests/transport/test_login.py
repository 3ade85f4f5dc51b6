"""One token for everybody: who logs in, who waits, when it is renewed, what a refusal means.

By hand, with a clock that is passed in, and then by 50 threads and 50 tasks against the emulator.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from patchfleet.config import Secret
from patchfleet.emulator import Emulator, Host
from patchfleet.errors import Unauthorized, Unreachable, VendorBroken
from patchfleet.qualys import AsyncQualys, Qualys, TokenAuth
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.login import LOOK_AGAIN_SECONDS, AccessToken, Login
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import Operation, Pause
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

OK = Response(200, {}, b"fine")
REFUSED = Response(401, {}, b"")
LIFE = 1000.0


class Account:
    """A login whose tokens are counted, and a clock that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.granted = 0
        self.life = LIFE
        request = Request(path="/auth", method="POST", is_login=True)
        self.login = Login({"password": Secret("hunter2")}, Operation("auth", request, self._read))
        self.call_policy = CallPolicy(
            "Vendor",
            rate_limit=NoRateLimit(),
            retries=Retries(attempts=1),
            login=self.login,
            clock=lambda: self.seconds,
            chance=lambda: 0.0,
        )

    def _read(self, _: Response) -> AccessToken:
        self.granted += 1
        return AccessToken(Secret(f"token {self.granted}"), self.life)

    def flow(self) -> Any:
        return exchange(
            Operation("a_call", Request(path="/call"), lambda r: r.body), self.call_policy
        )

    def token(self) -> str | None:
        return self.login.token.reveal() if self.login.token else None


@pytest.fixture
def account() -> Account:
    return Account()


def path(step: Any) -> str:
    assert isinstance(step, Request)
    return step.path


def ended(flow: Any, outcome: Any) -> Any:
    with pytest.raises(StopIteration) as end:
        flow.send(outcome)
    return end.value.value


def test_it_logs_in_at_the_first_call_and_not_at_the_second(account: Account) -> None:
    flow = account.flow()
    assert path(next(flow)) == "/auth"
    assert path(flow.send(OK)) == "/call"
    assert account.token() == "token 1"
    assert ended(flow, OK) == b"fine"
    assert path(next(account.flow())) == "/call"


def test_the_others_wait_while_one_logs_in(account: Account) -> None:
    first, second = account.flow(), account.flow()
    assert path(next(first)) == "/auth"
    assert next(second) == Pause(LOOK_AGAIN_SECONDS)
    assert path(first.send(OK)) == "/call"
    assert path(second.send(None)) == "/call"
    assert account.granted == 1


def test_it_is_renewed_before_it_dies_and_the_others_go_on(account: Account) -> None:
    flow = account.flow()
    next(flow)
    flow.send(OK)
    account.seconds = LIFE * 0.89
    assert path(next(account.flow())) == "/call"
    account.seconds = LIFE * 0.91
    renewing, other = account.flow(), account.flow()
    assert path(next(renewing)) == "/auth"
    assert path(next(other)) == "/call", "the old token lives"
    renewing.send(OK)
    assert account.token() == "token 2"
    account.seconds = LIFE * 3
    assert path(next(account.flow())) == "/auth", "no clock is too late"


@pytest.mark.parametrize("life", [0.0, 1e-9, -1.0, 0.5])
def test_a_token_of_no_life_is_good_for_the_call_it_was_granted_for(
    account: Account, life: float
) -> None:
    account.life = life
    for number in (1, 2):
        account.seconds += 1
        flow = account.flow()
        assert path(next(flow)) == "/auth"
        assert path(flow.send(OK)) == "/call"
        assert account.token() == f"token {number}"
        assert ended(flow, OK) == b"fine"


def test_a_refused_call_logs_in_once_more_and_only_once(account: Account) -> None:
    flow = account.flow()
    next(flow)
    flow.send(OK)
    assert path(flow.send(REFUSED)) == "/auth"
    assert path(flow.send(OK)) == "/call"
    with pytest.raises(Unauthorized):
        flow.send(REFUSED)
    assert account.granted == 2


def test_several_refused_calls_log_in_once_together(account: Account) -> None:
    flow = account.flow()
    next(flow)
    flow.send(OK)
    ended(flow, OK)
    first, second = account.flow(), account.flow()
    assert (path(next(first)), path(next(second))) == ("/call", "/call")
    assert path(first.send(REFUSED)) == "/auth"
    assert path(first.send(OK)) == "/call"
    assert path(second.send(REFUSED)) == "/call", "the token was replaced meanwhile"
    assert account.granted == 2


def test_a_refused_password_is_refused_for_everybody_for_a_while(account: Account) -> None:
    first, second = account.flow(), account.flow()
    next(first)
    assert next(second) == Pause(LOOK_AGAIN_SECONDS)
    with pytest.raises(Unauthorized):
        first.send(REFUSED)
    with pytest.raises(Unauthorized):
        second.send(None)
    with pytest.raises(Unauthorized):
        next(account.flow())
    account.seconds = 31
    assert path(next(account.flow())) == "/auth"


@pytest.mark.parametrize(
    "outcome", [Response(500, {}, b""), NoResponse("no connection", "refused")]
)
def test_a_login_that_fails_otherwise_is_tried_by_the_next(account: Account, outcome: Any) -> None:
    flow = account.flow()
    next(flow)
    with pytest.raises((VendorBroken, Unreachable)):
        flow.send(outcome)
    assert path(next(account.flow())) == "/auth"


def test_a_login_that_is_given_up_frees_its_place(account: Account) -> None:
    flow = account.flow()
    next(flow)
    flow.close()
    assert path(next(account.flow())) == "/auth"


@pytest.fixture
def host() -> Iterator[Host]:
    with Emulator(customers=1, devices=6).running() as running:
        yield running


@pytest.fixture
def auth(host: Host) -> Iterator[TokenAuth]:
    account = host.emulator.qualys
    made = TokenAuth(
        account.username,
        account.password,
        override_platform={"gateway_url": host.url},
        connections=50,
        retries=Retries(attempts=2, first_wait_seconds=0.01),
    )
    yield made
    made.close()


def logins(host: Host) -> int:
    return sum(call.service == "auth" for call in host.emulator.calls)


def test_making_an_account_calls_nothing(host: Host, auth: TokenAuth) -> None:
    Qualys(auth=auth)
    AsyncQualys(auth=auth)
    assert host.emulator.calls == []


def test_fifty_threads_log_in_once(host: Host, auth: TokenAuth) -> None:
    with Qualys(auth=auth) as client, ThreadPoolExecutor(50) as pool:
        versions = list(pool.map(lambda _: client.get_version(), range(50)))
    assert len(versions) == 50
    assert logins(host) == 1


def test_fifty_tasks_log_in_once(host: Host, auth: TokenAuth) -> None:
    async def work() -> int:
        async with AsyncQualys(auth=auth) as client:
            return len(await asyncio.gather(*(client.get_version() for _ in range(50))))

    assert asyncio.run(work()) == 50
    assert logins(host) == 1


def test_clients_of_one_account_share_its_token(host: Host, auth: TokenAuth) -> None:
    with Qualys(auth=auth) as one, Qualys(auth=auth) as other:
        one.get_version()
        other.get_version()
    assert logins(host) == 1


def test_a_token_that_dies_early_costs_one_login(host: Host, auth: TokenAuth) -> None:
    with Qualys(auth=auth) as client:
        client.get_version()
        host.emulator.advance(hours=5)
        client.get_version()
    assert logins(host) == 2


def test_fifty_threads_with_a_wrong_password_try_it_once(host: Host) -> None:
    auth = TokenAuth(
        host.emulator.qualys.username,
        "wrong-of-a-test",
        override_platform={"gateway_url": host.url},
        connections=50,
    )

    def refused(call: Callable[[], object]) -> bool:
        with pytest.raises(Unauthorized):
            call()
        return True

    with Qualys(auth=auth) as client, ThreadPoolExecutor(50) as pool:
        assert all(pool.map(lambda _: refused(client.get_version), range(50)))
    assert logins(host) == 1


def test_neither_password_nor_token_is_said_anywhere(
    host: Host, auth: TokenAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(auth), repr(vars(auth)), repr(auth.endpoint), repr(auth.call_policy)]
    with Qualys(auth=auth) as client:
        client.get_version()
        for kind in ("echo_key", "html", "garbage", "redirect"):
            host.emulator.fault(kind, times=None)
            with pytest.raises(Exception) as caught:
                client.run(
                    Operation("get_version", Request(path="/pm/v1/details"), lambda r: 1 / 0)
                )
            said += [repr(caught.value), str(vars(caught.value))]
            host.emulator.clear_faults()
        token = auth.endpoint.login.token if auth.endpoint.login else None
    assert token is not None
    said += [record.getMessage() for record in caplog.records]
    assert any("receive_response_headers" in text for text in said), "the library logs at DEBUG"
    password = host.emulator.qualys.password
    for text in said:
        assert password not in text
        assert token.reveal() not in text


def test_a_server_that_repeats_the_token_does_not_tell_it(host: Host, auth: TokenAuth) -> None:
    from patchfleet.transport.credentials import secrets_in

    with Qualys(auth=auth) as client:
        client.get_version()
    login = auth.endpoint.login
    assert login is not None
    assert login.token is not None
    asked = Request(path="/pm/v1/details")
    assert login.token.reveal().encode() in secrets_in(asked, auth.endpoint, 500)
    answer = Request(path="/auth", method="POST", is_login=True)
    assert secrets_in(answer, auth.endpoint, 201) == [], "the token is what was asked for"
    assert host.emulator.qualys.password.encode() in secrets_in(answer, auth.endpoint, 401)


def test_a_password_is_no_word_to_be_cut_out_of_data(host: Host) -> None:
    """Only an answer to a login can repeat it: `Windows` as a password changes no list."""
    from patchfleet.transport.credentials import secrets_in

    auth = TokenAuth("user", "Windows", override_platform={"gateway_url": host.url})
    assert secrets_in(Request(path="/pm/v1/patches"), auth.endpoint, 200) == []
