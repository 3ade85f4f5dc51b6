"""The N-sight wrapper's name for `patchfleet.nsight`: `from NAbleAPI import NAble`."""

from patchfleet.nsight import AsyncNAble, NAble

__all__ = ["AsyncNAble", "NAble"]
