"""The patches of Qualys and how they stand on its assets, in our words.

Laws of this file: every id that an asset names becomes a finding, known to the catalogue or not;
an asset that leaves its lists out, or counts more than it lists, is an error, never a shorter list.

Qualys keeps no decision on a patch of an asset: what is to be installed stands in jobs. So a
decision is `approve` where an enabled job that names the patch will still come to the asset, and
`do_nothing` elsewhere. A job that chooses by a query decides on no patch before it runs.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from patchfleet.errors import Unreadable
from patchfleet.fleet.sources.qualys.job_effects import PatchAttempt
from patchfleet.models import Finding, FindingStatus, Patch, State
from patchfleet.models.vocabulary import severity_of
from patchfleet.qualys import CatalogPatch, PMAsset, PMPatch, Qualys
from patchfleet.qualys.ids import is_uuid
from patchfleet.qualys.records.values import Door, flag_of, number_of, text_of, word_of

STATES: Final[Mapping[str, State]] = {
    "Missing": "missing",
    "Installed": "installed",
    "Failed": "failed",
    "Pending Reboot": "reboot_required",
}
"""An asset has a patch or misses it [D: 3.9]. Of one it misses, the newest result that names it may
say that it failed, or that it succeeded and the asset waits for a restart [O: peer]."""

EDITION: Final = "1"
"""The edition of these translations: a fingerprint made by another is not compared."""


class Catalogue:
    """All patches that were met, each one object for all findings that share it."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.patches: dict[str, Patch] = {}
        self.digests: dict[str, bytes] = {}

    def learn(self, record: PMPatch | CatalogPatch) -> None:
        """Take in a patch of a list; raise `Unreadable` for one without an id."""
        found = record.id or (record.patchId if isinstance(record, CatalogPatch) else None)
        if not isinstance(found, str) or not found:
            raise Unreadable(f"the patch {record.title!r} has no id")
        self._keep(found, as_patch(found, record, self.door))

    def look_up(self, client: Qualys, wanted: Collection[str]) -> int:
        """Ask for patches that no list had, and return how many calls it took.

        One that nobody knows, a deleted one perhaps, stays a patch with its number for a title.
        """
        unknown = [one for one in wanted if one not in self.patches]
        askable = [one for one in unknown if is_uuid(one)]
        calls = 0
        for platform in ("Windows", "Linux"):
            still = [one for one in askable if one not in self.patches]
            if still:
                calls += 1
                for found in client.get_patch_catalog(still, platform):
                    self.learn(found)
        for one in unknown:
            if one not in self.patches:
                self._keep(one, Patch(title=f"Qualys patch {one}", vendor_id=one))
        return calls

    def _keep(self, found: str, patch: Patch) -> None:
        # An equal description stays the same object: findings that share it are recognised by it.
        if self.patches.get(found) != patch:
            self.patches[found] = patch
            self.digests[found] = blake2b(msgspec.json.encode(patch), digest_size=8).digest()


class Conditions:
    """The conditions in use: some dozens, each one object."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, bool], FindingStatus] = {}

    def of(self, word: str, said: str, *, is_approved: bool) -> FindingStatus:
        """Return the condition for a word of `STATES`, what a job said of it, and the decision."""
        key = word, said, is_approved
        condition = self._known.get(key)
        if condition is None:
            listed = "Installed" if word == "Installed" else "Missing"
            condition = self._known[key] = FindingStatus(
                state=STATES[word],
                decision="approve" if is_approved else "do_nothing",
                is_own_decision=False,
                vendor_status=f"{listed}; {said}" if said else listed,
                vendor_decision="named by an enabled job" if is_approved else "",
            )
        return condition


def patch_states(asset: PMAsset, tried: Mapping[str, PatchAttempt]) -> dict[str, tuple[str, str]]:
    """Return how each patch stands on an asset: a word of `STATES`, and what a job said of it.

    A patch that stands in both lists counts as missing, and says so. Raises `Unreadable` where a
    list is left out or is shorter than it is counted.
    """
    standing: dict[str, tuple[str, str]] = dict.fromkeys(
        _listed(asset, "installedPatches", "installedPatchCount"), ("Installed", "")
    )
    for one in _listed(asset, "missingPatches", "missingPatchCount"):
        attempt = tried.get(one)
        if attempt is not None:
            standing[one] = attempt.word or "Missing", attempt.said
        else:
            standing[one] = "Missing", "Installed" if one in standing else ""
    return standing


def fingerprint(findings: Sequence[Finding], catalogue: Catalogue) -> str:
    """Return what tells these findings from any others, whatever their order."""
    digest = blake2b(digest_size=16)
    for finding in sorted(findings, key=lambda one: one.id):
        digest.update(finding.id.encode())
        digest.update(catalogue.digests[finding.id])
        digest.update(msgspec.json.encode(finding.condition))
    return f"{EDITION}:{digest.hexdigest()}"


def as_patch(patch_id: str, record: PMPatch | CatalogPatch, door: Door) -> Patch:
    """Return a patch in our words.

    Whether it can be installed stays unknown: what the words of `downloadMethod` mean is nowhere
    said [U].
    """
    label = f"patch {patch_id}"
    if record.problems:
        door.note_all(label, record.problems)
    word = word_of(record.vendorSeverity)
    return Patch(
        title=text_of(record.title) or f"Qualys patch {patch_id}",
        product=", ".join(door.texts(record.product, label, "product")) or None,
        kb=door.kb(record.kb, label),
        severity=severity_of(word),
        vendor_severity=word,
        released_at=door.moment(record.publishedDate, label, "publishedDate"),
        url=text_of(record.vendorlink),
        is_removable=flag_of(record.isRollback),
        vendor_id=patch_id,
        cves=door.cves(record.cve, label),
        is_superseded=flag_of(record.isSuperseded),
        needs_reboot=flag_of(record.rebootRequired),
    )


def _listed(asset: PMAsset, name: str, counted: str) -> list[str]:
    listed = getattr(asset, name)
    word = name.removesuffix("Patches")
    if listed is None:
        raise Unreadable(f"asset {asset.id} does not say which patches are {word}")
    if not isinstance(listed, list):
        raise Unreadable(f"the {word} patches of asset {asset.id} are no list")
    said = [one if isinstance(one, str) else getattr(one, "id", None) for one in listed]
    found = [one for one in said if isinstance(one, str) and one]
    if len(found) < len(said):
        raise Unreadable(f"one of the {word} patches of asset {asset.id} has no id")
    promised = number_of(getattr(asset, counted))
    if promised is not None and promised > len(found):
        raise Unreadable(
            f"asset {asset.id} counts {promised} {word} patches and lists {len(found)}"
        )
    return found
