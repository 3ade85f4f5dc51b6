"""Lists of N-sight that are, to the letter, those of another device.

Invariants: no I/O. There is one for each reading of a fleet, shared by its threads; each of its
steps is one operation on a dict.
"""

from collections.abc import Mapping


class Alike:
    """Which device gave which list first: in this reading, or by the record."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._on_record = {fingerprint: device_id for device_id, fingerprint in known.items()}
        self._first: dict[str, str] = {}
        self._answers: dict[str, str] = {}
        self._doubtful: dict[str, None] = {}

    def is_of_another(self, fingerprint: str, device_id: str) -> bool:
        """Note an answer; say whether it is that of another device, and new to this one."""
        self._answers[device_id] = fingerprint
        if self._known.get(device_id) == fingerprint:
            return False
        owner = self._on_record.get(fingerprint, device_id)
        return self._first.setdefault(fingerprint, owner) != device_id

    def stays(self, fingerprint: str, device_id: str) -> None:
        """Note the answer on a connection of its own: the first one with it may have been wrong."""
        self._answers[device_id] = fingerprint
        first = self._first.setdefault(fingerprint, device_id)
        if first != device_id:
            self._doubtful[first] = None

    def is_doubtful(self, device_id: str) -> bool:
        """Say whether a device has to be asked again: another one's own list is the one it gave."""
        return device_id in self._doubtful and device_id in self._answers

    def answer_of(self, device_id: str) -> str:
        """Return the fingerprint of what a device answered last."""
        return self._answers[device_id]
