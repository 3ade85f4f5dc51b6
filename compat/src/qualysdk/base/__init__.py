"""`from qualysdk.base import BaseList`."""

from patchfleet.qualys.records.base_list import BaseList

__all__ = ["BaseList"]
