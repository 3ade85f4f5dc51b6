"""What the policies above a device say about its patches.

Law of this file: a policy follows from seed, customer and kind of machine; nothing here changes.
Settings come down device type, client, site, device, and the lower one wins
[D: pm_action_workflow.htm]; only the outcome for a device is kept.
"""

from dataclasses import dataclass

from patchfleet.emulator.catalogue import Patch
from patchfleet.emulator.product_lines import Severity
from patchfleet.emulator.seeded_random import SeededRandom
from patchfleet.emulator.world import Machine

IGNORE, APPROVE, DO_NOTHING = 1, 2, 4
"""Base numbers of the policies [O: peer]."""
BY_USER = 64
"""Added when the policy was set on the device itself [O: peer]."""


@dataclass(frozen=True, slots=True)
class FeaturePolicy:
    """Hold what the policies above a device say about its patches.

    `auto_approved` are the severity classes installed without anybody's approval; `attempts` is
    how often an install is tried before it counts as failed, 1 meaning no automatic reprocessing
    [D: pm_failed_patch.htm: at most five].  `approvals` are the actions inherited from site or
    client, by product line; all other lines inherit Do Nothing.
    """

    name: str
    auto_approved: frozenset[Severity]
    attempts: int
    approvals: dict[str, int]

    def inherited(self, patch: Patch) -> int:
        """Return the base policy number that a patch inherits from above the device."""
        return self.approvals.get(patch.line, DO_NOTHING)


_CAREFUL: frozenset[Severity] = frozenset()
_SECURITY: frozenset[Severity] = frozenset({"Important"})
_ROUTINE: frozenset[Severity] = frozenset({"Moderate", "Low", "Unspecified"})
_ALL: frozenset[Severity] = frozenset({"Critical", "Important", "Moderate", "Low", "Unspecified"})


def feature_policy(seed: int, machine: Machine) -> FeaturePolicy:
    """Return the policy of a machine: part the customer's, part of its kind."""
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
