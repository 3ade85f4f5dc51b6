"""Recorded replies, in the layout seen live, with values of our own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from patchfleet.transport.messages import Response

REPLIES = Path(__file__).parent / "replies"


@pytest.fixture
def reply() -> Callable[[str], Response]:
    """Read a recorded reply: `reply("patch_list_all/many")`."""

    def read(name: str) -> Response:
        body = (REPLIES / f"{name}.xml").read_bytes()
        return Response(200, {"content-type": "application/xml"}, body)

    return read
