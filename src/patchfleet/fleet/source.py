"""What a vendor must be able to tell before its fleet can be synced."""

from collections.abc import Callable
from typing import Protocol

from patchfleet.models import Device, Finding, Inventory


class Source(Protocol):
    """One account at one vendor, in our words. Both methods may be called from several threads."""

    @property
    def name(self) -> str:
        """The name of this source in the record."""
        ...

    def inventory(self, on_call: Callable[[], None]) -> Inventory:
        """Return customers, sites and devices, complete, or raise; `on_call` after each call."""
        ...

    def findings(self, device: Device) -> list[Finding]:
        """Return every patch of one device, complete, or raise a `VendorError`."""
        ...
