"""Every error Patchfleet raises on purpose.

    Error
    ├── ConfigError             settings or a parameter: nothing was sent
    ├── VendorError             a vendor was asked (vendor, operation)
    │   ├── Unreachable         no answer: network, TLS, time-out
    │   ├── RateLimited         asked to wait (retry_after)
    │   ├── Unauthorized        the key or password is not accepted
    │   ├── Forbidden           the answer is: not you, or not from here
    │   ├── NotFound            what was named is not there, or not visible
    │   ├── NotTheVendor        something before the vendor says that it is not there
    │   ├── Rejected            the vendor refused this request (code, message)
    │   ├── VendorBroken        5xx and redirects: their side
    │   ├── Unreadable          an answer that is not what the vendor documents (sample)
    │   └── WindowExceeded      more records than one query may return
    ├── StoreError              the local record
    ├── PolicyError             a policy file (file, line)
    ├── PlanError               a change that will not be made
    │   └── StalePlan           made from facts that have moved
    └── Incomplete              part of the work failed and is listed; what was done is kept

Law of this file: the text of an error is one line for a person, `hint` says what to do about it,
and neither ever holds a key, a password, or an address with its query.
"""

from collections.abc import Sequence
from typing import Literal

from patchfleet._renamed import renamed

Fate = Literal["answered", "refused", "unknown"]
"""What became of a request: `answered`, surely not done (`refused`), or `unknown` to anybody."""


class Error(Exception):
    """Say what went wrong in one line, and what to do about it in `hint`."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def sentence(self) -> str:
        """The message, for a line that says nothing else of what was done."""
        return self.message


class ConfigError(Error, ValueError):
    """A setting or a parameter that cannot be used; nothing was sent."""


class VendorError(Error):
    """A vendor's answer, or its absence.

    `fate` tells whether the request may have taken effect: only what is repeatable is sent again
    after `unknown`. `transient` tells whether sending it again can help at all. `is_in_doubt` says
    that a change was asked for and may have been done, and the hint how to see; `is_told` that the
    vendor's own answer says so, not the status of whoever answered. `operation` is the call, and
    `about` what it asked for.
    """

    fate: Fate = "answered"
    transient = False
    is_in_doubt = False
    is_told = False

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
        """The message, after the call and what it asked for."""
        about = f" ({self.about})" if self.about else ""
        return f"{self.operation}{about}: {self.message}" if self.operation else self.message


class Unreachable(VendorError):
    """No answer arrived; `fate` is `refused` when the request surely never left."""

    fate: Fate = "unknown"
    transient = True


class RateLimited(VendorError):
    """The vendor asks to wait (`retry_after_seconds` when it says how long).

    A gateway may say so after the request went through, so it is no word about what was done.
    """

    fate: Fate = "unknown"
    transient = True


class Unauthorized(VendorError):
    """The key or password is missing, wrong, revoked, or belongs to another region."""


class Forbidden(VendorError):
    """The server or what stands before it refuses this caller."""


class NotFound(VendorError):
    """What was named does not exist, or this key may not see it."""


class NotTheVendor(VendorError):
    """A gateway, a proxy or a web page says that the address is not known, not the vendor.

    Nothing follows from it for what was named: a reading is repeated.
    """

    fate: Fate = "unknown"
    transient = True


class Rejected(VendorError):
    """The vendor refused the request and said why: `code` is its number, `reason` its own words."""

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
    """The fault is on the vendor's side: a 5xx answer, or a redirect nobody announced."""

    fate: Fate = "unknown"
    transient = True


class Unreadable(VendorError):
    """The answer is not what the vendor documents; `sample` is its beginning, without secrets.

    The request was answered, but what it did cannot be told: a reading is repeated, a change that
    is not repeatable is not.
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
    """A policy file that cannot be used; `file` and `line` say where."""

    def __init__(self, message: str, *, file: str, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line


class PlanError(Error):
    """A change that will not be made."""


class StalePlan(PlanError):
    """A change made from facts that are no longer so."""


class Incomplete(Error):
    """Part of the work failed; `problems` names each part with its reason, the rest is kept."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = list(problems)


__getattr__ = renamed(__name__)
