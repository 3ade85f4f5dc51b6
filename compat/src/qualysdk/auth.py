"""`from qualysdk.auth import TokenAuth`."""

from patchfleet.qualys.auth import TokenAuth

__all__ = ["TokenAuth"]
