"""`from qualysdk.base.base_list import BaseList`."""

from patchfleet.qualys.lists import BaseList

__all__ = ["BaseList"]
