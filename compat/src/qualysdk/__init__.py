"""The Qualys SDK's names for `patchfleet.qualys`: `auth`, `pm`, `gav` and `base`."""

from patchfleet.qualys import BaseList, TokenAuth

__all__ = ["BaseList", "TokenAuth"]
