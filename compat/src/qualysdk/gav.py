"""`from qualysdk.gav import query_assets`: what `patchfleet.qualys.gav` has."""

from patchfleet.qualys.gav import *
from patchfleet.qualys.gav import __all__ as __all__
