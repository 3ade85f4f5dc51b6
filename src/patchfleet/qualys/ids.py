"""The ids of jobs, patches, assets and tags: UUIDs, all of them [D: cre, get].

They become part of an address, so that nothing but a UUID may pass: a text with a slash would be
another call. Law of this file: pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from patchfleet.qualys.jobs.validators import refused

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID_FORM: Final = "an id such as '11111111-2222-3333-4444-555555555555'"


def uuid_text(parameter: str, value: object) -> str:
    """Return an id as it was given, without space around it; raise `ConfigError` for what is none.

    Its letters keep their case: the id is compared with what the server sent.
    """
    found = str(value) if isinstance(value, str | UUID) else ""
    if not _UUID.fullmatch(found.strip()):
        raise refused(parameter, value, ID_FORM)
    return found.strip()


def is_uuid(value: object) -> bool:
    """Say whether what the vendor calls an id can be asked for: others have no place in a path."""
    return isinstance(value, str) and _UUID.fullmatch(value.strip()) is not None


def uuids(parameter: str, value: object) -> list[str]:
    """Return the ids of a list, each once, in their order; a single id counts as a list of one."""
    if isinstance(value, str | UUID):
        return [uuid_text(parameter, value)]
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise refused(parameter, value, "a list of ids")
    return list(
        dict.fromkeys(uuid_text(f"{parameter}[{place}]", one) for place, one in enumerate(value))
    )


def asset_uuids(parameter: str, value: object) -> list[str]:
    """Return the ids of assets, leaving out None: the agentId of a host that has no agent.

    Such a host cannot be in a job at all. Raises `ConfigError` where no asset is left.
    """
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return uuids(parameter, value)
    given = list(value)
    found = uuids(parameter, [one for one in given if one is not None])
    if given and not found:
        raise refused(parameter, value, "ids of assets with an agent; none of these has one")
    return found


def uuid_or_blank(parameter: str, value: object) -> str:
    """Return an id, or the empty text by which the wire says that there is none [D: 3.5]."""
    return "" if value == "" else uuid_text(parameter, value)
