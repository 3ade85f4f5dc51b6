"""Patches of a device as N-able lists them, and the results of patch actions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal, Self

from msgspec import Struct

from patchfleet.models.vocabulary import kb_in_title
from patchfleet.nsight import codes
from patchfleet.nsight.records.record import Record

Action = Literal["approve", "ignore", "do_nothing", "inherit"]


class Patch(Record):
    """One row of a device's patch list [D: list_all_patches_for_device.htm].

    `patch_id` names this row on this device; whether the same number means the same patch elsewhere
    is unknown. Labels come from the wire; `status_name` and `policy_name` fall back to the
    documented words.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {
        "patchid": "patch_id",
        "policyLabel": "policy_label",
        "patchicon": "patch_icon",
        "selectpatch": "select_patch",
        "statusLabel": "status_label",
        "patchUrl": "patch_url",
        "patchTitle": "patch_title",
        "severityLabel": "severity_label",
        "releaseDate": "release_date",
        "releaseDateText": "release_date_text",
        "installdate": "install_date",
        "installDateText": "install_date_text",
    }

    patch_id: int
    policy: int
    status: int
    policy_label: str | None = None
    patch_icon: str | None = None
    select_patch: str | None = None
    status_label: str | None = None
    patch_url: str | None = None
    patch_title: str = ""
    product: str | None = None
    severity: int | None = None
    severity_label: str | None = None
    release_date: int | None = None
    release_date_text: str | None = None
    install_date: int | None = None
    install_date_text: str | None = None
    deployable: bool | None = None
    uninstallable: bool | None = None

    @property
    def choice(self) -> codes.Choice | None:
        """The decision of the policy: approve, ignore, do_nothing; None for an unknown number."""
        return codes.base_choice(self.policy)

    @property
    def is_set_by_user(self) -> bool:
        """Whether the policy was set on this device (66), not inherited (2)."""
        return codes.is_set_by_user(self.policy)

    @property
    def policy_name(self) -> str:
        """The policy in words."""
        return codes.policy_label(self.policy, self.policy_label)

    @property
    def status_name(self) -> str:
        """The status in words."""
        return codes.status_label(self.status, self.status_label)

    @property
    def kb(self) -> str | None:
        """The KB number in the title, without its letters: there is no KB element [I]."""
        return kb_in_title(self.patch_title)

    @property
    def released_at(self) -> datetime | None:
        """When the patch was released, aware UTC; None if N-able omits it."""
        return codes.unix_moment(self.release_date) or codes.moment(self.release_date_text)

    @property
    def installed_at(self) -> datetime | None:
        """When Patch Management installed it, aware UTC; None if it did not, or N-able omits it."""
        return codes.unix_moment(self.install_date) or codes.moment(self.install_date_text)


class PatchesChanged(Struct, frozen=True, kw_only=True):
    """N-able's answer to approve, ignore, do nothing and inherit: it accepted the request.

    It names no single patches, and ids that are not on the device are not reported [D:
    approve_patch.htm]. `unconfirmed` are those that the list, read again, shows otherwise.
    """

    action: Action
    device_id: int
    patch_ids: tuple[int, ...]
    answered_at: datetime | None = None
    message: str = ""
    unconfirmed: tuple[int, ...] = ()


class RetryMessage(str):
    """The message of retry and reprocess, a `str` as the documentation has it, with its ids.

    `retried` are the ids that will be tried again; `already_applied` are those that were not in the
    failed state, installed or not [O: peer]; `unmentioned` are those the message does not name.
    `unconfirmed` are those that the list, read again, still shows as failed, or not at all.
    """

    __slots__ = ("already_applied", "device_id", "patch_ids", "retried", "unconfirmed")

    device_id: int
    patch_ids: tuple[int, ...]
    retried: tuple[int, ...]
    already_applied: tuple[int, ...]
    unconfirmed: tuple[int, ...]

    def __new__(  # noqa: D102 -- see the class
        cls,
        message: str,
        *,
        device_id: int,
        patch_ids: Sequence[int],
        retried: Sequence[int],
        already_applied: Sequence[int],
        unconfirmed: Sequence[int] = (),
    ) -> Self:
        self = super().__new__(cls, message)
        self.device_id = device_id
        self.patch_ids = tuple(patch_ids)
        self.retried = tuple(retried)
        self.already_applied = tuple(already_applied)
        self.unconfirmed = tuple(unconfirmed)
        return self

    @property
    def unmentioned(self) -> tuple[int, ...]:
        """The ids that were sent and are in neither list."""
        named = {*self.retried, *self.already_applied}
        return tuple(number for number in self.patch_ids if number not in named)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Let copies and pickles keep the lists."""
        return (str(self),), {
            "device_id": self.device_id,
            "patch_ids": self.patch_ids,
            "retried": self.retried,
            "already_applied": self.already_applied,
            "unconfirmed": self.unconfirmed,
        }
