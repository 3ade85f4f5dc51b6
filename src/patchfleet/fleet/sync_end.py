"""Reasons for the early end of a sync, as gaps of its run.

A general gap, shown to every customer, names no customer and no device. The text of a response may
name one, so it goes into a gap of its own, shown only without a selection.
"""

from patchfleet.errors import (
    Error,
    Forbidden,
    NotTheVendor,
    RateLimited,
    Unauthorized,
    Unreachable,
    VendorBroken,
    VendorError,
)
from patchfleet.models import Gap

_OF_ALL = (Unreachable, RateLimited, Unauthorized, Forbidden, NotTheVendor, VendorBroken)
"""Errors whose text is about the connection or the account, never about what was read."""


def ended_by(error: BaseException) -> tuple[Gap, ...]:
    """Return the reason for the end of a sync; without names in the general gap.

    Notes of the error (how often something was tried) are part of the reason.
    """
    noted = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    call = error.operation if isinstance(error, VendorError) else ""
    if isinstance(error, _OF_ALL):
        return (_general(f"ended by an error: {reason_of(error)}{noted}"),)
    if isinstance(error, Error):
        where = f" in {call}" if call else ""
        whose = _general(f"ended by an error{where} ({type(error).__name__}){noted}")
        return (whose, Gap("sync", error.sentence))
    if isinstance(error, Exception):
        return (_general(f"ended by an internal error ({type(error).__name__})"),)
    return (_general("was interrupted"),)


def reason_of(error: VendorError) -> str:
    """Return the call that failed and why."""
    return f"{error.operation}: {error.message}" if error.operation else error.message


def _general(what: str) -> Gap:
    return Gap("sync", f"the rest, since it {what}", is_general=True)
