"""Names of a selection that match nothing, for error messages."""

from typing import TYPE_CHECKING, Literal

from patchfleet.models import Selection
from patchfleet.models.selection import close_names
from patchfleet.store.queries.filters import name_filter, where
from patchfleet.store.queries.rows import UnknownName

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot


def unknown_names(snapshot: "Snapshot", selection: Selection) -> list[UnknownName]:
    """List the names of a selection that match nothing, with close names.

    Each name is looked for in the whole fleet, so a site that exists at another customer is known.
    """
    fields: tuple[tuple[Literal["customers", "sites", "devices"], tuple[str, ...]], ...] = (
        ("customers", selection.customers),
        ("sites", selection.sites),
        ("devices", selection.devices),
    )
    accounts = [one.source for one in snapshot.publications]
    unknown = [
        UnknownName("accounts", name, close_names(name, accounts))
        for name in selection.accounts
        if not any(Selection(accounts=(name,)).means_account(one) for one in accounts)
    ]
    for field, names in fields:
        noun = field.removesuffix("s")
        for name in names:
            meant = where([name_filter(noun, f"{noun}_id", [name])])
            if not snapshot.count(f"SELECT count(*) FROM {field} {meant.sql}", meant.values):
                known = snapshot.texts(f"SELECT DISTINCT {noun} FROM {field}")
                unknown.append(UnknownName(field, name, close_names(name, known)))
    return unknown
