"""SQL filters for a selection over the published views.

Values from users reach DuckDB as parameters, never as SQL text.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from patchfleet.models import OPEN_STATES, SEVERITIES, STATES, Selection
from patchfleet.models.selection import kb_of


def literals(words: Iterable[str]) -> str:
    """Format words of our own vocabulary, never foreign text, as SQL literals."""
    return ", ".join(f"'{word}'" for word in words)


IS_OPEN = f"state IN ({literals(OPEN_STATES)})"
STATES_IN_ORDER = f"[{literals(STATES)}]"
STATE_RANK = f"list_position({STATES_IN_ORDER}, state)"
SEVERITY_RANK = f"list_position([{literals(SEVERITIES)}], severity)"


class Clause(Struct, frozen=True):
    """A condition and the values of its question marks, in order."""

    sql: str
    values: tuple[object, ...] = ()


def one_of(column: str, values: Sequence[str]) -> Clause:
    """Hold where `column` is one of `values`."""
    marks = ", ".join("?" * len(values))
    return Clause(f"{column} IN ({marks})", tuple(values))


def name_filter(name_column: str, id_column: str, names: Sequence[str]) -> Clause:
    """Hold where a name is meant (without case, `*` and `?` are wildcards) or an id is given."""
    either = f"({name_column} ILIKE ? ESCAPE '\\' OR {id_column} = ?)"
    values = tuple(value for name in names for value in (_pattern(name), name))
    return Clause("(" + " OR ".join([either] * len(names)) + ")", values)


def device_filters(selection: Selection) -> list[Clause]:
    """Narrow to the devices of a selection; patches, severities and states do not matter here."""
    clauses = []
    if selection.accounts:
        clauses.append(name_filter("source", "source", selection.accounts))
    for noun, names in (
        ("customer", selection.customers),
        ("site", selection.sites),
        ("device", selection.devices),
    ):
        if names:
            clauses.append(name_filter(noun, f"{noun}_id", names))
    if selection.kinds:
        clauses.append(one_of("kind", selection.kinds))
    if selection.only:
        marks = ", ".join(["(?, ?)"] * len(selection.only))
        values = tuple(value for one in selection.only for value in (one.source, one.id))
        clauses.append(Clause(f"(source, customer_id) IN ({marks})", values))
    return clauses


def of_customers(selection: Selection) -> list[Clause]:
    """Narrow to the customers of a selection: those named, or those that have such devices."""
    if selection.sites or selection.devices or selection.kinds:
        having = where(device_filters(selection))
        pairs = f"(SELECT source, customer_id FROM devices {having.sql})"
        return [Clause(f"(source, customer_id) IN {pairs}", having.values)]
    return device_filters(selection)


def finding_filters(selection: Selection) -> list[Clause]:
    """Narrow to the findings of a selection."""
    clauses = device_filters(selection)
    if selection.patches:
        terms = [patch_filter(term) for term in selection.patches]
        sql = "(" + " OR ".join(term.sql for term in terms) + ")"
        clauses.append(Clause(sql, tuple(value for term in terms for value in term.values)))
    if selection.severities:
        clauses.append(one_of("severity", selection.severities))
    if selection.states:
        clauses.append(one_of("state", selection.states))
    return clauses


def patch_filter(term: str) -> Clause:
    """Hold where a patch is meant: a KB number exactly, or a title by part or by pattern."""
    number = kb_of(term)
    if number is not None:
        return Clause("kb = ?", (number,))
    pattern = _pattern(term)
    if not set("*?") & set(term):
        pattern = f"%{pattern}%"
    if term.isdigit():
        return Clause("(kb = ? OR patch ILIKE ? ESCAPE '\\')", (term, pattern))
    return Clause("patch ILIKE ? ESCAPE '\\'", (pattern,))


def where(clauses: Sequence[Clause]) -> Clause:
    """Join conditions by AND into a WHERE, or into nothing."""
    if not clauses:
        return Clause("")
    sql = "WHERE " + " AND ".join(clause.sql for clause in clauses)
    return Clause(sql, tuple(value for clause in clauses for value in clause.values))


def _pattern(text: str) -> str:
    """Write `*` and `?` the way LIKE does, and everything else as itself."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return escaped.replace("*", "%").replace("?", "_")
