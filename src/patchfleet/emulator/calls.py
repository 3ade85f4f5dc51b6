"""The log of vendor calls: what was asked, what the vendor did, what was sent.

Law of this file: values only, and no secret in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Call:
    """Record one vendor call: the `n`-th, at an emulated time.

    `params` never holds the key; `body` is what came as JSON; `status` is what was sent, 0 when no
    status line was; `fault` is the kind of fault that spoiled the call.  `vendor_status` is what
    the vendor itself answered before that: None for a call that never reached it and had no effect.
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
        """Return the record as JSON can hold it."""
        return {
            "n": self.n, "at": self.at.isoformat(), "service": self.service, "path": self.path,
            "params": dict(self.params), "status": self.status,
            "vendor_status": self.vendor_status, "fault": self.fault,
            "user_agent": self.user_agent, "vendor": self.vendor, "method": self.method,
            "body": self.body,
        }  # fmt: skip
