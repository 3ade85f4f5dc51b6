"""Comparison of two devices: agreement of their identifiers, score, and reasons.

The rules are the table in `match`, from the top: the first that fits counts.

Invariant: the order of the two devices does not matter (tests/fleet/test_match_properties.py).
"""

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from msgspec import Struct

from patchfleet.fleet.matching.identifiers import Identifiers, is_same_domain, is_same_name
from patchfleet.models.machine import CandidateKind

Hardware = Literal["same", "shared", "other", "unknown"]
"""An identifier of both and no other device of either source; of both and others; different;
unknown for one of them."""
Naming = Literal["same", "other", "unknown"]
Shared = frozenset[tuple[str, str]]
"""Source and identifier, for identifiers of several machines of the source."""

TIERS = ("agent", "serial", "mac")
Tier = Literal["agent", "serial", "mac"]
"""The identifiers by which two devices are joined, the most reliable first."""

MOST_WITHOUT_JOIN = 70


class Agreement(NamedTuple):
    """Agreement of two devices, identifier by identifier."""

    is_same_source: bool
    agent: bool
    serial: Hardware
    mac: Hardware
    name: Naming
    is_one_system: bool
    customer: Naming


class Comparison(Struct, frozen=True, gc=False):
    """Result of a comparison; `tier` is None if the devices are not joined by it.

    `is_hardware` means that a hardware identifier belongs to these two alone and none differs.
    `macs` are the common addresses, or only those of these two alone if there are any.
    """

    tier: Tier | None
    kind: CandidateKind
    score: int
    is_hardware: bool
    macs: tuple[str, ...]
    agreement: Agreement


class _Rule(NamedTuple):
    """One row of the table; an empty word fits everything."""

    serial: str
    mac: str
    name: str
    tier: Tier | None
    score: int
    kind: CandidateKind


_RULES = (
    _Rule("same", "same", "same unknown", "serial", 100, "re-imaged"),
    _Rule("same", "", "same", "serial", 90, "re-imaged"),
    _Rule("shared unknown", "same", "same", "mac", 80, "cloned"),
    _Rule("same", "same", "other", None, 65, "renamed"),
    _Rule("same", "shared unknown", "", None, 55, "renamed"),
    _Rule("same", "other", "", None, 45, "re-imaged"),
    _Rule("shared unknown", "same", "", None, 45, "renamed"),
    _Rule("other", "same", "same", None, 40, "cloned"),
    _Rule("other", "same", "", None, 15, "cloned"),
    _Rule("shared", "", "same", None, 50, "cloned"),
    _Rule("shared", "", "", None, 25, "cloned"),
    _Rule("unknown", "shared", "same", None, 40, "cloned"),
    _Rule("unknown", "shared", "", None, 15, "cloned"),
    _Rule("unknown", "unknown", "same", None, 40, "shared hostname"),
    _Rule("unknown", "other", "same", None, 25, "shared hostname"),
)
_LAST = _Rule("other", "", "same", None, 10, "shared hostname")
_LONG_AFTER_HOURS = 24 * 7


def compare(
    left: Identifiers, right: Identifiers, serials: Shared, macs: Shared
) -> Comparison | None:
    """Return the comparison of two devices, or None if nothing suggests one machine.

    `serials` and `macs` are those of several machines of one source.
    """
    common = _common(left, right, macs)
    agreement = _agreement(left, right, serials, macs, common)
    rule = _rule(agreement)
    if rule is None:
        return None
    tier, score, kind = rule.tier, rule.score, rule.kind
    if agreement.customer == "other":
        score -= 5
    if left.domain and right.domain and agreement.name == "same":
        score += 5 if is_same_domain(left.domain, right.domain) else -5
    if not agreement.is_one_system:
        tier, score, kind = None, score - 30, "re-imaged" if kind == "renamed" or tier else kind
    if score <= MOST_WITHOUT_JOIN:
        tier = None
    if agreement.is_same_source:
        tier, kind = None, _kind_in_one_source(left, right, agreement)
    return Comparison(
        tier=tier,
        kind=kind,
        score=max(1, min(score, 100 if tier else MOST_WITHOUT_JOIN)),
        is_hardware=agreement.agent
        or agreement.serial == "same"
        or (agreement.mac == "same" and agreement.serial != "other"),
        macs=common,
        agreement=agreement,
    )


def _agreement(
    left: Identifiers, right: Identifiers, serials: Shared, macs: Shared, common: Sequence[str]
) -> Agreement:
    return Agreement(
        is_same_source=left.source == right.source,
        agent=bool(left.agent) and left.agent == right.agent,
        serial=_serial(left, right, serials),
        mac=_mac(left, right, macs, common),
        name=_naming(left.name, right.name, is_same_name(left.name, right.name)),
        is_one_system=not (left.family and right.family) or left.family == right.family,
        customer=_naming(left.customer, right.customer, left.customer == right.customer),
    )


def _serial(left: Identifiers, right: Identifiers, shared: Shared) -> Hardware:
    if not left.serial or not right.serial:
        return "unknown"
    if left.serial != right.serial:
        return "other"
    return "shared" if _is_shared(left.serial, left, right, shared) else "same"


def _common(left: Identifiers, right: Identifiers, shared: Shared) -> tuple[str, ...]:
    """Return the common addresses of these two alone, or else all common addresses."""
    common = tuple(mac for mac in left.macs if mac in right.macs)
    return tuple(mac for mac in common if not _is_shared(mac, left, right, shared)) or common


def _mac(left: Identifiers, right: Identifiers, shared: Shared, common: Sequence[str]) -> Hardware:
    if not left.macs or not right.macs:
        return "unknown"
    if not common:
        return "other"
    return "shared" if _is_shared(common[0], left, right, shared) else "same"


def _is_shared(identifier: str, left: Identifiers, right: Identifiers, shared: Shared) -> bool:
    return (left.source, identifier) in shared or (right.source, identifier) in shared


def _naming(left: str, right: str, is_same: bool) -> Naming:
    if not left or not right:
        return "unknown"
    return "same" if is_same else "other"


@cache
def _rule(agreement: Agreement) -> _Rule | None:
    if agreement.agent and agreement.serial != "other":
        return _Rule("", "", "", "agent", 100, "re-imaged")
    if agreement.agent:
        return _Rule(
            "", "", "", None, 60, "cloned"
        )  # a disk moved to other hardware, with its agent
    if agreement.is_same_source and agreement.serial == "other":
        return None  # a dock that changed hands, or a name that two customers chose
    for rule in _RULES:
        if _fits(rule, agreement) and (rule.kind != "shared hostname" or _is_near(agreement)):
            return rule
    return _LAST if _fits(_LAST, agreement) and agreement.customer == "same" else None


def _fits(rule: _Rule, agreement: Agreement) -> bool:
    return (
        (not rule.serial or agreement.serial in rule.serial.split())
        and (not rule.mac or agreement.mac in rule.mac.split())
        and (not rule.name or agreement.name in rule.name.split())
    )


def _is_near(agreement: Agreement) -> bool:
    """Return whether a common name may mean one machine: not for two customers of one source."""
    return agreement.customer == "same" or not agreement.is_same_source


def _kind_in_one_source(
    left: Identifiers, right: Identifiers, agreement: Agreement
) -> CandidateKind:
    """Distinguish a machine enrolled twice from two machines with the same identifier."""
    if agreement.serial == "unknown" and agreement.mac in ("unknown", "other"):
        return "shared hostname"
    hours = _hours_between(left, right)
    fell_silent = hours is not None and hours > _LONG_AFTER_HOURS
    return "re-imaged" if agreement.name == "same" or fell_silent else "cloned"


def _hours_between(left: Identifiers, right: Identifiers) -> int | None:
    one, other = left.last_seen_at, right.last_seen_at
    if one is None or other is None:
        return None
    return int(abs((one - other).total_seconds()) // 3600)


def reasons_of(
    left: Identifiers, right: Identifiers, found: Comparison
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the evidence for one machine and against it, in short sentences."""
    agreement = found.agreement
    reasons: list[tuple[bool, str]] = []
    if agreement.agent:
        reasons.append((True, "both have the same agent id"))
    reasons += _serial_reasons(left, right, agreement)
    reasons += _mac_reasons(found)
    reasons += _name_reasons(left, right, agreement)
    if not agreement.is_one_system:
        first, second = sorted((left.raw_os, right.raw_os))
        reasons.append((False, f"the systems are {first} and {second}"))
    if agreement.customer == "other":
        first, second = sorted((left.raw_customer, right.raw_customer))
        reasons.append((False, f"the customers are {first} and {second}"))
    hours = _hours_between(left, right) if agreement.is_same_source else None
    if hours is not None:
        days = hours // 24
        is_long = hours > _LONG_AFTER_HOURS
        text = f"one fell silent {days:,} days before the other" if is_long else "both still report"
        reasons.append((is_long, text))
    return (
        tuple(text for speaks_for, text in reasons if speaks_for),
        tuple(text for speaks_for, text in reasons if not speaks_for),
    )


def _serial_reasons(
    left: Identifiers, right: Identifiers, agreement: Agreement
) -> list[tuple[bool, str]]:
    first, second = sorted((left.raw_serial, right.raw_serial))
    match agreement.serial:
        case "same":
            return [(True, f"same serial {first}")]
        case "shared":
            return [(True, f"same serial {first} (not unique)")]
        case "other":
            return [(False, f"the serials are {first} and {second}")]
        case "unknown":
            return []


def _mac_reasons(found: Comparison) -> list[tuple[bool, str]]:
    state = found.agreement.mac
    if state == "other":
        return [(False, "they have no MAC address in common")]
    if not found.macs:
        return []
    what = f"same MAC address {_mac_text(found.macs[0])}"
    if len(found.macs) > 1:
        what = f"{len(found.macs)} same MAC addresses"
    others = "" if state == "same" else " (not unique)"
    return [(True, what + others)]


def _mac_text(mac: str) -> str:
    return ":".join(mac[place : place + 2] for place in range(0, 12, 2))


def _name_reasons(
    left: Identifiers, right: Identifiers, agreement: Agreement
) -> list[tuple[bool, str]]:
    if agreement.name == "unknown":
        return []
    if agreement.name == "other":
        first, second = sorted((left.raw_name, right.raw_name))
        return [(False, f"the names are {first} and {second}")]
    name = max(left.name, right.name, key=len)
    if not (left.domain and right.domain):
        return [(True, f"same name {name}")]
    if is_same_domain(left.domain, right.domain):
        return [(True, f"same name {name} in the domain {max(left.domain, right.domain)}")]
    first, second = sorted((left.domain, right.domain))
    return [
        (True, f"same name {name}"),
        (False, f"the domains are {first} and {second}"),
    ]
