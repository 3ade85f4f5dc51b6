"""Tables of N-able's numbers and our states and decisions, and the list of decision records."""

from pathlib import Path

from docs.generator.tables import code, table
from patchfleet.fleet.sources.nsight.source import STATES
from patchfleet.nsight.codes import CHOICE_LABELS, CHOICES, SET_BY_USER, STATUS_LABELS

_MEANINGS = {
    "missing": "available, and not approved",
    "pending": "approved or requested by a policy; installs in the next window",
    "installing": "queued or in progress",
    "installed": "installed; a date only where Patch Management did it",
    "failed": "the last attempt failed; needs action",
    "ignored": "available, and excluded by a decision",
    "reboot_required": "installed, effective after a restart",
    "unknown": "an undocumented number; N-able's own word is kept beside it",
}


def states() -> str:
    """Return a table of states with the numbers and words of N-able."""
    numbers: dict[str, list[int]] = {state: [] for state in _MEANINGS}
    for number, state in STATES.items():
        numbers[state].append(number)
    return table(
        ("state", "N-able's number and word", "meaning"),
        (
            (
                code(state),
                ", ".join(f"{number} {STATUS_LABELS[number]}" for number in numbers[state])
                or "any other",
                meaning,
            )
            for state, meaning in _MEANINGS.items()
        ),
    )


def policies() -> str:
    """Return a table of policies: inherited and set on the device."""
    return table(
        ("decision", "inherited", "set on the device", "N-able's word"),
        (
            (code(choice), str(number), str(number + SET_BY_USER), CHOICE_LABELS[number])
            for number, choice in CHOICES.items()
        ),
    )


def decisions() -> str:
    """Return a list of the decision records by their titles."""
    folder = Path(__file__).parent.parent / "decisions"
    pages = sorted(path for path in folder.glob("[0-9]*.md"))
    titles = {path: path.read_text(encoding="utf-8").partition("\n")[0] for path in pages}
    return "".join(f"- [{title.lstrip('# ')}]({path.name})\n" for path, title in titles.items())
