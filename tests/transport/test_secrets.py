"""A server may repeat the secret it was sent, in any spelling: none of them comes back."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

from patchfleet.config import Secret
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.login import AccessToken, Login
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Operation

AWKWARD = "a/b c+d&e=ü%41"


def test_a_server_that_repeats_the_key_in_any_spelling_is_not_believed(
    send: Any, scripted: Any, every_log: io.StringIO
) -> None:
    spellings = [AWKWARD, quote(AWKWARD), quote(AWKWARD, safe=""), quote_plus(AWKWARD)]
    body = " | ".join(spellings).encode()
    head = b"HTTP/1.1 200 OK\r\nX-Asked: %b\r\nLocation: /?apikey=%b\r\nContent-Length: %d\r\n\r\n"
    server = scripted(
        head % (quote(AWKWARD).encode(), quote_plus(AWKWARD).encode(), len(body)) + body
    )
    line = Endpoint(server.url, secret_query={"apikey": Secret(AWKWARD)})
    answer = send(line, Request(path="/api/", query=(("service", "x"),)))
    assert isinstance(answer, Response)
    assert answer.body == b"*** | *** | *** | ***"
    assert answer.headers["x-asked"] == "***"
    assert answer.headers["location"] == "/?apikey=***"
    for spelled in spellings:
        assert spelled not in every_log.getvalue()


def account() -> Login:
    """Return the account of a test, with a password that is awkward to spell."""
    request = Request(path="/auth", method="POST", is_login=True, body=b"username=u")
    granted: Operation[AccessToken] = Operation(
        "auth", request, lambda _: AccessToken(Secret("x"), 1)
    )
    return Login({"password": Secret(AWKWARD)}, granted)


def repeating(what: str) -> Callable[[bytes], bytes]:
    """Answer 500 with a text in the headers and in the body."""
    body = f"you said {what}".encode()
    head = f"HTTP/1.1 500 Oops\r\nX-Said: {what}\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda _: head.encode() + body


def test_a_server_that_repeats_the_token_is_not_believed(
    send: Any, scripted: Any, every_log: io.StringIO
) -> None:
    login = account()
    login.granted(AccessToken(Secret("head.token-of-a-test.sign"), 1000), 0)
    server = scripted(repeating("head.token-of-a-test.sign"))
    answer = send(Endpoint(server.url, login=login), Request(path="/pm/v1/details"))
    assert b"Authorization: Bearer head.token-of-a-test.sign" in server.heads[0]
    assert answer.body == b"you said ***"
    assert answer.headers["x-said"] == "***"
    assert "token-of-a-test" not in every_log.getvalue()


def test_a_login_that_repeats_the_password_is_not_believed(
    send: Any, scripted: Any, every_log: io.StringIO
) -> None:
    spelled = quote_plus(AWKWARD)
    server = scripted(repeating(spelled))
    login = account()
    answer = send(Endpoint(server.url, login=login), login.operation.request)
    assert b"Authorization" not in server.heads[0]
    assert answer.body == b"you said ***"
    assert answer.headers["x-said"] == "***"
    for said in (AWKWARD, spelled):
        assert said not in every_log.getvalue()
