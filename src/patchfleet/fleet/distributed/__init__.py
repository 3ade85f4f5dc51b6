"""Syncs whose devices are read by worker processes."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
