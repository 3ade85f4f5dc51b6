"""`from qualysdk.base import BaseList`."""

from patchfleet.qualys.lists import BaseList

__all__ = ["BaseList"]
