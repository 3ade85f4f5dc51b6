"""Finding: one patch on one device, with state, severity and decision in one vocabulary.

A sync has hundreds of thousands of findings and none can be part of a reference cycle, so they are
exempt from the garbage collector (`gc=False`): scanning them takes a tenth of the time of a sync.

`vendor_status` and `vendor_decision` keep the source's own words. The translations are in
`fleet/sources`; in sum:

| state             | N-able            | Qualys                                                 |
| ----------------- | ----------------- | ------------------------------------------------------ |
| `missing`         | 1 Missing         | in `missingPatches`                                    |
| `pending`         | 2 Pending         | -                                                      |
| `installing`      | 4 Queued          | -                                                      |
| `installed`       | 8 Installed       | in `installedPatches`                                  |
| `failed`          | 16 Failed         | missing, and `failed` in the newest result that names it |
| `ignored`         | 32 Ignored        | -                                                      |
| `reboot_required` | 64 Reboot Required | missing, `success` in that result, and `pendingReboot` |
| `unknown`         | any other number  | -                                                      |

| severity      | either, in any case: `vocabulary.SEVERITY_WORDS` |
| ------------- | ------------------------------------------------ |
| `critical`    | Critical                                         |
| `important`   | Important, High                                  |
| `moderate`    | Moderate, Medium                                 |
| `low`         | Low                                              |
| `unspecified` | other words, and none                            |

| decision     | N-able               | Qualys                                               |
| ------------ | -------------------- | ---------------------------------------------------- |
| `approve`    | 2, or 66 by a user   | an enabled job names the patch and is for the device |
| `ignore`     | 1, or 65 by a user   | -                                                    |
| `do_nothing` | 4, or 68 by a user   | everything else                                      |
| `unknown`    | any other number     | -                                                    |
"""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from patchfleet._renamed import renamed

State = Literal[
    "missing",  # available, and not approved
    "pending",  # will be installed at the next window
    "installing",  # queued or in progress
    "installed",
    "failed",  # the source gave up; needs action
    "ignored",  # available, and excluded by a decision
    "reboot_required",  # installed, effective after a restart
    "unknown",  # a value of the source without a translation
]
STATES: tuple[State, ...] = get_args(State)
_NOT_OPEN: tuple[State, ...] = ("installed", "ignored")
OPEN_STATES: tuple[State, ...] = tuple(state for state in STATES if state not in _NOT_OPEN)
"""States in which the device is not yet protected by the patch, ignored ones aside."""

Severity = Literal["critical", "important", "moderate", "low", "unspecified"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Severities, the worst first."""

Decision = Literal["approve", "ignore", "do_nothing", "unknown"]

Action = Literal["approve", "ignore", "do_nothing", "inherit", "retry", "reprocess"]
"""Requests: a decision, its revocation, or another attempt."""


class Patch(Struct, frozen=True, kw_only=True, cache_hash=True, gc=False):
    """One patch, as its source describes it: equal descriptions are the same patch.

    `kb` is the Microsoft number without the letters (several are `5000001, 5000002`);
    `released_at` is midnight UTC of the day if the source gives only a day. None means that the
    source omits a value. `vendor_id` is the source's id of the patch, if it has one for all
    devices, and `cves` are the vulnerabilities that the patch fixes, if the source lists them.
    """

    title: str
    product: str | None = None
    kb: str | None = None
    severity: Severity = "unspecified"
    vendor_severity: str | None = None
    released_at: datetime | None = None
    url: str | None = None
    is_installable: bool | None = None
    is_removable: bool | None = None
    vendor_id: str | None = None
    cves: tuple[str, ...] = ()
    is_superseded: bool | None = None
    needs_reboot: bool | None = None


class FindingStatus(Struct, frozen=True, cache_hash=True, gc=False):
    """State and decision of a patch on a device, translated and in the source's words.

    `is_own_decision`: the decision was made for this device, not inherited. A fleet has a few dozen
    different statuses, which its findings share.
    """

    state: State
    decision: Decision
    is_own_decision: bool
    vendor_status: str
    vendor_decision: str


class Finding(Struct, frozen=True, gc=False):
    """One patch on one device, as one scan of that device found it.

    `id` is the source's number of this row on this device and means nothing on another device.
    """

    id: str
    patch: Patch
    condition: FindingStatus
    installed_at: datetime | None = None

    @property
    def state(self) -> State:
        """Return the state of the patch on the device."""
        return self.condition.state

    @property
    def decision(self) -> Decision:
        """Return the decision about the patch."""
        return self.condition.decision

    @property
    def is_own_decision(self) -> bool:
        """Return whether the decision was made for this device, not inherited."""
        return self.condition.is_own_decision

    @property
    def vendor_status(self) -> str:
        """Return the source's own words for the state."""
        return self.condition.vendor_status

    @property
    def vendor_decision(self) -> str:
        """Return the source's own words for the decision."""
        return self.condition.vendor_decision


__getattr__ = renamed(__name__)
