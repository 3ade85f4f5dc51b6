"""Calls to the emulator with the standard library alone, nothing of Patchfleet's clients."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from patchfleet.emulator import Emulator


def ask(emulator: Emulator, service: str, **parameters: object) -> bytes:
    """Make a vendor call in this process and return the body."""
    pairs = [("apikey", emulator.api_key), ("service", service)]
    pairs += [(name, str(value)) for name, value in parameters.items()]
    answer = emulator.handle("GET", "/api/", pairs)
    assert answer.status == 200
    return answer.body


def tree(body: bytes) -> ET.Element:
    return ET.fromstring(body)


def patch_rows(emulator: Emulator, deviceid: int) -> dict[int, dict[str, str]]:
    """Return the patch list of a device by patch id, as sent."""
    root = tree(ask(emulator, "patch_list_all", deviceid=deviceid))
    assert root.tag == "patches"
    rows = [{field.tag: field.text or "" for field in row} for row in root]
    assert len({row["patchid"] for row in rows}) == len(rows)
    return {int(row["patchid"]): row for row in rows}


def devices(truth: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for customer in truth["customers"]:
        for site in customer["sites"]:
            yield from site["devices"]


def failure(body: bytes) -> tuple[str, str]:
    """Return code and message of the first failure shape."""
    root = tree(body)
    assert root.tag == "result"
    assert root.get("status") == "FAIL"
    return root.findtext("error/errorcode") or "", root.findtext("error/message") or ""
