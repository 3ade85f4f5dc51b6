"""Qualys account, platform, access token and the settings of its calls.

Creating a `TokenAuth` sends nothing. The first call logs in (`POST /auth` on the gateway, form
encoded, answered by the token itself [D: jwt]). The token is renewed before it expires after four
hours [D: jwt], and once if the server refuses it earlier.
"""

import base64
import binascii
import re
import weakref
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

import msgspec

from patchfleet._renamed import former, renamed
from patchfleet._renamed.lookup import current_keywords
from patchfleet._renamed.members import FormerMembers
from patchfleet.config import Secret
from patchfleet.decodable import decodable
from patchfleet.errors import (
    ConfigError,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorError,
    WindowExceeded,
)
from patchfleet.qualys.envelope import explain
from patchfleet.qualys.platforms import gateway_of, overridden
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.login import AccessToken, Login
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Operation
from patchfleet.transport.rate_limit import NoRateLimit, RateLimit, RateLimiter, whole_calls
from patchfleet.transport.retry import Retries
from patchfleet.version import __version__

VENDOR = "Qualys"
LIFETIME_SECONDS = 4 * 3600.0
"""Lifetime of a token [D: jwt]."""
_TOKEN = re.compile(r"[A-Za-z0-9_=-]+(?:\.[A-Za-z0-9_=-]+){2}")
"""A JWT: three parts in base64url (RFC 7515 §3.1)."""
PATIENCE = 10
"""Attempts at a call that is rate limited without a wait time: some minutes in all."""

HINTS: dict[type[VendorError], str] = {
    Unauthorized: "check the username, the password and the platform: an account has one only",
    Forbidden: "the account needs the permission PM.API.ACCESS; a free licence has no API",
    NotFound: "it may have been deleted, or this account does not see it",
    RateLimited: "the limit is per subscription and hour; set `rate_limit` below it",
    Unreachable: "check the platform, the network and the proxy",
    WindowExceeded: "narrow it down with a query",
}


class Closable(Protocol):
    """The methods that an account needs of its client."""

    @property
    def closer(self) -> Callable[[], None]:
        """Return a function that closes the connections and does not refer to the client."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


C = TypeVar("C", bound=Closable)


class ClientOptions(TypedDict, total=False):
    """The settings of an account's calls.

    `timeout` bounds one call in seconds (120). `rate_limit` is calls per hour (None: no limit on
    this side) or a `RateLimiter`; `retries` is the number of repeats of a call (3) or a `Retries`.
    `proxy` is an address, "" for none, None for the environment's; `ca_file` is a PEM file to trust
    instead of the system's authorities; `connections` is the number of calls in flight (16).
    `allow_http` permits plain http to other machines than this one. `journal` records changes, as
    `store.journal` does.
    """

    timeout: float
    rate_limit: RateLimiter | float | None
    retries: Retries | int
    user_agent: str | None
    proxy: str | None
    ca_file: str | None
    connections: int
    allow_http: bool
    journal: ChangeJournal | None


class TokenAuth(FormerMembers):
    """One Qualys account: `TokenAuth(username, password, platform="qg1")`.

    `platform` is a pod (qg1 … ksa1); `override_platform` replaces its addresses, as
    `{"gateway_url": …, "api_url": …, "qualysguard_url": …}`, of which only the first is called. All
    clients, threads and tasks with the same `TokenAuth` share one token. Raises `ConfigError` for
    unusable settings, and never shows the password.
    """

    def __init__(
        self,
        username: str,
        password: str | Secret,
        platform: str = "qg1",
        *,
        override_platform: Mapping[str, str] | None = None,
        **settings: Unpack[ClientOptions],
    ) -> None:
        settings = current_keywords("qualys.auth:ClientOptions", settings)
        for name in settings.keys() - ClientOptions.__annotations__.keys():
            raise TypeError(f"an account has no setting called '{name}'")
        self.username = str(username or "").strip()
        self.platform = platform
        secret = password if isinstance(password, Secret) else Secret(password or "")
        if not self.username or not secret:
            raise ConfigError(
                "the username or the password is empty",
                hint="the account needs the permission to use the API",
            )
        base_url = (
            overridden(override_platform, allow_http=settings.get("allow_http", False))
            if override_platform
            else gateway_of(platform)
        )
        login = Login({"password": secret}, _login(self.username), self.username)
        self.endpoint = _endpoint(base_url, login, settings)
        self.call_policy = _call_policy(login, settings)
        self._lock = Lock()
        self._client: Any = None

    @property
    def gateway_url(self) -> str:
        """The address that calls go to."""
        return self.endpoint.base_url

    @property
    def client(self) -> Any:
        """Return the client of this account: the former name of `client_of(auth)`."""
        return former("qualys.auth:TokenAuth.client", "qualys.client:client_of")(self)

    def shared_client(self, make: Callable[["TokenAuth"], C]) -> C:
        """Return the client that all functions share; `make` creates it at the first call."""
        with self._lock:
            if self._client is None:
                made = make(self)
                self._client = made
                # A script that drops its last reference to an account must not leak connections.
                weakref.finalize(self, made.closer)
            shared: C = self._client
            return shared

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        if self._client is not None:
            self._client.close()

    def __repr__(self) -> str:
        return f"TokenAuth({self.username!r}, ***, {self.gateway_url!r})"

    def __reduce__(self) -> str:
        raise TypeError("an account is not written down: it holds a password")


def _endpoint(base_url: str, login: Login, settings: ClientOptions) -> Endpoint:
    return Endpoint(
        base_url=base_url,
        login=login,
        headers={
            "User-Agent": settings.get("user_agent") or f"Patchfleet/{__version__}",
            "Accept": "application/json",
        },
        timeout_seconds=settings.get("timeout", 120.0),
        proxy=settings.get("proxy"),
        ca_file=settings.get("ca_file"),
        connections=settings.get("connections", 16),
    )


def _call_policy(login: Login, settings: ClientOptions) -> CallPolicy:
    rate_limit = settings.get("rate_limit")
    if isinstance(rate_limit, int | float):
        calls, seconds = whole_calls(rate_limit, 3600)
        rate_limit = RateLimit(calls, seconds=seconds)
    retries = settings.get("retries", 3)
    if not isinstance(retries, Retries):
        patience = PATIENCE if retries else 1
        retries = Retries(attempts=retries + 1, limited_attempts=patience, longest_wait_seconds=60)
    return CallPolicy(
        vendor=VENDOR,
        rate_limit=rate_limit or NoRateLimit(),
        retries=retries,
        hints=HINTS,
        login=login,
        explain=explain,
        journal=settings.get("journal"),
    )


def _login(username: str) -> Operation[AccessToken]:
    """Return the call that logs in; the password is added when the request is sent.

    `token` and `permissions` must be true for patch management [D: jwt].
    """
    from urllib.parse import urlencode

    form = urlencode({"username": username, "token": "true", "permissions": "true"})
    request = Request(
        method="POST",
        path="/auth",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"},
        body=form.encode(),
        is_login=True,
    )
    return Operation("auth", request, _granted)


def _granted(response: Response) -> AccessToken:
    """Read the token: the whole body, which one client has seen in quotation marks [O: ax].

    The error does not quote the body, which may be a token after all.
    """
    token = response.body.decode("ascii", "replace").strip().strip('"')
    if not _TOKEN.fullmatch(token):
        raise Unreadable("the answer to the login is not a token")
    return AccessToken(Secret(token), _lifetime(token.split(".")[1]))


def _lifetime(claims: str) -> float:
    """Return a token's lifetime by its own claims, so that only the server's clock counts."""
    try:
        text = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
        values = msgspec.json.decode(text, type=decodable(dict[str, object]))
    except (binascii.Error, ValueError, RecursionError, msgspec.DecodeError):
        return LIFETIME_SECONDS
    until, since = values.get("exp"), values.get("iat")
    if not isinstance(until, int | float) or not isinstance(since, int | float) or until <= since:
        return LIFETIME_SECONDS
    return float(min(until - since, LIFETIME_SECONDS))


__getattr__ = renamed(__name__)
