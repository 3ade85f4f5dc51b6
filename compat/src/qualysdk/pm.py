"""`from qualysdk.pm import *`: what `patchfleet.qualys.pm` has."""

from patchfleet.qualys.pm import *
from patchfleet.qualys.pm import __all__ as __all__
