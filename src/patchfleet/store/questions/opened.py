"""What is open of a selection, put aside once for all questions about it.

Most of a fleet is installed, and most questions are about the rest.

Law of this file: what is put aside is every open finding of the selection and nothing else.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.questions.narrow import IS_OPEN, Clause, of_findings, where

if TYPE_CHECKING:
    from patchfleet.store.facts import Facts


def opened(facts: "Facts", selection: Selection) -> str:
    """Return the name of a view of what is open of a selection; see `Facts.keep`.

    It holds until the open findings of another selection are asked for.
    """
    chosen = where([*of_findings(selection), Clause(IS_OPEN)])
    facts.keep(f"SELECT * FROM held {chosen.sql}", chosen.values)
    return "kept"
