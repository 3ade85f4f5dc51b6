"""`from qualysdk.gav import query_assets`: the names of `patchfleet.qualys.gav`."""

from patchfleet.qualys.gav import *
from patchfleet.qualys.gav import __all__ as __all__
