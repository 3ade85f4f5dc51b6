"""Findings from Qualys: patches, and their state and decision on each asset.

Qualys keeps no decision on a patch of an asset: jobs define what is installed. So the decision is
`approve` if an enabled job that names the patch will still run on the asset, and `do_nothing`
otherwise. A job that selects patches by a query decides on none before it runs.

Invariants:
- each patch id of an asset becomes a finding, in the catalogue or not
  (tests/fleet/test_qualys_source.py);
- an asset that omits a list, or counts more patches than it lists, is an error
  (tests/fleet/test_qualys_odd_values.py).
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
"""An asset has a patch or misses it [D: 3.9]. The newest result of a missing patch may report that
it failed, or that it succeeded and the asset waits for a restart [O: peer]."""

EDITION: Final = "1"
"""Edition of the translation; fingerprints of another edition never match."""


class Catalogue:
    """All patches read so far, one object each for all their findings."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.patches: dict[str, Patch] = {}
        self.digests: dict[str, bytes] = {}

    def learn(self, record: PMPatch | CatalogPatch) -> None:
        """Add a patch of a list; raise `Unreadable` for one without an id."""
        found = record.id or (record.patchId if isinstance(record, CatalogPatch) else None)
        if not isinstance(found, str) or not found:
            raise Unreadable(f"the patch {record.title!r} has no id")
        self._keep(found, as_patch(found, record, self.door))

    def look_up(self, client: Qualys, wanted: Collection[str]) -> int:
        """Look up patches that were in no list, and return the number of calls.

        A patch that Qualys does not return, perhaps deleted, has its id in its title.
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
        # An equal patch stays the same object: the record recognises shared ones by identity.
        if self.patches.get(found) != patch:
            self.patches[found] = patch
            self.digests[found] = blake2b(msgspec.json.encode(patch), digest_size=8).digest()


class Conditions:
    """The statuses in use: some dozens, one object each."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, bool], FindingStatus] = {}

    def of(self, word: str, result: str, *, is_approved: bool) -> FindingStatus:
        """Return the status for a key of `STATES`, the result of a job, and the decision."""
        key = word, result, is_approved
        condition = self._known.get(key)
        if condition is None:
            listed = "Installed" if word == "Installed" else "Missing"
            condition = self._known[key] = FindingStatus(
                state=STATES[word],
                decision="approve" if is_approved else "do_nothing",
                is_own_decision=False,
                vendor_status=f"{listed}; {result}" if result else listed,
                vendor_decision="named by an enabled job" if is_approved else "",
            )
        return condition


def patch_states(asset: PMAsset, tried: Mapping[str, PatchAttempt]) -> dict[str, tuple[str, str]]:
    """Return the state of each patch on an asset: a key of `STATES`, and the result of a job.

    A patch in both lists counts as missing, with `Installed` as its result. Raises `Unreadable` if
    a list is omitted or shorter than its count.
    """
    states: dict[str, tuple[str, str]] = dict.fromkeys(
        _listed(asset, "installedPatches", "installedPatchCount"), ("Installed", "")
    )
    for one in _listed(asset, "missingPatches", "missingPatchCount"):
        attempt = tried.get(one)
        if attempt is not None:
            states[one] = attempt.word or "Missing", attempt.result
        else:
            states[one] = "Missing", "Installed" if one in states else ""
    return states


def fingerprint(findings: Sequence[Finding], catalogue: Catalogue) -> str:
    """Return a digest of findings that does not depend on their order."""
    digest = blake2b(digest_size=16)
    for finding in sorted(findings, key=lambda one: one.id):
        digest.update(finding.id.encode())
        digest.update(catalogue.digests[finding.id])
        digest.update(msgspec.json.encode(finding.condition))
    return f"{EDITION}:{digest.hexdigest()}"


def as_patch(patch_id: str, record: PMPatch | CatalogPatch, door: Door) -> Patch:
    """Return the patch of a record.

    Whether it can be installed is unknown: the values of `downloadMethod` are not documented [U].
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
        raise Unreadable(f"asset {asset.id} does not list which patches are {word}")
    if not isinstance(listed, list):
        raise Unreadable(f"the {word} patches of asset {asset.id} are no list")
    ids = [one if isinstance(one, str) else getattr(one, "id", None) for one in listed]
    found = [one for one in ids if isinstance(one, str) and one]
    if len(found) < len(ids):
        raise Unreadable(f"one of the {word} patches of asset {asset.id} has no id")
    promised = number_of(getattr(asset, counted))
    if promised is not None and promised > len(found):
        raise Unreadable(
            f"asset {asset.id} counts {promised} {word} patches and lists {len(found)}"
        )
    return found
