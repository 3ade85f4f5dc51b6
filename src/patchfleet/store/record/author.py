"""Author of a line in the journal: the person, the user of the operating system, the host.

The person is `PATCHFLEET_OPERATOR`, else the user who called sudo, else the user of the process.
"""

import os
import socket
from collections.abc import Mapping

from patchfleet.store.record.nul_bytes import storable
from patchfleet.store.types import Author

OPERATOR = "PATCHFLEET_OPERATOR"
"""Environment variable that names the person, for accounts that several people or jobs share."""
_LONGEST = 200


def current_author(
    *,
    person: str | None = None,
    command: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Author:
    """Return the author of what this process writes; `person` overrides the environment."""
    os_user = _os_user()
    by_sudo = environment.get("SUDO_USER") if _is_root() else None
    named = person or (environment.get(OPERATOR) or "").strip() or by_sudo or os_user
    return Author(
        person=named and storable(named)[:_LONGEST],
        os_user=os_user and storable(os_user),
        host=storable(socket.gethostname()),
        command=command and storable(command),
    )


def _os_user() -> str | None:
    """Return the name of the process's user: of its id where there are ids, since names lie."""
    try:
        import pwd
    except ImportError:  # Windows
        import getpass

        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return None
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container runs as a user without a name
        return f"uid {number}"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
