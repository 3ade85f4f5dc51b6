"""The seven patch services [D: patch_management.htm; patch_inherit: dev/inherit-patch]."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from patchfleet.nsight import words
from patchfleet.nsight.envelope import answer, opened, text_of
from patchfleet.nsight.layout import rows_of
from patchfleet.nsight.operations.calls import call, chunks, number, patch_numbers
from patchfleet.nsight.patches import Action, Patch, PatchesChanged, RetryMessage
from patchfleet.nsight.records import Records, read_all, read_rows
from patchfleet.transport.operation import Batch, Operation, T, Work
from patchfleet.transport.wire import Response

PatchIds: TypeAlias = str | int | Iterable[int | str]
"""A list of patch ids, or the same as a comma-separated text, or one id."""

_IDS = r"(\d+(?:\s*,\s*\d+)*)"
_RETRIED = re.compile(rf"(?:Retrying|Reprocessing) patches:\s*{_IDS}", re.IGNORECASE)
_ALREADY = re.compile(rf"Patches already applied:\s*{_IDS}", re.IGNORECASE)


def list_patches(deviceid: int) -> Operation[Records[Patch]]:
    """List every patch of a device, available and installed: none, one or many.

    The list is the agent's last upload, not a live query. Raises `Rejected` for a device that does
    not exist or that the key may not see [D: list_all_patches_for_device.htm].
    """
    return call("patch_list_all", read_patches, deviceid=number("deviceid", deviceid))


def read_patches(response: Response) -> Records[Patch]:
    """Read the answer of patch_list_all: the only service whose root is `<patches>`."""
    alike = rows_of(response.body, "patches", "patch")
    if alike is not None:
        return read_rows(*alike, Patch)
    answered = opened(response, "patches")
    return read_all(answered.listed(answered.root, "patch"), Patch, answered)


def approve_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Approve patches of a device for its next installation window; doing it twice is harmless.

    The policy becomes 66. Patches that are not deployable stay as they are [D: approve_patch.htm].
    """
    return _change("patch_approve", "approve", deviceid, patchids)


def ignore_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Keep patches of a device out of installation and out of the missing counts.

    The policy becomes 65 [D: patch_management.htm] [O: peer].
    """
    return _change("patch_ignore", "ignore", deviceid, patchids)


def do_nothing_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Set patches of a device to Do Nothing: the feature policy decides, so it is not a veto.

    The policy becomes 68 [D: pm_action_workflow.htm] [O: peer].
    """
    return _change("patch_do_nothing", "do_nothing", deviceid, patchids)


def inherit_patches(deviceid: int, patchids: PatchIds) -> Work[PatchesChanged]:
    """Take back what was set on the device, so that its patches inherit again.

    Documented on the developer portal only [D: dev/inherit-patch]; the answer's form is inferred.
    """
    return _change("patch_inherit", "inherit", deviceid, patchids)


def reprocess_patches(deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    """Put failed patches of a device back to pending, for its next installation window.

    Returns the message. Not repeated after an unknown outcome: a second call would report the same
    ids as already applied [D: reprocess_patch.htm].
    """
    return _retry("patch_reprocess", deviceid, patchids)


def retry_patches(deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    """Put failed patches of a device back to pending; the same as reprocess in all but its message.

    Returns the message [D: retrypatch.htm] [O: peer].
    """
    return _retry("patch_retry", deviceid, patchids)


def _change(
    service: str, action: Action, deviceid: int, patchids: PatchIds
) -> Work[PatchesChanged]:
    device = number("deviceid", deviceid)

    def part(ids: tuple[int, ...]) -> Operation[PatchesChanged]:
        parse = partial(_read_change, action=action, device_id=device, patch_ids=ids)
        joined = ",".join(map(str, ids))
        return call(service, parse, is_reading=False, deviceid=device, patchids=joined)

    return _in_parts(part, patchids, _join_changes)


def _retry(service: str, deviceid: int, patchids: PatchIds) -> Work[RetryMessage]:
    device = number("deviceid", deviceid)

    def part(ids: tuple[int, ...]) -> Operation[RetryMessage]:
        parse = partial(_read_retry, device_id=device, patch_ids=ids)
        joined = ",".join(map(str, ids))
        return call(service, parse, repeatable=False, deviceid=device, patchids=joined)

    return _in_parts(part, patchids, _join_retries)


def _in_parts(
    part: Callable[[tuple[int, ...]], Operation[T]],
    patchids: PatchIds,
    join: Callable[[Sequence[T]], T],
) -> Work[T]:
    parts = [part(ids) for ids in chunks(patch_numbers(patchids))]
    return parts[0] if len(parts) == 1 else Batch(tuple(parts), join)


def _read_change(
    response: Response, *, action: Action, device_id: int, patch_ids: tuple[int, ...]
) -> PatchesChanged:
    root = answer(response)
    return PatchesChanged(
        action=action,
        device_id=device_id,
        patch_ids=patch_ids,
        answered_at=words.stamp(root.get("created")),
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
    )
