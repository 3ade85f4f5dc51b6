"""The rule packs: which standards there are, and what each allows."""

from docs.generator.tables import code, table
from patchfleet.policy import NAMES, Pack, Rule, load

_CLOCKS = {
    None: "by no number",
    "released": "the release of the patch",
    "detected": "the first sync that saw it",
    "listed": "its entry in KEV",
    "listed_or_detected": "its entry in KEV, else the first sync that saw it",
}


def packs() -> str:
    """Return a table of the packs, and one of the rules of each that has any."""
    all_packs = [load(name) for name in NAMES]
    parts = [
        table(
            ("pack", "standard", "version", "in force", "counted from", "certainty", "source"),
            (
                (
                    code(pack.name), pack.title, pack.version, _in_force(pack),
                    _CLOCKS[pack.clock], pack.status, pack.source,
                )
                for pack in all_packs
            ),
        )
    ]  # fmt: skip
    for pack in all_packs:
        if pack.rules:
            rows = ((rule.name, _limit(rule)) for rule in pack.rules)
            rules = table(("case", "limit"), rows)
            parts.append(f"### {pack.name}\n\n{rules}\nOtherwise: {pack.otherwise}.\n")
    return "\n".join(parts)


def _in_force(pack: Pack) -> str:
    begin = f"from {pack.in_force_from}" if pack.in_force_from else ""
    end = f"until {pack.in_force_until}" if pack.in_force_until else ""
    return " ".join(part for part in (begin, end) if part) or "always"


def _limit(rule: Rule) -> str:
    return f"{rule.limit}: {rule.because}" if rule.limit == "none" else str(rule.limit)
