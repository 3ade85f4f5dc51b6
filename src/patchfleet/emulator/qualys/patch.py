"""Qualys's form of a patch: ids, vulnerabilities, supersedence.

The facts follow from the seed and the world's patch; only supersedence and the counts of assets
change, through `SubscriptionState` and `Asset`.
"""

import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from patchfleet.emulator.catalogue import Patch
from patchfleet.emulator.product_lines import DRIVERS, EVERY_WINDOWS, THIRD_PARTY
from patchfleet.emulator.qualys.linux import DISTRIBUTIONS
from patchfleet.emulator.seeded_random import SeededRandom

PlatformName = Literal["Windows", "Linux"]

_SEVERITY_RANK = {"Critical": 5, "Important": 4, "Moderate": 3, "Low": 2, "None": 1}
_BULLETIN = re.compile(r"\b(?:USN|DSA|RHSA|RLSA)-[\d:-]+\d")
_PRODUCT_WORDS = re.compile(r"\W+")
_FIRST_YEAR = 2000
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One vulnerability that patches fix; `severity` is 1 to 5."""

    qid: int
    title: str
    cves: tuple[str, ...]
    severity: int
    type: Literal["VULNERABILITY", "POTENTIAL"]
    detected_at: datetime


@dataclass(slots=True, eq=False)
class CataloguePatch:
    """One patch of one platform's catalogue.

    `line` and `release` name its stream of releases and its place there. It is in the catalogue
    from `listed_at` on. `vendor_severity` is Critical, Important, Moderate, Low or None (the word).
    `supersedes` and `superseded_by` are uuids; on Linux there is no supersedence. `missing_count`
    and `installed_count` are right once all assets are settled.
    """

    uuid: str
    number: int
    platform: PlatformName
    line: str
    release: int
    title: str
    vendor: str
    vendor_severity: str
    kb: str | None
    bulletin: str | None
    cves: tuple[str, ...]
    vulnerability: Vulnerability | None
    published_at: datetime
    listed_at: datetime
    modified_at: datetime
    reboot_required: bool
    is_security: bool
    is_rollback: bool
    is_enabled: bool
    app_family: str
    products: tuple[str, ...]
    architectures: tuple[str, ...]
    packages: tuple[str, ...]
    category: str
    url: str
    download_method: str
    supersedes: list[str] = field(default_factory=list)
    superseded_by: list[str] = field(default_factory=list)
    missing_count: int = 0
    installed_count: int = 0

    @property
    def is_superseded(self) -> bool:
        """Return whether a newer patch supersedes it by now; never on Linux [D: qql]."""
        return bool(self.superseded_by)

    @property
    def qids(self) -> tuple[int, ...]:
        """Return the QIDs of the vulnerabilities it fixes."""
        return (self.vulnerability.qid,) if self.vulnerability else ()

    def replaces(self, other: "CataloguePatch") -> bool:
        """Return whether installing it makes the other one unnecessary."""
        return (
            self.platform == "Windows"
            and self.line == other.line
            and self.release > other.release
            and bool(other.superseded_by)
        )


def guid(seed: int, *names: object) -> str:
    """Return a uuid that is a function of the seed and the names."""
    digits = SeededRandom(seed, "qualys", *names).digits(32, "0123456789abcdef")
    return str(uuid.UUID(hex=digits, version=4))


def windows_patch(seed: int, patch: Patch, edition: int = 0) -> CataloguePatch:
    """Return the Windows patch for a patch of the world.

    `edition` distinguishes copies of one release in other languages, which fill a large catalogue.
    """
    return replace(_windows_facts(seed, patch, edition), supersedes=[], superseded_by=[])


def linux_patch(seed: int, patch: Patch) -> CataloguePatch:
    """Return the Linux patch for an advisory; it names its packages."""
    return replace(_linux_facts(seed, patch), supersedes=[], superseded_by=[])


@lru_cache(maxsize=4096)  # worlds of one seed share what does not change
def _windows_facts(seed: int, patch: Patch, edition: int) -> CataloguePatch:
    random = SeededRandom(seed, "qualys windows", patch.number, edition)
    is_driver, is_other = patch.line in DRIVERS, patch.line in THIRD_PARTY
    severity = "None" if patch.severity == "Unspecified" else patch.severity
    is_security = severity in ("Critical", "Important", "Moderate")
    listed_at = patch.released_at + _HOUR * random.between(2, 20)
    flaw = _vulnerability(seed, patch, _windows_qid(patch), severity) if is_security else None
    name = f"{_first_word(patch.product)} language pack {edition}" if edition else ""
    return CataloguePatch(
        uuid=guid(seed, "windows patch", patch.number, edition),
        number=patch.number + edition * 100_000_000,
        platform="Windows",
        line=f"{patch.line} {edition}" if edition else patch.line,
        release=patch.number % 100_000,
        title=f"{patch.title} [{name}]" if name else patch.title,
        vendor=_vendor(patch) if is_other or is_driver else "Microsoft",
        vendor_severity=severity,
        kb=patch.kb,
        bulletin=None if is_other else f"MS{patch.released_at:%y-%m}-{patch.number % 1000:03}",
        cves=flaw.cves if flaw else (),
        vulnerability=flaw,
        published_at=patch.released_at,
        listed_at=listed_at,
        modified_at=listed_at + _HOUR * (random.below(40) if random.happens(0.3) else 0),
        reboot_required=random.happens(patch.restart),
        is_security=is_security,
        is_rollback=patch.is_uninstallable,
        is_enabled=True,
        app_family=patch.product if is_other else _family(patch),
        products=(patch.product,),
        architectures=("X64",) if random.happens(0.8) else ("X86", "X64"),
        packages=(),
        category="Security Patches" if is_security else "Non-Security Patches",
        url=patch.url,
        download_method="AcquireFromVendor" if patch.is_deployable else "Manual",
    )


@lru_cache(maxsize=4096)
def _linux_facts(seed: int, patch: Patch) -> CataloguePatch:
    random = SeededRandom(seed, "qualys linux", patch.number)
    severity = "None" if patch.severity == "Unspecified" else patch.severity
    distribution = next(known for known in DISTRIBUTIONS if patch.line.startswith(known.line))
    bulletin = _BULLETIN.search(patch.title)
    listed_at = patch.released_at + _HOUR * random.between(2, 20)
    flaw = _vulnerability(seed, patch, 700_000 + _qid_part(patch), severity)
    package = patch.product
    return CataloguePatch(
        uuid=guid(seed, "linux patch", patch.number),
        number=patch.number,
        platform="Linux",
        line=patch.line,
        release=patch.number % 100_000,
        title=patch.title,
        vendor=distribution.vendor,
        vendor_severity=severity,
        kb=None,
        bulletin=bulletin[0] if bulletin else None,
        cves=flaw.cves,
        vulnerability=flaw,
        published_at=patch.released_at,
        listed_at=listed_at,
        modified_at=listed_at,
        reboot_required=patch.restart > 0,
        is_security=True,
        is_rollback=True,
        is_enabled=True,
        app_family=distribution.name,
        products=(distribution.name,),
        architectures=("x86_64",),
        packages=tuple(f"{package}{tail}" for tail in ("", "-libs", "-common", "-dev", "-doc")),
        category="Security Patches",
        url=patch.url,
        download_method="AcquireFromVendor",
    )


def _vulnerability(seed: int, patch: Patch, qid: int, severity: str) -> Vulnerability:
    """Return the vulnerability a patch fixes; patches with the same QID fix the same one."""
    random = SeededRandom(seed, "qid", qid)
    year = patch.released_at.year
    count = random.between(1, 4)
    cves = {f"CVE-{year}-{random.between(1000, 49999)}" for _ in range(count)}
    return Vulnerability(
        qid=qid,
        title=f"{patch.product} Security Update {patch.released_at:%B %Y}",
        cves=tuple(sorted(cves)),
        severity=_SEVERITY_RANK[severity],
        type="VULNERABILITY" if random.happens(0.9) else "POTENTIAL",
        detected_at=patch.released_at,
    )


def _windows_qid(patch: Patch) -> int:
    """Return the QID: one a month for all of Windows, one a release for other products."""
    if patch.line.endswith(" cumulative"):
        when = patch.released_at
        return 91_000 + (when.year - _FIRST_YEAR) * 12 + when.month
    return 370_000 + _qid_part(patch)


def _qid_part(patch: Patch) -> int:
    """Return a number below 100,000 that no other patch of the platform has."""
    line, release = divmod(patch.number, 100_000)
    return line * 1000 + release % 1000


def _family(patch: Patch) -> str:
    if patch.line in EVERY_WINDOWS or patch.line in DRIVERS:
        return patch.product
    return "Windows" if patch.product.startswith("Windows") else "Microsoft Office & Servers"


def _vendor(patch: Patch) -> str:
    return _first_word(patch.title if patch.line in DRIVERS else patch.product)


def _first_word(text: str) -> str:
    return _PRODUCT_WORDS.split(text.strip("=É "))[0] or text
