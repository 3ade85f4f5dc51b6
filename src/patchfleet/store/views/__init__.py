"""SQL views over published files."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
