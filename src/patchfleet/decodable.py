"""Types that msgspec may decode by, in any thread.

msgspec completes what it knows of a structure while it first meets it. A second thread that decodes
by the same structure meanwhile reads what is not there yet, and the process crashes (seen
with 0.22). So every type is completed once, by one thread, before anything is decoded by it.

Invariant: nothing else in `patchfleet` decodes by a structure (tests/repository/test_modules.py).
"""

from threading import Lock
from typing import TypeVar

import msgspec

T = TypeVar("T")

_lock = Lock()
_known: set[object] = set()


def decodable(kind: T) -> T:
    """Return a type as it is, once msgspec knows all of it."""
    if kind not in _known:
        with _lock:
            msgspec.json.Decoder(kind)
            _known.add(kind)
    return kind
