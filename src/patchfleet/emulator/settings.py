"""Settings of an emulated world, checked when they are made; `Emulator` describes each."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an emulator; raises ValueError for an impossible combination."""

    customers: int
    devices: int
    seed: int
    patches: int
    lookalikes: int
    start: datetime
    latency_ms: float
    exact_patches: bool
    non_windows: Literal["empty", "fail"]
    blocked_agents: str | None
    settle_seconds: float
    qualys_assets: int | None
    qualys_patches: int | None
    qualys_jobs: int | None
    qualys_job_assets: int | None
    qualys_token_seconds: int
    qualys_forbidden: bool

    def __post_init__(self) -> None:
        for name in ("patches", "lookalikes", "latency_ms", "settle_seconds"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be negative")
        for name in ("qualys_assets", "qualys_patches", "qualys_jobs"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} cannot be negative")
        if not 1900 <= self.start.year <= 9000:
            raise ValueError("start is in the years 1900 to 9000")
        least = 1 if self.qualys_job_assets is None else self.qualys_job_assets
        if least < 1 or self.qualys_token_seconds < 1:
            raise ValueError("qualys_job_assets and qualys_token_seconds are at least 1")
        if self.non_windows not in ("empty", "fail"):
            raise ValueError('non_windows is "empty" or "fail"')
        try:
            re.compile(self.blocked_agents or "")
        except re.error as problem:
            raise ValueError(f"blocked_agents is no regular expression: {problem}") from problem
