"""Log of vendor calls: request, the vendor's own status, and what was sent.

No key, password or token is kept (tests/emulator/test_calls.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Call:
    """One logged vendor call: the `n`-th, at an emulated time.

    `params` never holds the key; `body` is the JSON that was received; `status` is the status sent,
    0 if no status line was; `fault` is the kind of fault that changed the answer. `vendor_status`
    is the status before that fault: None for a call that never reached the vendor and had no
    effect.
    """

    n: int
    at: datetime
    service: str
    path: str
    params: Mapping[str, str]
    status: int
    vendor_status: int | None
    fault: str | None
    user_agent: str
    vendor: Literal["nsight", "qualys"] = "nsight"
    method: str = "GET"
    body: Any = None

    def as_dict(self) -> dict[str, object]:
        """Return the record as a JSON-compatible dict."""
        return {
            "n": self.n, "at": self.at.isoformat(), "service": self.service, "path": self.path,
            "params": dict(self.params), "status": self.status,
            "vendor_status": self.vendor_status, "fault": self.fault,
            "user_agent": self.user_agent, "vendor": self.vendor, "method": self.method,
            "body": self.body,
        }  # fmt: skip
