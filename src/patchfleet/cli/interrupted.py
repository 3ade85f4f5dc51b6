"""Changes that an interrupted command had sent: their outcome is read back and reported.

Only reading calls are made; a change whose outcome cannot be read stays open in the journal.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from patchfleet.cli.session import Session
from patchfleet.config import NSIGHT
from patchfleet.errors import ConfigError, VendorError

if TYPE_CHECKING:
    from patchfleet.config import AccountSettings
    from patchfleet.store import ChangeEntry, Journal, OpenChange, Store
    from patchfleet.transport.client import Client
    from patchfleet.transport.operation import Change, Outcome

UNDER_WAY = timedelta(minutes=10)
"""A younger change may belong to a command that is still running."""
MOST = 10
"""Changes settled by one command."""


def settle_earlier(
    session: Session,
    journal: "Journal",
    client: "Client",
    source: str,
    change_of: "Callable[[ChangeEntry], Change[Any] | None]",
    *,
    leaving: tuple[str, ...] = (),
) -> None:
    """Read back open changes of earlier commands, report their outcome and journal it.

    `change_of` rebuilds the change of a journal entry; actions in `leaving` are left open.
    """
    left = [one for one in journal.open(source) if one.entry.action not in leaving]
    for one in left[:MOST]:
        _settle(session, journal, client, one, change_of)
    if len(left) > MOST:
        session.info(
            f"warning: {len(left) - MOST} more changes of earlier commands have no known outcome: "
            "`patchfleet journal --unfinished` lists them, the next sync reads them back"
        )


def settle_after_sync(
    session: Session, store: "Store", accounts: "Sequence[AccountSettings]"
) -> None:
    """Read back open changes of the `accounts` that a sync has read; name those of others."""
    opened = {one.entry.source for one in store.journal.open()}
    if not opened:
        return
    for account in accounts:
        if account.name not in opened:
            continue
        if account.vendor == NSIGHT:
            from patchfleet.nsight.operations.patches import made_again as patches_changed

            with session.nable(store, account) as nable:
                settle_earlier(session, store.journal, nable, account.name, patches_changed)
        else:
            from patchfleet.qualys.operations.resumed import made_again as jobs_changed

            with session.qualys(store, account=account) as qualys:
                settle_earlier(session, store.journal, qualys, account.name, jobs_changed)
    remind(session, store.journal, but=[account.name for account in accounts])


def remind(session: Session, journal: "Journal", but: Collection[str] = ()) -> None:
    """Report that changes have no outcome, except of the sources `but`, which were read back."""
    left = Counter(one.entry.source for one in journal.open() if one.entry.source not in but)
    for source, number in sorted(left.items()):
        changes = "1 change has" if number == 1 else f"{number:,} changes have"
        session.info(
            f"warning: {changes} no outcome on record for {source}: "
            "`patchfleet journal --unfinished` lists them, `patchfleet sync` reads them back"
        )


def _settle(
    session: Session,
    journal: "Journal",
    client: "Client",
    one: "OpenChange",
    change_of: "Callable[[ChangeEntry], Change[Any] | None]",
) -> None:
    from patchfleet.transport.change import claims_of

    entry, now = one.entry, datetime.now(UTC)
    prefix = f"warning: {_named(entry)}, sent {entry.at:%Y-%m-%d %H:%M} UTC and interrupted: "
    try:
        change = change_of(entry)
    except ConfigError:  # an entry that cannot be rebuilt
        change = None
    outcome = None if change is None else _looked(client, change)
    if change is None or outcome is None:
        session.info(
            f"{prefix}its outcome cannot be read; check before repeating it; "
            f"`patchfleet journal {one.line}` has what was asked"
        )
        return
    if outcome.is_done:
        journal.ended(one.line, claims_of(outcome), now)
        session.info(f"{prefix}it is done")
        return
    words = next(s.words for s in outcome.sights.values() if s.verdict != "done")
    if now - entry.at < UNDER_WAY:
        session.info(f"{prefix}{words}; it may still be running")
        return
    journal.ended(one.line, claims_of(outcome), now)
    session.info(f"{prefix}{words}; {change.check}")


def _looked(client: "Client", change: "Change[Any]") -> "Outcome[Any] | None":
    """Read back what was to be changed; return None if it cannot be read."""
    from patchfleet.transport.operation import Outcome, Procedure

    if change.look is None:
        return None
    try:
        sights = client.run(Procedure(change.name, partial(change.look, None)))
    except VendorError:
        return None
    if any(sight.verdict == "unclear" for sight in sights.values()):
        return None
    return Outcome(None, None, sights, is_doubtful=True)


def _named(entry: "ChangeEntry") -> str:
    what = entry.action.replace("_", " ")
    if entry.device_id:
        return f"{what} of {len(entry.finding_ids)} patches on device {entry.device_id}"
    name = entry.asked.get("name") if isinstance(entry.asked, dict) else None
    return f"{what} {name or ', '.join(entry.finding_ids)}".strip()
