"""The database of record: schema, migrations and writers."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
