"""Assets and patches selected by a job, at the time of the call.

[D: qql, lin, cre; tags and exclusions by name O: peer]
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.job import Buckets
from patchfleet.emulator.qualys.patch import CataloguePatch
from patchfleet.emulator.qualys.state import SubscriptionState

PATCHES_A_RUN = 2_000
"""The most patches of a run by QQL, newest first [D: qql]."""

Body = Mapping[str, Any]


def targets(state: SubscriptionState, body: Body) -> list[Asset]:
    """Return the assets of a job, by name: named and tagged ones without the excluded.

    `filterType` Any selects assets with any of the tags, All those with all of them; of those,
    `matchAllTagIds` keeps the ones with every tag (alone it selects, as tags do) [A]. Exclusion has
    its own Any or All.
    """
    named = set(body["assetIds"] or ())
    has_tags = bool(body["assetTagIds"] or body["matchAllTagIds"])
    candidates = state.assets if has_tags else [one for one in named if one in state.assets]
    excluded = set(body["exclusionAssetIds"] or ())
    chosen = [
        asset
        for asset in map(state.assets.__getitem__, candidates)
        if asset.platform == body["platform"]
        and (asset.uuid in named or is_tagged(asset, body))
        and asset.uuid not in excluded
        and not _has(asset, body["exclusionTagIds"], body["exclusionFilterType"])
    ]
    return sorted(chosen, key=_by_name)


def is_tagged(asset: Asset, body: Body) -> bool:
    """Return whether the tags of a job select an asset."""
    every = body["matchAllTagIds"]
    if every and not asset.tag_ids.issuperset(every):
        return False
    if body["assetTagIds"]:
        return _has(asset, body["assetTagIds"], body["filterType"])
    return bool(every)


def _has(asset: Asset, tags: Sequence[str] | None, how: str) -> bool:
    if not tags:
        return False
    return (all if how == "All" else any)(tag in asset.tag_ids for tag in tags)


def _by_name(asset: Asset) -> tuple[str, str]:
    return asset.name, asset.uuid


def newest(patches: Iterable[CataloguePatch]) -> list[CataloguePatch]:
    """Return the newest patches up to the limit of a run by QQL, none of them superseded.

    On Linux there is no supersedence [D: qql].
    """
    current = [patch for patch in patches if not patch.is_superseded]
    current.sort(key=lambda patch: (patch.published_at, patch.uuid), reverse=True)
    return current[:PATCHES_A_RUN]


def missing_somewhere(
    patches: Iterable[CataloguePatch], assets: Sequence[Asset]
) -> list[CataloguePatch]:
    """Return the patches that are missing on any of the assets."""
    missing: set[str] = set()
    for asset in assets:
        missing.update(asset.missing)
    return [patch for patch in patches if patch.uuid in missing]


def sort_out(
    asset: Asset, patches: Sequence[CataloguePatch], body: Body
) -> tuple[list[CataloguePatch], Buckets]:
    """Return the patches to try on an asset, and the outcome of the job's others.

    A QQL selects only missing patches. An explicit patch is superseded if one that supersedes it is
    in the same job and missing too; a rollback needs an installed patch that can be rolled back
    [A].
    """
    if body["type"] == "Rollback":
        kept = [one for one in patches if one.is_rollback and one.uuid in asset.installed]
        return kept, Buckets(not_applicable=[one.uuid for one in patches if one not in kept])
    missing = [patch for patch in patches if patch.uuid in asset.missing]
    if body["isDynamicPatchesQQL"]:
        return missing, Buckets()
    due = {patch.uuid for patch in missing}
    replaced = [patch.uuid for patch in missing if due.intersection(patch.superseded_by)]
    present = [
        patch.uuid
        for patch in patches
        if patch.uuid in asset.installed or patch.uuid in asset.reboot_pending
    ]
    known = {*due, *present}
    return (
        [patch for patch in missing if patch.uuid not in set(replaced)],
        Buckets(
            installed=present,
            superseded=replaced,
            not_applicable=[patch.uuid for patch in patches if patch.uuid not in known],
        ),
    )


def matching(
    state: SubscriptionState, query: str, kind: int, platform: str
) -> list[CataloguePatch]:
    """Return the patches matching a QQL: by patch (1), or by the vulnerabilities they fix (2).

    Raises Refused with the position for a query that cannot be parsed.
    """
    if kind == 1:
        return state.patches_matching(query, platform)
    qids = state.vulnerabilities_matching(query, platform)
    return [
        patch
        for patch in state.patches.values()
        if patch.platform == platform and not qids.isdisjoint(patch.qids)
    ]
