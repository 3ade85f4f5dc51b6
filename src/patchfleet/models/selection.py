"""Selection of findings by customer, site, device, patch, severity and state.

Fields combine with *and*, the values of one field with *or*; an empty field selects everything.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from patchfleet.models.finding import Severity, State
from patchfleet.models.fleet import DeviceKind
from patchfleet.models.vocabulary import kb_number


class CustomerRef(Struct, frozen=True):
    """Exactly one customer of a source, by its id; the name is for people."""

    source: str
    id: str
    name: str


class Selection(Struct, frozen=True, kw_only=True):
    """Filters for a part of a fleet.

    `accounts` are names of accounts, in which `*` and `?` are wildcards.
    `customers`, `sites` and `devices` are names (compared without case; `*` and `?` are wildcards)
    or the source's ids, compared exactly. `patches` are KB numbers (`KB5049981` or `5049981`,
    compared exactly) or parts of a title (without case; with `*` or `?` a pattern for the whole
    title). `only` are exact customers of one source, set by programs and never a pattern.
    """

    accounts: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    kinds: tuple[DeviceKind, ...] = ()
    patches: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[State, ...] = ()
    only: tuple[CustomerRef, ...] = ()

    def means_account(self, name: str) -> bool:
        """Return whether an account is selected."""
        return not self.accounts or any(_fits(term, name) for term in self.accounts)

    def means_customer(self, name: str, id_: str) -> bool:
        """Return whether a customer is selected."""
        return not self.customers or any(is_named(term, name, id_) for term in self.customers)

    def means_site(self, name: str, id_: str) -> bool:
        """Return whether a site is selected."""
        return not self.sites or any(is_named(term, name, id_) for term in self.sites)

    def means_device(self, name: str, id_: str) -> bool:
        """Return whether a device is selected, by its name or id alone."""
        return not self.devices or any(is_named(term, name, id_) for term in self.devices)

    def means_patch(self, title: str, kb: str | None) -> bool:
        """Return whether a patch is selected, by its title or KB number alone."""
        return not self.patches or any(_is_titled(term, title, kb) for term in self.patches)


_ODD = re.compile(r"kb(\d+)|(\d{9,})", re.IGNORECASE)


def kb_of(term: str) -> str | None:
    """Return the KB number of a term, or None if it is not one.

    Six digits or more are one, so that 5049981 does not match a title with 50499812; fewer may be a
    year or a version in a title. A term with the letters that is too short (`KB12`) matches no
    patch, rather than every title that contains it.
    """
    odd = _ODD.fullmatch(term.strip())
    return kb_number(term) or (odd and (odd[1] or odd[2]))


def is_named(term: str, name: str, id_: str) -> bool:
    """Return whether a term matches a name (without case, with wildcards) or equals an id."""
    return term == id_ or _fits(term, name)


def close_names(term: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to three suggestions for a mistyped name: similar, or containing the term."""
    from difflib import get_close_matches

    wanted = term.casefold()
    known = {name.casefold(): name for name in names}
    alike = get_close_matches(wanted, known)
    holding = sorted(name for name in known if wanted and wanted in name)
    return tuple(known[name] for name in dict.fromkeys([*alike, *holding]))[:3]


def _is_titled(term: str, title: str, kb: str | None) -> bool:
    number = kb_of(term)
    if number is not None:
        return kb == number
    if term.isdigit() and kb == term:
        return True
    return _fits(term if set("*?") & set(term) else f"*{term}*", title)


def _fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))
