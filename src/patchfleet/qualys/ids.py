"""Ids of jobs, patches, assets and tags: all of them UUIDs [D: cre, get].

Ids become part of an address, so only a UUID passes: a text with a slash would be another call.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from patchfleet.qualys.jobs.validators import refused

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID_FORM: Final = "an id such as '11111111-2222-3333-4444-555555555555'"


def uuid_text(parameter: str, value: object) -> str:
    """Return an id without surrounding space; raise `ConfigError` if it is not a UUID.

    Its letters keep their case, since the id is compared with what the server sent.
    """
    found = str(value) if isinstance(value, str | UUID) else ""
    if not _UUID.fullmatch(found.strip()):
        raise refused(parameter, value, ID_FORM)
    return found.strip()


def is_uuid(value: object) -> bool:
    """Return whether `value` is a UUID, and so may be part of an address."""
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
    """Return the ids of assets without None, the agentId of a host that has no agent.

    Such a host cannot be in a job. Raises `ConfigError` if no asset is left.
    """
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return uuids(parameter, value)
    given = list(value)
    found = uuids(parameter, [one for one in given if one is not None])
    if given and not found:
        raise refused(parameter, value, "ids of assets with an agent; none of these has one")
    return found


def uuid_or_blank(parameter: str, value: object) -> str:
    """Return an id, or the empty text by which the wire expresses no id [D: 3.5]."""
    return "" if value == "" else uuid_text(parameter, value)
