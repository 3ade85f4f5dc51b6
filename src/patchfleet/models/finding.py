"""What is known of one patch on one device, in one vocabulary for every source.

There are hundreds of thousands of them in a sync and none can be part of a cycle, so that they are
kept from the garbage collector (`gc=False`): looking at them all again and again is a tenth of the
time of a sync.

The source's own words are never lost: `vendor_status` and `vendor_decision` keep them beside ours.
The dictionaries stand beside the parsers; this is what they amount to:

| state             | N-able says       | Qualys says                                            |
| ----------------- | ----------------- | ------------------------------------------------------ |
| `missing`         | 1 Missing         | in `missingPatches`                                    |
| `pending`         | 2 Pending         | -                                                      |
| `installing`      | 4 Queued          | -                                                      |
| `installed`       | 8 Installed       | in `installedPatches`                                  |
| `failed`          | 16 Failed         | missing, and `failed` in the newest result that names it |
| `ignored`         | 32 Ignored        | -                                                      |
| `reboot_required` | 64 Reboot Required | missing, `success` in that result, and `pendingReboot` |
| `unknown`         | any other number  | -                                                      |

| severity      | either says, in any case: `words.SEVERITY_WORDS` |
| ------------- | ------------------------------------------------ |
| `critical`    | Critical                                         |
| `important`   | Important, High                                  |
| `moderate`    | Moderate, Medium                                 |
| `low`         | Low                                              |
| `unspecified` | other words, and none                            |

| decision     | N-able says          | Qualys says                                          |
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
    "missing",  # available, nobody has decided to install it
    "pending",  # will be installed at the next window
    "installing",  # queued or in progress
    "installed",
    "failed",  # the source gave up; somebody must act
    "ignored",  # available, and kept out on purpose
    "reboot_required",  # installed, and not in force before a restart
    "unknown",  # the source said something we have no word for
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
"""What can be asked for: a decision, the taking back of one, or another try."""


class Patch(Struct, frozen=True, kw_only=True, cache_hash=True, gc=False):
    """One patch, as its source describes it: equal descriptions are the same patch.

    `kb` is the Microsoft number without the letters (several are `5000001, 5000002`);
    `released_at` is midnight UTC of the day where the source gives only a day, and None where it
    does not say. `is_installable` and what follows it are None where the source does not say.
    `vendor_id` is the source's own number of the patch where it has one that means the same on
    every device, and `cves` are the vulnerabilities it mends, as far as the source names them.
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
    """How a patch stands on a device: state and decision in our words and in the source's.

    `is_own_decision` says that the decision was made for this device, not inherited. A fleet knows
    a few dozen of them, so that a finding holds one, not five words of its own.
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
        """Where the patch stands on the device."""
        return self.condition.state

    @property
    def decision(self) -> Decision:
        """What was decided about it."""
        return self.condition.decision

    @property
    def is_own_decision(self) -> bool:
        """Whether the decision was made for this device, not inherited."""
        return self.condition.is_own_decision

    @property
    def vendor_status(self) -> str:
        """The source's own words for the state."""
        return self.condition.vendor_status

    @property
    def vendor_decision(self) -> str:
        """The source's own words for the decision."""
        return self.condition.vendor_decision


__getattr__ = renamed(__name__)
