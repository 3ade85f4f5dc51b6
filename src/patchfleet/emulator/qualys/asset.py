"""One machine in Patch Management: missing and installed patches, and the effect of jobs.

State and transitions without any response format. What a scan finds is a function of the seed and
of event times, never of when it is read: `missing`, `installed` and `reboot_pending` settle to the
subscription's time when read.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from patchfleet._renamed import renamed
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.world import Machine

Found = dict[str, CataloguePatch]


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of assets: jobs use the GUID `id`, the inventory shows `number`."""

    id: str
    number: int
    name: str


class Clocked(Protocol):
    """A clock that settles assets, with a count of the changes that jobs make to them."""

    changes: int

    def settle(self, asset: "Asset") -> None:
        """Bring an asset up to now."""


@dataclass(slots=True, eq=False)
class Asset:
    """One asset.

    `uuid` is the agent's, which jobs call asset id; `asset_id` is the inventory's number. `lines`
    are the product lines it can miss patches of. `changed_at` is when it was last changed, and
    `revision` grows with every change. `subscription` settles it.
    """

    uuid: str
    asset_id: int
    machine: Machine
    platform: str
    zone: ZoneInfo
    tag_ids: set[str]
    lines: tuple[str, ...]
    restarted_at: datetime
    changed_at: datetime
    subscription: Clocked
    scanned_at: datetime | None = None
    settled_at: datetime | None = None
    revision: int = 0
    missing_now: Found = field(default_factory=dict)
    installed_now: Found = field(default_factory=dict)
    reboot_pending_now: Found = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the machine's name."""
        return self.machine.name

    @property
    def is_reporting(self) -> bool:
        """Return whether its agent reports; a silent one scans nothing and takes no job."""
        return not self.machine.silent_days

    @property
    def missing(self) -> Found:
        """Return the missing patches by uuid, superseded ones included; read-only for callers."""
        self.subscription.settle(self)
        return self.missing_now

    @property
    def installed(self) -> Found:
        """Return the installed patches by uuid; read-only for callers."""
        self.subscription.settle(self)
        return self.installed_now

    @property
    def reboot_pending(self) -> Found:
        """Return the patches that wait for a restart, by uuid; in neither other mapping."""
        self.subscription.settle(self)
        return self.reboot_pending_now

    def install(self, patch_uuid: str, at: datetime) -> bool:
        """Install a missing patch; return whether it now waits for a restart.

        Patches that it supersedes are no longer missing. Raises KeyError if the patch is not
        missing.
        """
        patch = self.missing.pop(patch_uuid)
        for older in [old for old in self.missing_now.values() if patch.replaces(old)]:
            del self.missing_now[older.uuid]
            older.missing_count -= 1
        self._changed(at)
        if patch.reboot_required:
            self.reboot_pending_now[patch_uuid] = patch
            return True
        self._have(patch)
        return False

    def uninstall(self, patch_uuid: str, at: datetime) -> None:
        """Roll back an installed patch, so that it is missing; raise KeyError if not installed."""
        patch = self.installed.pop(patch_uuid)
        patch.installed_count -= 1
        patch.missing_count += 1
        self.missing_now[patch_uuid] = patch
        self._changed(at)

    def restart(self, at: datetime) -> None:
        """Restart the machine: patches that waited for it are installed."""
        for patch in self.reboot_pending.values():
            self._have(patch)
        self.reboot_pending_now.clear()
        self.restarted_at = at
        self._changed(at)

    def describe(self, at: datetime, **marks: Any) -> None:
        """Set other properties of the machine, such as `name`, `serial` or `user`.

        The inventory dates the change as `at`; a time in the past makes that date wrong.
        """
        self.machine = replace(self.machine, **marks)
        self._changed(at)

    def tag(self, tag_ids: set[str], at: datetime) -> None:
        """Replace the machine's tags; for `at` see `describe`."""
        self.tag_ids = set(tag_ids)
        self._changed(at)

    def _have(self, patch: CataloguePatch) -> None:
        """Count a patch as installed instead of missing."""
        self.installed_now[patch.uuid] = patch
        patch.missing_count -= 1
        patch.installed_count += 1

    def _changed(self, at: datetime) -> None:
        self.changed_at = at
        self.revision += 1
        self.subscription.changes += 1


__getattr__ = renamed(__name__)
