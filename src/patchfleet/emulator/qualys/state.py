"""State of the subscription over time: assets, patch catalogue, tags.

Everything follows from the seed and from event times, never from the clock's step size. To make an
event happen at a time (a job installs a patch), first move the subscription there:
`advance_to(at)`, then `asset.install(...)`.

Neither vendor sees the other's actions: what N-sight installs, Qualys does not find (a choice).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from patchfleet.emulator.catalogue import Catalogue, Patch
from patchfleet.emulator.product_lines import LINES
from patchfleet.emulator.qualys import initial_state, qql_fields
from patchfleet.emulator.qualys.asset import Asset, Tag
from patchfleet.emulator.qualys.enrollment import lines_of, make_tags, members, tags_of
from patchfleet.emulator.qualys.linux import LINUX_LINES
from patchfleet.emulator.qualys.patch import (
    CataloguePatch,
    PlatformName,
    Vulnerability,
    guid,
    linux_patch,
    windows_patch,
)
from patchfleet.emulator.qualys.request import Refused
from patchfleet.emulator.seeded_random import SeededRandom, scatter
from patchfleet.emulator.world import Machine, World

__all__ = [
    "Asset",
    "CataloguePatch",
    "Refused",
    "SubscriptionState",
    "Tag",
    "User",
    "Vulnerability",
    "open_state",
]  # fmt: skip

T = TypeVar("T")
_REMEMBERED = 64
_YEAR = timedelta(days=365)
_AHEAD = timedelta(days=40)
_STANDING = frozenset({"office", "outlook"})
"""Lines whose releases do not supersede one another."""
_KEPT, _KEPT_OF_MANY = 6, 2
_LINES_OF_MANY = 3


@dataclass(frozen=True, slots=True)
class User:
    """A user of the subscription."""

    id: str
    name: str


class SubscriptionState:
    """State of the subscription at `now`; made by `open_state`.

    `assets` and `patches` are by uuid, `tags` by GUID; `patches` holds those listed by now, in no
    promised order, and grows with time. `vulnerabilities` are by QID. `agentless` are machines
    without an agent, which only the inventory knows. `changes` grows whenever an asset is changed,
    added or removed.
    """

    def __init__(self, seed: int, start: datetime, world: World, *, is_measured: bool) -> None:
        self.seed = seed
        self.start = self.now = start
        self.changes = 0
        self.customer_id = guid(seed, "subscription")
        self.user = User(guid(seed, "user"), "api.user")
        self.assets: dict[str, Asset] = {}
        self.patches: dict[str, CataloguePatch] = {}
        self.vulnerabilities: dict[int, Vulnerability] = {}
        self.tags_by_name = make_tags(seed, world)
        self.tags: dict[str, Tag] = {tag.id: tag for tag in self.tags_by_name.values()}
        self.agentless: list[Machine] = []
        self._is_measured = is_measured
        self._lines: dict[str, list[CataloguePatch]] = {}
        self._windows, self._linux = Catalogue(seed), Catalogue(seed, LINUX_LINES)
        self._unlisted: deque[CataloguePatch] = deque()
        self._looked_until = start
        self._all_settled_at: datetime | None = None
        self._remembered: dict[object, Any] = {}
        self._remembered_at: tuple[datetime, int] = start, 0

    def advance_to(self, until: datetime) -> None:
        """Move to a time, unless it is in the past; patches are listed on the way."""
        if until <= self.now:
            return
        if until > self._looked_until:
            self._look_ahead(until + _AHEAD)
        while self._unlisted and self._unlisted[0].listed_at <= until:
            self.list_patch(self._unlisted.popleft())
        self.now = until

    def patches_matching(self, qql: str, platform: str) -> list[CataloguePatch]:
        """Return the patches of a platform that match a query, newest published first.

        Raises Refused (400) for a query that cannot be parsed.
        """
        self.settle_all()
        fits = qql_fields.patch_filter(qql, self.now)
        found = [one for one in self.patches.values() if one.platform == platform and fits(one)]
        found.sort(key=lambda patch: (patch.published_at, patch.number), reverse=True)
        return found

    def vulnerabilities_matching(self, qql: str, platform: str) -> set[int]:
        """Return the QIDs that match a query among those that patches of a platform fix.

        Raises Refused (400) for a query that cannot be parsed.
        """
        fits = qql_fields.vulnerability_filter(qql, self.now)
        mended = {qid for one in self.patches.values() if one.platform == platform
                  for qid in one.qids}  # fmt: skip
        return {qid for qid in mended if fits(self.vulnerabilities[qid])}

    def assets_matching(self, qql: str, platform: str) -> list[Asset]:
        """Return the assets of a platform that match a query, in the order they were made."""
        self.settle_all()
        fits = qql_fields.asset_filter(qql, self.now, self.tags)
        return [one for one in self.assets.values() if one.platform == platform and fits(one)]

    def settle(self, asset: Asset) -> None:
        """Bring an asset up to now: its initial patches, and what its scans found since."""
        if asset.settled_at == self.now:
            return
        if asset.scanned_at is None:
            kept = _KEPT_OF_MANY if self._is_measured else _KEPT
            initial_state.begin(self.seed, asset, self._lines, self.start, kept)
        initial_state.find(asset, self._lines, self.now)
        asset.settled_at = self.now

    def settle_all(self) -> None:
        """Bring all assets up to now, so that the counts on the patches are right."""
        if self._all_settled_at != self.now:
            for asset in self.assets.values():
                self.settle(asset)
            self._all_settled_at = self.now

    def remembered(self, key: object, find: Callable[[], T]) -> T:
        """Return the result of `find`, cached until the subscription changes.

        The pages of one list are cut from one result as long as nothing happens between them.
        """
        at = self.now, self.changes
        if at != self._remembered_at or len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
            self._remembered_at = at
        if key not in self._remembered:
            self._remembered[key] = find()
        found: T = self._remembered[key]
        return found

    def add_asset(self, machine: Machine, at: datetime | None = None) -> Asset:
        """Add a machine with an agent, at the beginning or `at` a later time."""
        at_most = _LINES_OF_MANY if self._is_measured else None
        asset = Asset(
            uuid=guid(self.seed, "agent", machine.number),
            asset_id=inventory_id(machine),
            machine=machine,
            platform="Linux" if machine.system.platform == "linux" else "Windows",
            zone=machine.site.zone,
            tag_ids=tags_of(self.seed, machine, self.tags_by_name),
            lines=lines_of(self.seed, machine, at_most),
            restarted_at=machine.restarted_at,
            changed_at=at or machine.restarted_at,
            subscription=self,
        )
        self.assets[asset.uuid] = asset
        self.changes += 1
        return asset

    def remove_asset(self, asset: Asset) -> None:
        """Remove an asset from all lists; jobs that were sent to it still name it."""
        waiting = [*asset.missing.values(), *asset.reboot_pending.values()]
        for patch in waiting:
            patch.missing_count -= 1
        for patch in asset.installed.values():
            patch.installed_count -= 1
        del self.assets[asset.uuid]
        self.changes += 1

    def list_patch(self, patch: CataloguePatch) -> None:
        """Add a patch to the catalogue; on Windows it supersedes the release before it."""
        line = self._lines.setdefault(patch.line, [])
        if line and patch.platform == "Windows" and patch.line not in _STANDING:
            older = line[-1]
            older.superseded_by.append(patch.uuid)
            older.modified_at = max(older.modified_at, patch.listed_at)
            patch.supersedes.append(older.uuid)
        line.append(patch)
        self.patches[patch.uuid] = patch
        if patch.vulnerability:
            self.vulnerabilities.setdefault(patch.vulnerability.qid, patch.vulnerability)

    def list_early(self, patches: Sequence[CataloguePatch]) -> None:
        """List the patches due by now and keep the rest for later; oldest release first."""
        for patch in sorted(patches, key=lambda one: (one.listed_at, one.number)):
            if patch.listed_at <= self.now:
                self.list_patch(patch)
            else:
                self._unlisted.append(patch)

    def released(self, platform: PlatformName, after: datetime, until: datetime) -> list[Patch]:
        """Return the world's patches of a platform released in (after, until], oldest first."""
        if platform == "Linux":
            return self._linux.released_for(tuple(LINUX_LINES), after, until)
        return self._windows.released_for(tuple(LINES), after, until)

    def _look_ahead(self, until: datetime) -> None:
        """Generate the releases up to a time, before they are listed."""
        after, self._looked_until = self._looked_until, until
        fresh = [windows_patch(self.seed, one) for one in self.released("Windows", after, until)]
        fresh += [linux_patch(self.seed, one) for one in self.released("Linux", after, until)]
        waiting = [*self._unlisted, *fresh]
        self._unlisted = deque(sorted(waiting, key=lambda one: (one.listed_at, one.number)))


def inventory_id(machine: Machine) -> int:
    """Return the inventory's number of a machine."""
    return scatter(machine.number, 20_000_000, 89_999_989)


def open_state(
    seed: int,
    world: World,
    *,
    start: datetime,
    assets: int | None = None,
    patches: int | None = None,
) -> SubscriptionState:
    """Return the subscription over a world as of `start`.

    With `assets`, exactly that number of machines has an agent; with `patches`, exactly that number
    of Windows patches is listed at the start. Either makes a world for measurements, in which an
    asset has and misses only a few patches. Raises ValueError for negative numbers.
    """
    if patches is not None and patches < 0:
        raise ValueError("qualys_patches cannot be negative")
    known = members(seed, world, start, assets)
    is_measured = assets is not None or patches is not None
    state = SubscriptionState(seed, start, world, is_measured=is_measured)
    windows = state.released("Windows", start - (2 if patches is None else 10) * _YEAR, start)
    if patches is None:
        listed = [windows_patch(seed, patch) for patch in windows]
    else:
        listed = _so_many(seed, windows, start, patches)
    linux = state.released("Linux", start - _YEAR, start)
    state.list_early([*listed, *(linux_patch(seed, patch) for patch in linux)])
    for machine in known.agents:
        state.add_asset(machine)
    state.agentless = known.agentless
    return state


def _so_many(
    seed: int, released: Sequence[Patch], start: datetime, wanted: int
) -> list[CataloguePatch]:
    """Return `wanted` patches listed by `start`, newest first, and those listed soon after it.

    If there are too few releases, copies of them in other languages follow.
    """
    chosen: list[CataloguePatch] = []
    soon: list[CataloguePatch] = []
    for edition in count():
        for patch in reversed(released):
            if len(chosen) == wanted:
                return chosen + soon
            made = windows_patch(seed, patch, edition)
            if made.listed_at <= start:
                chosen.append(made)
            elif edition == 0:
                soon.append(made)
    raise AssertionError("editions never end")


def credentials(seed: int) -> tuple[str, str]:
    """Return the user name and the password of the subscription, a function of the seed."""
    random = SeededRandom(seed, "qualys credentials")
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return f"emula_{random.digits(4, letters)}", random.digits(16, letters)
