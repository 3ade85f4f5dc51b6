"""Log-in and tokens.

Tokens are JWTs signed with a secret of the seed. `iat` and `exp` are wall-clock time, because
clients compare them with their own clock [O: qualys-cli]; a token is valid until either clock has
advanced by its lifetime, unless it was revoked. [D: generating_jwt_token.htm,
fetch_authentication_token.htm] Bodies of refusals are a choice; a log-in without `token=true` is
answered, because a shipped integration relies on it [O: elastic].
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from patchfleet.emulator.clock import Clock
from patchfleet.emulator.qualys.request import FORM, Refused, Request
from patchfleet.emulator.qualys.state import User
from patchfleet.emulator.response import Response
from patchfleet.emulator.seeded_random import SeededRandom

LIFETIME_SECONDS = 4 * 3600
"""[D: generating_jwt_token.htm]"""
_MODULES = ("PM", "VM", "GAV", "CSAM", "MTG")


class Doorkeeper:
    """Issues tokens for the right password and checks the tokens of requests."""

    def __init__(
        self,
        seed: int,
        user: User,
        credentials: tuple[str, str],
        lifetime_seconds: int,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._user = user
        self._credentials = credentials
        self._lifetime_seconds = lifetime_seconds
        self._secret = SeededRandom(seed, "qualys secret").digits(64).encode()
        self._count = 0
        self._revoked: set[str] = set()

    def log_in(self, request: Request) -> Response:
        """Answer POST /auth: 201 and the token as text; raise Refused (400, 401)."""
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != FORM:
            raise Refused(400, "1400", f"the body must be {FORM}")
        form = parse_qs(request.raw.decode("utf-8", "replace"), keep_blank_values=True)
        given = tuple(form.get(name, [""])[-1] for name in ("username", "password"))
        if given != self._credentials:
            raise Refused(401, "1401", "Bad Login/Password")
        if form.get("token", ["true"])[-1] != "true":
            raise Refused(400, "1400", "token must be true")
        self._count += 1
        token = self._sign(self._claims())
        return Response(201, (("Content-Type", "text/plain;charset=UTF-8"),), token.encode())

    def check(self, request: Request) -> None:
        """Raise Refused (401) unless the request carries a valid token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "1401", "the Authorization header with a Bearer token is missing")
        claims = self._read(token.strip())
        if claims is None or token.strip() in self._revoked:
            raise Refused(401, "1401", "the token is not valid")
        ends_at = datetime.fromisoformat(claims["emulatedExp"])
        if claims["exp"] <= self._clock.wall_now.timestamp() or ends_at <= self._clock.now:
            raise Refused(401, "1401", "the token has expired")

    def revoke(self, request: Request) -> None:
        """Revoke the token of a request."""
        self._revoked.add(request.headers.get("authorization", "").partition(" ")[2].strip())

    def _claims(self) -> dict[str, Any]:
        """Return the claims of an official sample, and the two times clients read [D: oca].

        `emulatedExp` is the emulator's own: the end of the token by the emulated clock.
        """
        begin = int(self._clock.wall_now.timestamp())
        ends_at = self._clock.now + timedelta(seconds=self._lifetime_seconds)
        return {
            "sub": self._credentials[0],
            "loginResponse": "SUCCESSFUL",
            "successfulAuthenticationHandlers": ["usernamePasswordHandler"],
            "iss": "qas",
            "ipAddress": "127.0.0.1",
            "portalUserId": 4711,
            "usertype": "fo",
            "qwebUserId": 815,
            "credentialType": "UsernamePasswordCredential",
            "aud": "qas",
            "modulesAllowed": list(_MODULES),
            "iat": begin,
            "exp": begin + self._lifetime_seconds,
            "emulatedExp": ends_at.isoformat(),
            "jti": f"TOKEN-{self._count}-{self._user.id[:8]}",
        }

    def _sign(self, claims: dict[str, Any]) -> str:
        parts = (json.dumps(part).encode() for part in ({"alg": "HS512", "typ": "JWT"}, claims))
        text = ".".join(_encoded(part) for part in parts)
        return f"{text}.{self._signature(text)}"

    def _signature(self, text: str) -> str:
        return _encoded(hmac.digest(self._secret, text.encode(), hashlib.sha512))

    def _read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token issued here, None for any other text."""
        text, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(text).encode()):
            return None
        payload = text.partition(".")[2]
        claims: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
        return claims


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
