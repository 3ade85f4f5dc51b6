"""`from qualysdk.base.base_list import BaseList`."""

from patchfleet.qualys.records.base_list import BaseList

__all__ = ["BaseList"]
