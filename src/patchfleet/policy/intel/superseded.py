"""Vulnerabilities that an update fixes, with those of the older updates it contains."""

from collections.abc import Iterable

from patchfleet.policy.intel.records import KbCve


def cves_fixed(rows: Iterable[KbCve]) -> dict[str, tuple[str, ...]]:
    """Return the vulnerabilities that each update fixes: its own, then those of what it supersedes.

    Updates that supersede each other, which is an error of the file, fix the same.
    """
    own: dict[str, list[str]] = {}
    older: dict[str, list[str]] = {}
    for row in rows:
        if row.cve is not None:
            own.setdefault(row.kb, []).append(row.cve)
        if row.supersedes is not None:
            older.setdefault(row.kb, []).append(row.supersedes)
    fixed: dict[str, tuple[str, ...]] = {}
    for kb in dict.fromkeys([*own, *older]):
        contained = {kb: None}
        waiting = [kb]
        while waiting:
            for one in older.get(waiting.pop(), ()):
                if one not in contained:
                    contained[one] = None
                    waiting.append(one)
        fixed[kb] = tuple(dict.fromkeys(cve for one in contained for cve in own.get(one, ())))
    return fixed
