"""Times as the gateway writes them.

Law of this file: from aware UTC times to the wire's forms and back to nothing else.
"""

from datetime import datetime


def milliseconds(when: datetime) -> int:
    """Return a time as milliseconds since 1970, the form of most fields [D]."""
    return round(when.timestamp() * 1000)


def iso(when: datetime) -> str:
    """Return a time as the inventory writes it: ISO 8601 with milliseconds and Z [O: qualysdk]."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
