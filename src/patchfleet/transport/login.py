"""One token for all threads and tasks of an account: logged in once, renewed before it dies.

Law of this file: nothing sleeps, reads a clock or sends. `exchange.py` asks what to do next, and
does it; the few lines that change anything stand under a lock, which is never held while waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from patchfleet._renamed import renamed
from patchfleet.config import Secret
from patchfleet.errors import Unauthorized
from patchfleet.transport.operation import Operation

LOOK_AGAIN_SECONDS: Final = 0.02
REFUSED_FOR_SECONDS: Final = 30.0
"""For so long a refusal holds for everybody: a wrong password tried by 500 tasks locks accounts."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a login brings: a token and how long it lives."""

    token: Secret
    lifetime_seconds: float


class Login:
    """Keep the token of one account.

    `form` is what is sent to log in, beside what is not secret; `operation` sends it and reads the
    answer. The token is renewed when less than a tenth of its life, at most five minutes, is left.
    """

    def __init__(self, form: Mapping[str, Secret], operation: Operation[AccessToken]) -> None:
        self.form = form
        self.operation = operation
        self._lock = Lock()
        self._token: Secret | None = None
        self._renew_at = self._dies_at = float("-inf")
        self._is_busy = False
        self._refusal: tuple[float, str, str | None] | None = None

    @property
    def token(self) -> Secret | None:
        """The token that calls carry now."""
        return self._token

    def take(self, now: float) -> Literal["go on", "log in", "wait"]:
        """Say what whoever wants to call does now; who is told to log in must say how it went.

        Raises `Unauthorized` where the account was refused a moment ago.
        """
        with self._lock:
            if now < self._renew_at or (self._is_busy and now < self._dies_at):
                return "go on"
            if self._is_busy:
                return "wait"
            if self._refusal is not None and now < self._refusal[0]:
                raise Unauthorized(self._refusal[1], hint=self._refusal[2])
            self._is_busy = True
            return "log in"

    def granted(self, granted: AccessToken, now: float) -> None:
        """Keep a new token."""
        with self._lock:
            self._token = granted.token
            self._dies_at = now + granted.lifetime_seconds
            self._renew_at = self._dies_at - min(300.0, granted.lifetime_seconds / 10)
            self._refusal = None
            self._is_busy = False

    def failed(self, error: BaseException, now: float) -> None:
        """Let the next one try, unless the account itself was refused."""
        with self._lock:
            self._is_busy = False
            if isinstance(error, Unauthorized):
                self._refusal = (now + REFUSED_FOR_SECONDS, error.message, error.hint)

    def forget(self, token: Secret | None) -> None:
        """Give up a token that was refused, unless it has been replaced already."""
        with self._lock:
            if self._token is token:
                self._renew_at = self._dies_at = float("-inf")


__getattr__ = renamed(__name__)
