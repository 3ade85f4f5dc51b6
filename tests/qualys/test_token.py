"""The login: the form that asks for a token, the answers that are one, and how long it lives."""

import base64
import pickle

import pytest
from replying import reply

from patchfleet.errors import ConfigError, Unreadable
from patchfleet.qualys import TokenAuth
from patchfleet.qualys.auth import LIFETIME_SECONDS
from patchfleet.transport.credentials import with_credentials
from patchfleet.transport.login import AccessToken
from patchfleet.transport.messages import Response

AUTH = TokenAuth("user name&x", "p&ss=wörd", "eu1")


def granted(response: Response) -> AccessToken:
    login = AUTH.endpoint.login
    assert login is not None
    return login.operation.parse(response)


def token_with(claims: str) -> Response:
    middle = base64.urlsafe_b64encode(claims.encode()).rstrip(b"=")
    return Response(201, {}, b"head." + middle + b".sign")


def test_the_form_is_complete_and_the_request_holds_no_password() -> None:
    login = AUTH.endpoint.login
    assert login is not None
    request = login.operation.request
    assert (request.method, request.path) == ("POST", "/auth")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body == b"username=user+name%26x&token=true&permissions=true"
    sent = with_credentials(request, AUTH.endpoint)
    assert sent.content == request.body + b"&password=p%26ss%3Dw%C3%B6rd"
    assert "Authorization" not in sent.headers
    assert str(sent.url).rstrip("/") == "https://gateway.qg1.apps.qualys.eu"


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("auth/token", "head.eyJleHAiOjE0NDAwLCJpYXQiOjB9.sign"),
        ("auth/in_quotes", "head.eyJzdWIiOiJ1In0.sign"),
    ],
)
def test_the_whole_answer_is_the_token(name: str, token: str) -> None:
    assert granted(reply(name, status=201)).token.reveal() == token


@pytest.mark.parametrize(
    "body",
    [b"", b"a.b", b"a.b.c d", b"a..c", b'{"v":"1.2.3"}', b"<p>a.b.c</p>", b"\xff.b.c", b"a.b.c.d"],
)
def test_an_answer_that_is_no_token_is_not_repeated_in_the_error(body: bytes) -> None:
    with pytest.raises(Unreadable, match="not a token") as caught:
        granted(Response(200, {}, body))
    assert caught.value.sample == ""


def test_a_sentence_is_no_token() -> None:
    with pytest.raises(Unreadable, match="not a token"):
        granted(reply("auth/sentence"))


@pytest.mark.parametrize(
    ("claims", "seconds"),
    [
        ('{"iat": 1000, "exp": 4600}', 3600.0),
        ('{"iat": 0, "exp": 999999}', LIFETIME_SECONDS),
        ('{"exp": 4600}', LIFETIME_SECONDS),
        ('{"iat": 5000, "exp": 4600}', LIFETIME_SECONDS),
        ('{"iat": "then", "exp": "now"}', LIFETIME_SECONDS),
        ('{"iat": 0, "exp": 1' + "0" * 400 + "}", LIFETIME_SECONDS),
        ('{"iat": 0.5, "exp": 1e300}', LIFETIME_SECONDS),
        ('{"iat": 0, "exp": ' + "[" * 100_000 + "]" * 100_000 + "}", LIFETIME_SECONDS),
        ("[" * 100_000, LIFETIME_SECONDS),
        ("no claims", LIFETIME_SECONDS),
        ("[]", LIFETIME_SECONDS),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_token_lives_as_long_as_it_says_and_four_hours_at_most(
    claims: str, seconds: float
) -> None:
    assert granted(token_with(claims)).lifetime_seconds == seconds


def test_an_account_shows_no_password_and_is_not_written_down() -> None:
    assert repr(AUTH) == "TokenAuth('user name&x', ***, 'https://gateway.qg1.apps.qualys.eu')"
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(AUTH)


@pytest.mark.parametrize(
    "settings",
    [{"timeout": 0}, {"connections": 0}, {"rate_limit": 0}, {"retries": -1}],
)
def test_settings_that_cannot_work_are_refused_before_a_call(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        TokenAuth("user", "password", **settings)  # type: ignore[arg-type]


def test_a_setting_there_is_not() -> None:
    with pytest.raises(TypeError, match="no setting called 'time_out'"):
        TokenAuth("user", "password", time_out=5)  # type: ignore[call-arg]
