"""What the exit codes mean. They are public: scripts rest on them."""

from enum import IntEnum

from patchfleet.errors import (
    ConfigError,
    Error,
    Incomplete,
    PlanError,
    PolicyError,
    StoreError,
    VendorError,
)


class Exit(IntEnum):
    """The exit codes, each with its meaning."""

    DONE = 0
    BUG = 1
    USAGE = 2
    INCOMPLETE = 3
    CONFIG = 4
    VENDOR = 5
    STORE = 6
    DECLINED = 7
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "all was done",
    Exit.BUG: "an error nobody foresaw; please report it",
    Exit.USAGE: "the command line cannot be used: an unknown option, a name that matches nothing",
    Exit.INCOMPLETE: "part of it failed or is unknown; what was done is kept, the rest is named",
    Exit.CONFIG: "settings, a parameter, a file that is read or an output file cannot be used",
    Exit.VENDOR: "the vendor cannot be reached or refuses",
    Exit.STORE: "the record cannot be read or written",
    Exit.DECLINED: "nothing was changed: the answer was no, or there was nobody to ask",
    Exit.INTERRUPTED: "interrupted; what was recorded is kept",
}


def exit_of(error: Error) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, VendorError) and error.is_in_doubt:
        return Exit.INCOMPLETE
    for kind, code in (
        (Incomplete, Exit.INCOMPLETE),
        (ConfigError, Exit.CONFIG),
        (PolicyError, Exit.CONFIG),
        (VendorError, Exit.VENDOR),
        (StoreError, Exit.STORE),
        (PlanError, Exit.DECLINED),
    ):
        if isinstance(error, kind):
            return code
    return Exit.BUG
