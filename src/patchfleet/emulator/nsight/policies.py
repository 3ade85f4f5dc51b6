"""Feature policies inherited by a device's patches.

A policy follows from seed, customer and kind of machine, and never changes. Settings are inherited
from device type, client, site and device, and the lower one wins [D: pm_action_workflow.htm]; only
the result for a device is kept.
"""

from dataclasses import dataclass

from patchfleet.emulator.catalogue import Patch
from patchfleet.emulator.product_lines import Severity
from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine

IGNORE, APPROVE, DO_NOTHING = 1, 2, 4
"""Base numbers of the policies [O: peer]."""
BY_USER = 64
"""Added if the policy was set on the device itself [O: peer]."""


@dataclass(frozen=True, slots=True)
class FeaturePolicy:
    """The policies a device's patches inherit.

    `auto_approved` are the severity classes installed without an approval; `attempts` is the number
    of tries before an install counts as failed, 1 meaning no automatic reprocessing [D:
    pm_failed_patch.htm: at most five]. `approvals` are the actions inherited from site or client,
    by product line; all other lines inherit Do Nothing.
    """

    name: str
    auto_approved: frozenset[Severity]
    attempts: int
    approvals: dict[str, int]

    def inherited(self, patch: Patch) -> int:
        """Return the base policy number that a patch inherits."""
        return self.approvals.get(patch.line, DO_NOTHING)


_CAREFUL: frozenset[Severity] = frozenset()
_SECURITY: frozenset[Severity] = frozenset({"Important"})
_ROUTINE: frozenset[Severity] = frozenset({"Moderate", "Low", "Unspecified"})
_ALL: frozenset[Severity] = frozenset({"Critical", "Important", "Moderate", "Low", "Unspecified"})


def feature_policy(seed: int, machine: Machine) -> FeaturePolicy:
    """Return the policy of a machine, from its customer and its kind."""
    ours = SeededRandom(seed, "nsight policy", machine.customer.number, machine.kind)
    if machine.kind == "server":
        approved = ours.weighted(((_CAREFUL, 60), (_ROUTINE, 40)))
    else:
        approved = ours.weighted(((_ROUTINE, 45), (_SECURITY | _ROUTINE, 35), (_CAREFUL, 20)))
    if machine.customer.care > 0.93 and machine.kind == "workstation":
        approved = _ALL
    attempts = ours.weighted(((1, 45), (3, 30), (5, 25)))
    approvals = {}
    if ours.happens(0.7):
        approvals["defender"] = APPROVE
        approvals["chrome"] = APPROVE
    if ours.happens(0.4):
        approvals["java"] = IGNORE
    if machine.kind == "workstation" and ours.happens(0.5):
        approvals["driver firmware"] = IGNORE
    kind = "Servers" if machine.kind == "server" else "Workstations"
    return FeaturePolicy(f"{kind} of {machine.customer.name}", approved, attempts, approvals)
