"""Patch services: one list, four approval actions, retry and reprocess.

State changes only through `Account` and `Device`. The list has the root `<patches>` with no status
[D: list_all_patches_for_device.htm]; actions answer with an empty result [D: approve_patch.htm],
retry and reprocess with a `<msg>` [D: retrypatch.htm, reprocess_patch.htm]. Names and order after
`severity` are the emulator's.
"""

from datetime import datetime
from functools import lru_cache

from patchfleet.emulator.catalogue import Patch
from patchfleet.emulator.nsight.account import Account
from patchfleet.emulator.nsight.device import (
    FAILED,
    IGNORED,
    INSTALLED,
    INSTALLING,
    MISSING,
    PENDING,
    REBOOT_REQUIRED,
    Device,
    Verb,
)
from patchfleet.emulator.nsight.envelope import (
    DECLARATION,
    day_text,
    invalid_value,
    plain,
    result,
    text,
)
from patchfleet.emulator.nsight.parameters import Parameters, number, numbers
from patchfleet.emulator.nsight.policies import APPROVE, BY_USER, DO_NOTHING, IGNORE

POLICY_LABELS = {IGNORE: "Ignore", APPROVE: "Approve", DO_NOTHING: "Do Nothing"}
STATUS_LABELS = {
    MISSING: "Missing",
    PENDING: "Pending",
    INSTALLING: "Installing",
    INSTALLED: "Installed",
    FAILED: "Failed",
    IGNORED: "Ignored",
    REBOOT_REQUIRED: "Reboot Required",
}
SEVERITY_NUMBERS = {"Critical": 1, "Important": 2, "Moderate": 3, "Low": 4, "Unspecified": 0}
"""Only 3 = Moderate has been seen [O?: wait]; the others are the emulator's choice."""


def patch_list_all(account: Account, parameters: Parameters) -> bytes:
    """Answer with every patch row of a device."""
    device = _device(account, parameters)
    if not device.rows:
        return DECLARATION + b"<patches/>"
    parts = [DECLARATION, b"<patches>"]
    known = account.fragments
    for row in device.rows.values():
        halves = known.get(row.patch)
        if halves is None:
            halves = known[row.patch] = _patch_halves(row.patch)
        parts += (
            b"<patch><patchid>%d</patchid>" % row.patchid,
            _standing(row.policy, row.status),
            halves[0],
            _installed(row.installed_at),
            halves[1],
        )
    parts.append(b"</patches>")
    return b"".join(parts)


def patch_approve(account: Account, parameters: Parameters) -> bytes:
    """Set patches of a device to Approve."""
    return _act(account, parameters, "approve")


def patch_ignore(account: Account, parameters: Parameters) -> bytes:
    """Set patches of a device to Ignore."""
    return _act(account, parameters, "ignore")


def patch_do_nothing(account: Account, parameters: Parameters) -> bytes:
    """Set patches of a device to Do Nothing."""
    return _act(account, parameters, "do_nothing")


def patch_inherit(account: Account, parameters: Parameters) -> bytes:
    """Reset patches of a device to the inherited policy [D: dev/inherit-patch]."""
    return _act(account, parameters, "inherit")


def patch_retry(account: Account, parameters: Parameters) -> bytes:
    """Retry failed patches of a device."""
    return _again(account, parameters, "Retrying patches: ")


def patch_reprocess(account: Account, parameters: Parameters) -> bytes:
    """Retry failed patches of a device; only the message differs from retry [O: peer]."""
    return _again(account, parameters, "Reprocessing patches: ")


def _device(account: Account, parameters: Parameters) -> Device:
    """Return the device of a call; one without patch management may be refused (a setting)."""
    device = account.device(number(parameters, "deviceid"))
    if account.fails_without_patching and not device.machine.is_managed:
        raise invalid_value("deviceid")
    return device


def _act(account: Account, parameters: Parameters, verb: Verb) -> bytes:
    device = _device(account, parameters)
    account.set_policy(device, numbers(parameters, "patchids"), verb)
    return result(account.now)


def _again(account: Account, parameters: Parameters, words: str) -> bytes:
    device = _device(account, parameters)
    again, applied = device.retry(dict.fromkeys(numbers(parameters, "patchids")))
    clauses = [
        clause + ",".join(map(str, patchids))
        for clause, patchids in ((words, again), ("Patches already applied: ", applied))
        if patchids
    ]
    return result(account.now, plain("msg", " ".join(clauses)))


@lru_cache
def _standing(policy: int, status: int) -> bytes:
    """Return the elements from `policy` to `statusLabel`; a few dozen combinations exist.

    Icons other than the installed one and `checkshow` are guesses.
    """
    label = STATUS_LABELS[status]
    is_open = status in (MISSING, PENDING, FAILED, IGNORED)
    return b"".join(
        (
            plain("policy", policy),
            text("policyLabel", POLICY_LABELS[policy & ~BY_USER]),
            text("patchicon", "aw-image-patch-" + label.lower().replace(" ", "-")),
            plain("status", status),
            text("selectpatch", "checkshow" if is_open else "checkhide"),
            text("statusLabel", label),
        )
    )


def _patch_halves(patch: Patch) -> tuple[bytes, bytes]:
    """Return the elements of a patch before and after the install date."""
    before = (
        text("patchUrl", patch.url),
        text("patchTitle", patch.title),
        text("product", patch.product),
        plain("severity", SEVERITY_NUMBERS[patch.severity]),
        text("severityLabel", patch.severity),
        plain("releaseDate", int(patch.released_at.timestamp())),
        text("releaseDateText", day_text(patch.released_at)),
    )
    after = (
        plain("deployable", int(patch.is_deployable)),
        plain("uninstallable", int(patch.is_uninstallable)),
    )
    return b"".join(before), b"".join(after) + b"</patch>"


def _installed(when: datetime | None) -> bytes:
    """Return the two install dates; empty when Patch Management did not install the patch."""
    if when is None:
        return b"<installdate></installdate><installDateText></installDateText>"
    seconds = int(when.timestamp())
    minutes = seconds // 60
    return (
        b"<installdate>%d</installdate><installDateText><![CDATA[%s %02d:%02d]]></installDateText>"
        % (seconds, _day(minutes // 1440), minutes // 60 % 24, minutes % 60)
    )


@lru_cache(maxsize=4096)
def _day(days: int) -> bytes:
    return day_text(datetime.fromordinal(719_163 + days)).encode()
