"""Sync with worker processes: batches of devices over a queue in the record's database."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
