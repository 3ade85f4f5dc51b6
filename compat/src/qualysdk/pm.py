"""`from qualysdk.pm import *`: the names of `patchfleet.qualys.pm`."""

from patchfleet.qualys.pm import *
from patchfleet.qualys.pm import __all__ as __all__
