"""A page of patches read into records, beside plain decoding into a typed structure.

Both sides read the same bytes, of a page without undocumented fields.
"""

import ssl
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask, served
from benchmarks.size import Size

TITLE = "A page of patches"
PATCHES_A_PAGE = 1000


def measure(size: Size) -> list[Comparison]:
    """Fetch one page and read it both ways, turn by turn."""
    patches = min(PATCHES_A_PAGE, size.qualys_patches)
    ours: list[float] = []
    bare: list[float] = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "page.json"
        with served("one_subscription", qualys_patches=patches, qualys_assets=10) as reply:
            file.write_bytes(first_page(reply))
        for _ in range(size.rounds):
            for seconds, kind in ((bare, "bare"), (ours, "ours")):
                read = ask(PYTHON, "one_decoding", file=str(file), kind=kind)
                if read["records"] != patches:
                    raise RuntimeError(f"{read['records']} of {patches} patches were read")
                seconds.append(read["cpu_seconds"] / patches)
    return [
        Comparison(
            what="CPU per patch",
            unit="µs",
            ours=[1e6 * cpu for cpu in ours],
            other=[1e6 * cpu for cpu in bare],
            at_most=1.5,
        )
    ]


def first_page(reply: dict[str, Any]) -> bytes:
    """Return the first page of the Windows patches, byte for byte."""
    login = {"username": reply["username"], "password": reply["password"], "token": "true"}
    user = urlencode(login)
    trust = ssl.create_default_context(cafile=reply["ca_file"])
    with closing(HTTPSConnection(urlsplit(reply["url"]).netloc, context=trust)) as line:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        token = _posted(line, "/auth", user, form).decode()
        address = f"/pm/v2/patches?platform=Windows&pageSize={PATCHES_A_PAGE}"
        return _posted(line, address, "{}", {"Authorization": f"Bearer {token}"})


def _posted(line: HTTPSConnection, address: str, body: str, headers: dict[str, str]) -> bytes:
    line.request("POST", address, body, headers)
    with line.getresponse() as response:
        if response.status >= 300:
            raise RuntimeError(f"HTTP {response.status} for {address}")
        return response.read()
