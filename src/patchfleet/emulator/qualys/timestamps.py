"""Timestamp formats of the gateway."""

from datetime import datetime


def milliseconds(when: datetime) -> int:
    """Return a time as milliseconds since 1970, the form of most fields [D]."""
    return round(when.timestamp() * 1000)


def iso(when: datetime) -> str:
    """Return a time in the inventory's format: ISO 8601 with milliseconds and Z [O: qualysdk]."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
