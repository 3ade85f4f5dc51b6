"""Errors that Patchfleet raises on purpose.

    Error
    ├── ConfigError             invalid settings or parameter; nothing was sent
    │   └── WrongAccount        the account is not the one on record; nothing was recorded
    ├── VendorError             a call to a vendor failed (vendor, operation)
    │   ├── Unreachable         no response: network, TLS, timeout
    │   ├── RateLimited         the vendor asks to wait (retry_after_seconds)
    │   ├── Unauthorized        the key or password is not accepted
    │   ├── Forbidden           this caller or address is refused
    │   ├── NotFound            the target does not exist or is not visible
    │   ├── NotTheVendor        a gateway or proxy does not know the address
    │   ├── Rejected            the vendor refused this request (code, message)
    │   ├── VendorBroken        the fault is on the vendor's side: 5xx, redirects
    │   ├── Unreadable          a response that is not as documented (sample)
    │   └── WindowExceeded      more records than one query may return
    ├── StoreError              the local record
    ├── PolicyError             a policy file (file, line)
    ├── PlanError               a change that is not made
    │   └── StalePlan           its findings have changed since
    └── Incomplete              part of the work failed and is listed; what was done is kept

The message is one line for a person and `hint` a remedy. Neither contains a key, a password, or a
URL with its query (tests/nsight/test_the_key_is_nowhere.py, tests/cli/test_cli_key_is_nowhere.py).
"""

from collections.abc import Sequence
from typing import Literal

from patchfleet._renamed import renamed
from patchfleet._renamed.members import FormerMembers

Fate = Literal["answered", "refused", "unknown"]
"""The outcome of a request: `answered`, `refused` (certainly not done), or `unknown`."""


class Error(Exception):
    """An error with a one-line message and a remedy in `hint`."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def sentence(self) -> str:
        """The message with its context, for a line of its own."""
        return self.message


class ConfigError(Error, ValueError):
    """An invalid setting or parameter; nothing was sent."""


class WrongAccount(ConfigError):
    """An account that is not the one recorded under its name; nothing was recorded or changed."""


class VendorError(FormerMembers, Error):
    """A failed call to a vendor.

    `fate` is whether the request may have taken effect: after `unknown` only a repeatable one is
    sent again. `transient` is whether sending it again can help. `is_in_doubt` marks a change that
    may have been made; the hint explains how to check. `is_from_vendor` marks an error stated by
    the vendor's own response, not by the status of a gateway. `operation` is the call, and `about`
    its target.
    """

    fate: Fate = "answered"
    transient = False
    is_in_doubt = False
    is_from_vendor = False

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        operation: str = "",
        hint: str | None = None,
        fate: Fate | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.vendor = vendor
        self.operation = operation
        self.about = ""
        self.retry_after_seconds = retry_after_seconds
        if fate is not None:
            self.fate = fate

    @property
    def sentence(self) -> str:
        """The message, after the call and its target."""
        about = f" ({self.about})" if self.about else ""
        return f"{self.operation}{about}: {self.message}" if self.operation else self.message


class Unreachable(VendorError):
    """No response arrived; `fate` is `refused` if the request certainly never left."""

    fate: Fate = "unknown"
    transient = True


class RateLimited(VendorError):
    """The vendor asks to wait, for `retry_after_seconds` if it states a time.

    A gateway may answer so after the request went through, so the outcome is unknown.
    """

    fate: Fate = "unknown"
    transient = True


class Unauthorized(VendorError):
    """The key or password is missing, wrong, revoked, or belongs to another region."""


class Forbidden(VendorError):
    """The server, or a gateway before it, refuses this caller."""


class NotFound(VendorError):
    """The target does not exist, or this key cannot see it."""


class NotTheVendor(VendorError):
    """A gateway, a proxy or a web page, not the vendor, reports an unknown address.

    It proves nothing about the target, so a reading call is repeated.
    """

    fate: Fate = "unknown"
    transient = True


class Rejected(VendorError):
    """The vendor refused the request; `code` is its number, `reason` its own text."""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        reason: str = "",
        parameter: str | None = None,
        vendor: str = "",
        operation: str = "",
        hint: str | None = None,
    ) -> None:
        super().__init__(message, vendor=vendor, operation=operation, hint=hint)
        self.code = code
        self.reason = reason
        self.parameter = parameter


class VendorBroken(VendorError):
    """The fault is on the vendor's side: a 5xx response, or an undocumented redirect."""

    fate: Fate = "unknown"
    transient = True


class Unreadable(VendorError):
    """The response is not as documented; `sample` is its beginning, without secrets.

    The effect of the request is unknown: a reading call is repeated, a change only if it is
    repeatable.
    """

    fate: Fate = "unknown"
    transient = True

    def __init__(
        self,
        message: str,
        *,
        sample: str = "",
        transient: bool = True,
        vendor: str = "",
        operation: str = "",
        hint: str | None = None,
    ) -> None:
        super().__init__(message, vendor=vendor, operation=operation, hint=hint)
        self.sample = sample
        self.transient = transient


class WindowExceeded(VendorError):
    """More records match than one query may return."""


class StoreError(Error):
    """The local record cannot be read or written."""


class PolicyError(Error):
    """An invalid policy file, at `file` and `line`."""

    def __init__(self, message: str, *, file: str, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line


class PlanError(Error):
    """A change that is not made."""


class StalePlan(PlanError):
    """A plan whose findings have changed since it was made."""


class Incomplete(Error):
    """Part of the work failed; `problems` lists each part with its reason, the rest is kept."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = list(problems)


__getattr__ = renamed(__name__)
