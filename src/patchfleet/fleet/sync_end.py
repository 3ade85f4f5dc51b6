"""Why a sync ended before it was done, for whoever asks the record later.

Law of this file: what is said of every customer names none of them, nor a device: the text of an
answer may, so it is told only where nothing is narrowed.
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
"""What these say is of the connection or of the account, and not of what was asked for."""


def ended_by(error: BaseException) -> tuple[Gap, ...]:
    """Say why a sync ended: in full, and where that may name somebody, without it for everybody.

    What was noted beside an error is how often something was tried, and is said.
    """
    noted = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    call = error.operation if isinstance(error, VendorError) else ""
    if isinstance(error, _OF_ALL):
        said = f"{call}: {error.message}" if call else error.message
        return (_general(f"ended by an error: {said}{noted}"),)
    if isinstance(error, Error):
        where = f" in {call}" if call else ""
        whose = _general(f"ended by an error{where} ({type(error).__name__}){noted}")
        return (whose, Gap("sync", error.sentence))
    if isinstance(error, Exception):
        return (_general(f"ended by an internal error ({type(error).__name__})"),)
    return (_general("was interrupted"),)


def _general(what: str) -> Gap:
    return Gap("sync", f"the rest, since it {what}", is_general=True)
