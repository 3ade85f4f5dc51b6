"""Exit codes and their meanings. They are public: scripts depend on them."""

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
    Exit.DONE: "everything was done",
    Exit.BUG: "unexpected error; please report it",
    Exit.USAGE: "invalid command line: an unknown option, a name that matches nothing",
    Exit.INCOMPLETE: "part of it failed or is unknown; what was done is kept, the rest is listed",
    Exit.CONFIG: "a setting, a parameter, an input file or an output file cannot be used",
    Exit.VENDOR: "the vendor cannot be reached or refuses the request",
    Exit.STORE: "the record cannot be read or written",
    Exit.DECLINED: "nothing was changed: the answer was no, or there is no terminal to ask on",
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
