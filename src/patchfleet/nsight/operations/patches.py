"""The seven patch services [D: patch_management.htm; patch_inherit: dev/inherit-patch].

Every change of patches is read back, whatever the answer: N-able's OK is no proof of the effect.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias, get_args

from msgspec.structs import replace

from patchfleet.errors import VendorError
from patchfleet.nsight import codes
from patchfleet.nsight.envelope import answer, opened, text_of
from patchfleet.nsight.flat_xml import rows_of
from patchfleet.nsight.operations.request import call, chunks, number, patch_numbers, repeated
from patchfleet.nsight.records.patches import Action, Patch, PatchesChanged, RetryMessage
from patchfleet.nsight.records.record import Records, read_all, read_rows
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import (
    Change,
    Echo,
    Operation,
    Outcome,
    Procedure,
    Sight,
    Steps,
    T,
    Wanted,
    Work,
)

PatchIds: TypeAlias = str | int | Iterable[int | str]
"""A list of patch ids, or the same as a comma-separated text, or one id."""

Again: TypeAlias = Literal["retry", "reprocess"]

_IDS = r"(\d+(?:\s*,\s*\d+)*)"
_RETRIED = re.compile(rf"(?:Retrying|Reprocessing) patches:\s*{_IDS}", re.IGNORECASE)
_ALREADY = re.compile(rf"Patches already applied:\s*{_IDS}", re.IGNORECASE)


def list_patches(deviceid: int) -> Operation[Records[Patch]]:
    """List every patch of a device, available and installed: none, one or many.

    The list is the agent's last upload, not a live query. Raises `Rejected` for a device that does
    not exist or that the key may not see [D: list_all_patches_for_device.htm].
    """
    device = number("deviceid", deviceid)
    echo: Echo[Records[Patch]] = repeated("device", device, "deviceid")
    return call("patch_list_all", read_patches, echoes=(echo,), deviceid=device)


def read_patches(response: Response) -> Records[Patch]:
    """Read the answer of patch_list_all: the only service whose root is `<patches>`."""
    alike = rows_of(response.body, "patches", "patch")
    if alike is not None:
        return read_rows(*alike, Patch)
    answered = opened(response, "patches")
    return read_all(answered.listed(answered.root, "patch"), Patch, answered)


def approve_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Approve patches of a device for its next installation window; repeating it is harmless.

    The policy becomes 66. Patches that are not deployable stay as they are [D: approve_patch.htm].
    """
    return _change("approve", deviceid, patchids)


def ignore_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Keep patches of a device out of installation and out of the missing counts.

    The policy becomes 65 [D: patch_management.htm] [O: peer].
    """
    return _change("ignore", deviceid, patchids)


def do_nothing_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Set patches of a device to Do Nothing: the feature policy decides, so it is not a veto.

    The policy becomes 68 [D: pm_action_workflow.htm] [O: peer].
    """
    return _change("do_nothing", deviceid, patchids)


def inherit_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Remove the setting on the device, so that its patches inherit again.

    Documented on the developer portal only [D: dev/inherit-patch]; the answer's form is inferred.
    """
    return _change("inherit", deviceid, patchids)


def reprocess_patches(deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    """Put failed patches of a device back to pending, for its next installation window.

    Returns the message. Sent once: after an unknown outcome the patches are read back, and a second
    call would report the same ids as already applied [D: reprocess_patch.htm].
    """
    return _retry("reprocess", deviceid, patchids)


def retry_patches(deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    """Put failed patches of a device back to pending; only the message differs from reprocess.

    Returns the message [D: retrypatch.htm] [O: peer].
    """
    return _retry("retry", deviceid, patchids)


def change_of(
    action: Action | Again, deviceid: int, patchids: PatchIds
) -> Change[PatchesChanged] | Change[RetryMessage]:
    """Return the change of one call, of as many patches as one call takes; see `Change`."""
    device, ids = number("deviceid", deviceid), patch_numbers(patchids)
    if action == "retry" or action == "reprocess":  # noqa: PLR1714 -- type checkers read this one
        return _retrying(action, device, ids)
    return _setting(action, device, ids)


class Sent(Protocol):
    """A change as a journal keeps it."""

    @property
    def action(self) -> str: ...  # noqa: D102 -- the action's name
    @property
    def device_id(self) -> str: ...  # noqa: D102
    @property
    def finding_ids(self) -> tuple[str, ...]: ...  # noqa: D102


def made_again(sent: Sent) -> Change[Any] | None:
    """Rebuild a change from the journal to be read back; return None if it cannot be read back."""
    for action in get_args(Action) + get_args(Again):
        if sent.action == action:
            return change_of(action, int(sent.device_id), sent.finding_ids)
    return None


def _change(action: Action, deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    device = number("deviceid", deviceid)
    parts = [_setting(action, device, ids) for ids in chunks(patch_numbers(patchids))]
    return _in_turn(f"patch_{action}", parts, _join_changes)


def _retry(action: Again, deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    device = number("deviceid", deviceid)
    parts = [_retrying(action, device, ids) for ids in chunks(patch_numbers(patchids))]
    return _in_turn(f"patch_{action}", parts, _join_retries)


def _in_turn(name: str, parts: list[Change[T]], join: Callable[[Sequence[T]], T]) -> Work[T]:
    """Make the changes one after the other, each with a line of the journal of its own."""
    if len(parts) == 1:
        return parts[0]

    def steps() -> Steps[T]:
        results: list[T] = []
        for part in parts:
            try:
                results.append((yield part))
            except VendorError as error:
                if results:  # earlier calls keep their effect
                    error.add_note(
                        f"{len(results)} of {len(parts)} calls were made before this one failed"
                    )
                raise
        return join(results)

    return Procedure(name, steps)


def _setting(action: Action, device: int, ids: tuple[int, ...]) -> Change[PatchesChanged]:
    parse = partial(_read_change, action=action, device_id=device, patch_ids=ids)

    def is_so(patch: Patch) -> bool:
        if action == "inherit":
            return not patch.is_set_by_user
        return patch.is_set_by_user and patch.choice == action

    def conclude(outcome: Outcome[PatchesChanged]) -> PatchesChanged | None:
        """Return the answer, or the state read back if the answer is unusable."""
        found = _unconfirmed(outcome)
        if found is None:
            return None
        silent = PatchesChanged(action=action, device_id=device, patch_ids=ids)
        return replace(outcome.answer or silent, unconfirmed=found)

    return _changing(
        action, device, ids, parse=parse, is_so=is_so, conclude=conclude, is_repeatable=True
    )


def _retrying(action: Again, device: int, ids: tuple[int, ...]) -> Change[RetryMessage]:
    """Retry patches: sent twice only if the vendor asked to wait and all are still failed.

    The list comes from the agent and may be late to show that a patch is no longer failed.
    """
    parse = partial(_read_retry, device_id=device, patch_ids=ids)

    def conclude(outcome: Outcome[RetryMessage]) -> RetryMessage | None:
        found = _unconfirmed(outcome)
        if found is None:
            return None
        answer = outcome.answer
        return RetryMessage(
            "read back: no longer failed" if answer is None else str(answer),
            device_id=device,
            patch_ids=ids,
            retried=ids if answer is None else answer.retried,
            already_applied=() if answer is None else answer.already_applied,
            unconfirmed=found,
        )

    def is_so(patch: Patch) -> bool:
        return patch.status != codes.FAILED

    return _changing(
        action, device, ids, parse=parse, is_so=is_so, conclude=conclude, is_repeatable=False
    )


def _changing(
    action: Action | Again,
    device: int,
    ids: tuple[int, ...],
    *,
    parse: Callable[[Response], T],
    is_so: Callable[[Patch], bool],
    conclude: Callable[[Outcome[T]], T | None],
    is_repeatable: bool,
) -> Change[T]:
    names = tuple(map(str, ids))
    service = f"patch_{action}"
    send = call(service, parse, repeatable=is_repeatable, deviceid=device, patchids=",".join(names))

    def look(_: T | None) -> Steps[Mapping[str, Sight]]:
        listed: list[Patch] = yield list_patches(device)
        by_id = {patch.patch_id: patch for patch in listed}
        return {str(one): _sight(by_id.get(one), is_so) for one in ids}

    return Change(
        Wanted("nsight", action, str(device), names),
        send,
        look,
        conclude,
        f"list the patches of device {device} again before you repeat this",
        is_repeatable=is_repeatable,
    )


def _sight(patch: Patch | None, is_so: Callable[[Patch], bool]) -> Sight:
    if patch is None:
        return Sight("not done", "it is not in the list")
    status_text = f"{patch.status} {patch.status_name}, {patch.policy} {patch.policy_name}"
    now = {"status": patch.status, "policy": patch.policy, "words": status_text}
    return Sight("done" if is_so(patch) else "not done", f"the list shows {status_text}", now)


def _unconfirmed(outcome: Outcome[T]) -> tuple[int, ...] | None:
    """Return the patches that are not as wanted; None if there is no result.

    If N-able accepted the call, a patch that cannot be changed, or is not on the device, is not an
    error for the others.
    """
    others = tuple(int(one) for one, s in outcome.sights.items() if s.verdict != "done")
    if not outcome.sights or (others and outcome.error is not None):
        return None
    return None if len(others) == len(outcome.sights) else others


def _read_change(
    response: Response, *, action: Action, device_id: int, patch_ids: tuple[int, ...]
) -> PatchesChanged:
    root = answer(response)
    return PatchesChanged(
        action=action,
        device_id=device_id,
        patch_ids=patch_ids,
        answered_at=codes.stamp(root.get("created")),
        message=text_of(root, "msg"),
    )


def _join_changes(results: Sequence[PatchesChanged]) -> PatchesChanged:
    last = results[-1]
    return PatchesChanged(
        action=last.action,
        device_id=last.device_id,
        patch_ids=tuple(number for result in results for number in result.patch_ids),
        answered_at=last.answered_at,
        message=" ".join(result.message for result in results if result.message),
        unconfirmed=tuple(number for result in results for number in result.unconfirmed),
    )


def _read_retry(response: Response, *, device_id: int, patch_ids: tuple[int, ...]) -> RetryMessage:
    message = text_of(answer(response), "msg")
    return RetryMessage(
        message,
        device_id=device_id,
        patch_ids=patch_ids,
        retried=_ids(_RETRIED, message),
        already_applied=_ids(_ALREADY, message),
    )


def _ids(pattern: re.Pattern[str], message: str) -> tuple[int, ...]:
    return tuple(
        int(text) for found in pattern.finditer(message) for text in found.group(1).split(",")
    )


def _join_retries(results: Sequence[RetryMessage]) -> RetryMessage:
    return RetryMessage(
        " ".join(result for result in results if result),
        device_id=results[-1].device_id,
        patch_ids=[number for result in results for number in result.patch_ids],
        retried=[number for result in results for number in result.retried],
        already_applied=[number for result in results for number in result.already_applied],
        unconfirmed=[number for result in results for number in result.unconfirmed],
    )
