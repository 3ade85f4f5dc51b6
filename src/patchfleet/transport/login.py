"""Access token of an account, shared by all threads and tasks and renewed before it expires.

Nothing here sleeps, reads a clock or sends: `exchange.py` asks for the next step and does it. Every
update happens under a lock, which is never held while waiting.
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
"""Time for which a refusal holds for all callers: 500 tries of a wrong password lock an account."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and its lifetime, as a login returns them."""

    token: Secret
    lifetime_seconds: float


class Login:
    """Keep the token of one account.

    `form` holds the secret fields of the login's form; `operation` sends it and reads the answer.
    `user` is who logs in.
    The token is renewed when less than a tenth of its lifetime, at most five minutes, is left.
    """

    def __init__(
        self, form: Mapping[str, Secret], operation: Operation[AccessToken], user: str = ""
    ) -> None:
        self.form = form
        self.user = user
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
        """Return the next step of a caller; one that logs in must report the result.

        Raises `Unauthorized` if the account was refused a moment ago.
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
        """Let the next caller try, unless the account itself was refused."""
        with self._lock:
            self._is_busy = False
            if isinstance(error, Unauthorized):
                self._refusal = (now + REFUSED_FOR_SECONDS, error.message, error.hint)

    def forget(self, token: Secret | None) -> None:
        """Discard a refused token, unless it has been replaced already."""
        with self._lock:
            if self._token is token:
                self._renew_at = self._dies_at = float("-inf")


__getattr__ = renamed(__name__)
