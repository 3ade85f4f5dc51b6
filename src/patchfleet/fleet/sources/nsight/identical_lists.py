"""Identical lists: responses of N-sight that equal another device's list byte for byte.

All threads of one reading share an `Alike`; each of its steps is one operation on a dict.
"""

from collections.abc import Mapping


class Alike:
    """The first device of each list, in this reading or in the record."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._on_record = {fingerprint: device_id for device_id, fingerprint in known.items()}
        self._first: dict[str, str] = {}
        self._answers: dict[str, str] = {}
        self._doubtful: dict[str, None] = {}

    def is_of_another(self, fingerprint: str, device_id: str) -> bool:
        """Store a response; return whether it is another device's list and new for this device."""
        self._answers[device_id] = fingerprint
        if self._known.get(device_id) == fingerprint:
            return False
        owner = self._on_record.get(fingerprint, device_id)
        return self._first.setdefault(fingerprint, owner) != device_id

    def stays(self, fingerprint: str, device_id: str) -> None:
        """Store the response on a new connection: the first device with it may have been wrong."""
        self._answers[device_id] = fingerprint
        first = self._first.setdefault(fingerprint, device_id)
        if first != device_id:
            self._doubtful[first] = None

    def is_doubtful(self, device_id: str) -> bool:
        """Return whether a device has to be read again: its list proved to be another device's."""
        return device_id in self._doubtful and device_id in self._answers

    def answer_of(self, device_id: str) -> str:
        """Return the fingerprint of the last response for a device."""
        return self._answers[device_id]
