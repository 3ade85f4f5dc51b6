"""Record types of N-sight, named by what N-able calls their fields."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
