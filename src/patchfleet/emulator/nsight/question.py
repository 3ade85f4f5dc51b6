"""One N-sight call, and the same call about another object, for faults.

It answers through the account's own functions and changes nothing; a call that changes something
has no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from patchfleet.emulator.fault_kind import Ask, Options
from patchfleet.emulator.nsight import ids, urls
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.parameters import Parameters
from patchfleet.emulator.response import Response, xml

ACTS = frozenset({
    "patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit", "patch_reprocess",
    "patch_retry", "task_run_now",
})  # fmt: skip
"""The services that change something."""
_NAMED_BY = {
    "device": "deviceid", "customer": "clientid", "site": "siteid", "asset": "assetid",
    "check": "checkid", "devicetype": "devicetype",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NSightQuestion:
    """One call of N-sight; see `Question`."""

    account: Account
    parameters: Parameters
    before: Response | None

    @property
    def is_act(self) -> bool:
        """Return whether the call changes anything."""
        return self.parameters.get("service", "") in ACTS

    def other(self, options: Options, *, in_pairs: bool = False) -> Ask | None:
        """Return a function that answers the same about the next object of a kind."""
        for of, name in _NAMED_BY.items():
            given = self.parameters.get(name, "")
            if options["of"] in ("any", of) and given:
                found = str(options.get("instead", "")) or other_of(
                    self._all(of), given, in_pairs=in_pairs
                )
                return self._ask({**self.parameters, name: found}, self.account) if found else None
        return None

    def without(self, identity: str) -> Ask | None:
        """Return a function that answers as if a device were absent."""
        gone = [one for one in self.account.devices.values() if str(one.deviceid) == identity]
        if not gone:
            return None
        machine = gone[0].machine
        world = self.account.world
        seen = replace(
            self.account,
            world=replace(world, machines=tuple(m for m in world.machines if m is not machine)),
            devices={k: one for k, one in self.account.devices.items() if one is not gone[0]},
        )
        return self._ask(self.parameters, seen)

    def _ask(self, parameters: Parameters, account: Account) -> Callable[[], Response]:
        return lambda: xml(urls.respond(account, parameters))

    def _all(self, of: str) -> list[str]:
        """Return all ids of a kind, in the order of the world, or the two types of device."""
        world = self.account.world
        found: list[int]
        match of:
            case "devicetype":
                return ["server", "workstation"]
            case "customer":
                found = [ids.client_id(one) for one in world.customers]
            case "site":
                found = [ids.site_id(one) for one in world.sites]
            case "device":
                found = list(self.account.devices)
            case "asset":
                found = [ids.asset_id(one) for one in world.machines]
            case _:
                found = [ids.check_id(one, 0) for one in world.machines]
        return [str(one) for one in found]


def other_of(known: Sequence[str], given: str, *, in_pairs: bool) -> str:
    """Return the id after `given` in a circle, or its neighbour in pairs; "" if there is none."""
    if len(known) < 2:
        return ""
    if given not in known:
        return known[0]
    place = known.index(given)
    if not in_pairs:
        return known[(place + 1) % len(known)]
    return known[place ^ 1] if place ^ 1 < len(known) else ""
