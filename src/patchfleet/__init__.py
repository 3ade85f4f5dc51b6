"""See and change the patch state of a whole fleet, over N-able N-sight RMM.

Importing this package loads nothing else: every room is imported by its own name.
"""

__version__ = "0.1.0"

from patchfleet._renamed import install

install()
del install
