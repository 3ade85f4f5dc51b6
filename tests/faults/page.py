"""The page of counts: docs/faults.md, between its two marks."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from faults import matrix
from faults.cell import FAULTS
from faults.verdict import ALLOWED, FORBIDDEN, UNMET

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- counts, written by script/test faults -->", "<!-- end of counts -->"
GROUPS = tuple(f"{kind}, {vendor}" for kind in matrix.KINDS for vendor in ("N-sight", "Qualys"))
WORDS = {
    **{word: meaning for word, meaning in ALLOWED.items() if word != UNMET},
    matrix.UNSEEN: "wrong, and no client can detect it: listed below",
    **FORBIDDEN,
}


def table(counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Yield the lines of the table: a line a word, a column a kind of cell."""
    yield f"| | {' | '.join(GROUPS)} | what it means |"
    yield f"| --- |{' ---: |' * len(GROUPS)} --- |"
    sums = Counter(dict.fromkeys(GROUPS, 0))
    for word, meaning in WORDS.items():
        cells = [counts.get((group, word), 0) for group in GROUPS]
        sums.update(dict(zip(GROUPS, cells, strict=True)))
        name = word.lower() if word in FORBIDDEN else word
        yield f"| {name} | {' | '.join(f'{count:,}' for count in cells)} | {meaning} |"
    numbers = " | ".join(f"{sums[group]:,}" for group in GROUPS)
    yield f"| all | {numbers} | cells in which the fault applied |"


def hidden() -> Iterator[str]:
    """Yield a line for each fault that no client can detect."""
    for fault in FAULTS.values():
        if fault.hidden:
            yield f"- {fault.name}: {fault.hidden}."
    for (phase, name, when), reason in matrix.HIDDEN.items():
        yield f"- {name} ({phase}, {when}): {reason}."


def write(counts: Mapping[tuple[str, str], int]) -> None:
    """Write the counts and the day of a complete run into the page."""
    today = datetime.now(UTC).date()
    said = [
        f"{len(FAULTS)} faults, run on {today}:",
        "",
        *table(counts),
        "",
        "What no client can detect:",
        "",
        *hidden(),
    ]
    block = "\n".join([BEGIN, *said, END])
    text = PAGE.read_text("utf-8")
    found, met = re.subn(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: block, text, flags=re.DOTALL
    )
    assert met == 1, f"{PAGE} has lost its marks"
    PAGE.write_text(found, "utf-8")
