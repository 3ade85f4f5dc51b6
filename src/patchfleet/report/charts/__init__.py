"""Charts, and the rows they are drawn from."""

from patchfleet._renamed import renamed

__getattr__ = renamed(__name__)
