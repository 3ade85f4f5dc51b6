"""Which findings somebody means: by customer, site, device, patch, severity and state.

Law of this file: a selection is a value. Fields narrow each other (and); the values inside one
field widen it (or); an empty field does not narrow at all.
"""

from msgspec import Struct

from patchfleet.models.finding import Severity, State
from patchfleet.models.fleet import DeviceKind


class Selection(Struct, frozen=True, kw_only=True):
    """Narrow a fleet to what is meant.

    `customers`, `sites` and `devices` are names (compared without case; `*` and `?` are wildcards)
    or the source's ids, compared exactly. `patches` are KB numbers (`KB5049981` or `5049981`,
    compared exactly)
    or parts of a title (without case; with `*` or `?` a pattern for the whole title).
    """

    customers: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    kinds: tuple[DeviceKind, ...] = ()
    patches: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[State, ...] = ()
