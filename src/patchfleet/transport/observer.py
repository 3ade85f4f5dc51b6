"""Observer of a client's calls: it may refuse a call before it is sent, and sees each outcome."""

from typing import Any, Protocol

from patchfleet.transport.messages import NoResponse, Response
from patchfleet.transport.operation import Operation


class CallObserver(Protocol):
    """Sees every call of some work, logins and repeats included; used by several threads."""

    def before(self, operation: Operation[Any], *, is_change: bool) -> None:
        """Raise to prevent a call; `is_change` is true if it may change something."""
        ...

    def after(
        self, operation: Operation[Any], outcome: Response | NoResponse, seconds: float
    ) -> None:
        """Take the outcome of a call, before it is read, and its duration."""
        ...
