"""Response bodies of both vendors as trees that a fault can change.

Only bodies that the emulator wrote are read. A body that is neither XML nor JSON, or has no
records, is returned unchanged.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from patchfleet.emulator.nsight import envelope
from patchfleet.emulator.response import Response

DEVICES = ("server", "workstation", "mobile_device")
_IDENTITIES = (
    "id", "patchid", "serverid", "workstationid", "siteid", "clientid", "checkid", "outage_id",
    "softwareid", "hardwareid", "agentId", "assetId", "assetUuid", "patchId", "jobInstanceId",
)  # fmt: skip
_ID = re.compile(r"[0-9a-f-]{36}|[0-9]+", re.IGNORECASE)


def is_xml(answer: Response) -> bool:
    """Return whether a body is XML, as N-sight's are."""
    return dict(answer.headers).get("Content-Type", "") == "application/xml"


def is_json(answer: Response) -> bool:
    """Return whether a body is JSON, as Qualys's are."""
    return dict(answer.headers).get("Content-Type", "") == "application/json"


def changed_xml(answer: Response, change: Callable[[ET.Element], None]) -> Response:
    """Return an XML answer with its tree changed; any other answer is returned unchanged."""
    if not is_xml(answer) or not answer.body:
        return answer
    root = ET.fromstring(answer.body)  # noqa: S314 -- the emulator's own bytes
    change(root)
    body = ET.tostring(root, encoding=envelope.ENCODING, xml_declaration=False)
    return replace(answer, body=envelope.DECLARATION + body)


def changed_json(answer: Response, change: Callable[[Any], Any]) -> Response:
    """Return a JSON answer with its value changed; any other answer is returned unchanged."""
    try:
        value = json.loads(answer.body) if is_json(answer) else None
    except ValueError:
        return answer
    if value is None:
        return answer
    return replace(answer, body=json.dumps(change(value), ensure_ascii=False).encode())


def holders(root: ET.Element) -> list[ET.Element]:
    """Return the elements whose children are the records: those of devices if there are any."""
    found = [one for one in root.iter() if any(child.tag in DEVICES for child in one)]
    items = root.find("items")
    return found or ([items] if items is not None else [root])


def records(value: Any) -> list[Any]:
    """Return the list of records in a JSON value, [] if there is none."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = value.get("assets", value.get("assetListData") or value.get("mappedAssets") or {})
        found = inner.get("asset") if isinstance(inner, dict) else inner
        return found if isinstance(found, list) else []
    return []


def with_records(value: Any, put: Any) -> Any:
    """Return a JSON value with its list of records replaced by `put`."""
    if isinstance(value, list):
        return put
    if isinstance(value, dict) and isinstance(value.get("assetListData"), dict):
        return {**value, "assetListData": {**value["assetListData"], "asset": put}}
    for name in ("assets", "mappedAssets"):
        if isinstance(value, dict) and isinstance(value.get(name), list):
            return {**value, name: put}
    return value


def each_record(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON value; an object without a list is itself the record."""
    rows = records(value)
    yield from (row for row in rows if isinstance(row, dict))
    if not rows and isinstance(value, dict):
        yield value


def each_object(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects in a JSON value, at any depth."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from each_object(inner)


def identities(record: Any) -> set[str]:
    """Return the ids that name a record: its own and those of its asset."""
    if isinstance(record, ET.Element):
        return {child.text or "" for child in record if child.tag in _IDENTITIES}
    if not isinstance(record, dict):
        return set()
    asset = record.get("asset")
    own = {str(record[name]) for name in _IDENTITIES if record.get(name) is not None}
    return own | (identities(asset) if isinstance(asset, dict) else set())


def is_meant(record: Any, of: str) -> bool:
    """Return whether a record has the id `of`; "" matches every record."""
    return not of or of in identities(record)


def ids_in(text: str) -> set[str]:
    """Return the ids contained in a path or a text."""
    return set(_ID.findall(text))


def other_id(text: str) -> str:
    """Return a different id of the same form."""
    digits = "0123456789abcdef" if "-" in text else "0123456789"
    last = text[-1:].lower()
    return text[:-1] + digits[(digits.find(last) + 1) % len(digits)]
