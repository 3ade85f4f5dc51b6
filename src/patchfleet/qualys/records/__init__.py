"""Record types of Qualys, and how its values are read."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
