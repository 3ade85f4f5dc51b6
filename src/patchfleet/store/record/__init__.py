"""The database of record: schema, migrations, and what writes to it."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
