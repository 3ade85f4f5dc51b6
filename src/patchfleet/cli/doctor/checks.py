"""Checks of the set-up: settings, keys, rights, clock, rate limit, record, disk; one line each.

Each account is asked with one call that only reads. A check that fails does not keep the others
from being made.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from patchfleet import config
from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.session import Session
from patchfleet.config import AccountSettings, NSightSettings
from patchfleet.config.keys import account_key
from patchfleet.errors import ConfigError, Error, Unauthorized
from patchfleet.transport.messages import NoResponse, Response
from patchfleet.transport.operation import Operation

if TYPE_CHECKING:
    from patchfleet.store import Store

State = Literal["ok", "warning", "failed", "skipped"]
LARGEST_SKEW = timedelta(minutes=5)
LEAST_FREE_BYTES = 1 << 30
_STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "blue"}


class Check(NamedTuple):
    """One check: its name, the account it is about if any, its result, and a remedy."""

    name: str
    account: str | None
    state: State
    detail: str
    hint: str | None = None


def check_all(session: Session, accounts: "list[str]", *, as_json: bool) -> int:
    """Make all checks and print each; return the exit code."""
    found = []
    for check in _checks(session, accounts):
        found.append(check)
        if not as_json:
            _show(session, check)
    if as_json:
        import json

        click.echo(json.dumps([one._asdict() for one in found], indent=2))
    return Exit.INCOMPLETE if any(one.state == "failed" for one in found) else Exit.DONE


def _show(session: Session, check: Check) -> None:
    from patchfleet.report.wording import printable

    name = f"{check.name} {check.account}" if check.account else check.name
    state = click.style(f"{check.state:<8}", fg=_STYLES[check.state])
    click.echo(f"{state}{printable(name)}: {printable(check.detail)}")
    if check.hint:
        session.info(f"hint: {check.hint}")


def _checks(session: Session, names: "list[str]") -> Iterator[Check]:
    try:
        settings = session.settings
    except ConfigError as error:
        yield _failed("settings", None, error)
        return
    warnings = config.warnings_about(settings)
    place = str(settings.file or "no file: the environment and the defaults")
    detail = f"{place}; {warnings[0]}" if warnings else place
    yield Check("settings", None, "warning" if warnings else "ok", detail)
    accounts = [one for one in settings.accounts if not names or one.name in names]
    if not accounts:
        hint = "`patchfleet init` sets one up"
        yield Check("account", None, "warning", "no account is set up", hint)
    for account in accounts:
        yield from _of_account(session, account)
    yield from _of_record(session)


def _of_account(session: Session, account: AccountSettings) -> Iterator[Check]:
    try:
        account_key(account)
    except ConfigError as error:
        yield _failed("key", account, error)
        yield Check("rights", account.name, "skipped", "there is no key to ask with")
    else:
        yield from _of_call(session, account)
    yield _pace(account)


def _of_call(session: Session, account: AccountSettings) -> Iterator[Check]:
    """Check key, rights and clock by one call, without repeats."""
    watch = _Watch()
    try:
        detail = _asked(session, account, watch)
    except Unauthorized as error:
        yield _failed("key", account, error)
        return
    except Error as error:
        is_answered = watch.skew is not None or watch.is_answered
        state: State = "ok" if is_answered else "skipped"
        shown = "accepted" if is_answered else "no answer shows whether it is accepted"
        yield Check("key", account.name, state, shown)
        yield _failed("rights", account, error)
    else:
        yield Check("key", account.name, "ok", "accepted")
        yield Check("rights", account.name, "ok", detail)
    yield _clock(account, watch)


def _asked(session: Session, account: AccountSettings, watch: "_Watch") -> str:
    """Make one call of an account, and return what it shows."""
    from patchfleet.nsight.operations.inventory import list_clients
    from patchfleet.qualys.operations.catalogue import get_version
    from patchfleet.report.wording import plural

    if isinstance(account.settings, NSightSettings):
        with session.nable(account=account) as nable:
            clients = nable.run(list_clients(), observer=watch)
        if clients.answered_at is not None:
            watch.note(clients.answered_at)
        return f"sees {plural(len(clients), 'customer')}"
    with session.qualys(account=account) as qualys:
        return f"patch management {qualys.run(get_version(), observer=watch)}"


class _Watch:
    """The observer of one call, which reads the server's clock from its answers."""

    def __init__(self) -> None:
        self.skew: timedelta | None = None
        self.is_answered = False

    def before(self, operation: Operation[Any], *, is_change: bool) -> None:
        assert not is_change, operation.name

    def after(
        self, operation: Operation[Any], outcome: Response | NoResponse, seconds: float
    ) -> None:
        del operation, seconds
        if isinstance(outcome, NoResponse):
            return
        self.is_answered = True
        try:
            self.note(parsedate_to_datetime(outcome.headers.get("date", "")))
        except ValueError:  # no date, or none of HTTP's form
            return

    def note(self, theirs: datetime) -> None:
        """Compare the server's clock with that of this machine."""
        aware = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        self.skew = datetime.now(UTC) - aware


def _clock(account: AccountSettings, watch: _Watch) -> Check:
    if watch.skew is None:
        return Check("clock", account.name, "skipped", "the server states no time")
    seconds = round(watch.skew.total_seconds())
    if abs(watch.skew) > LARGEST_SKEW:
        direction = "ahead of" if seconds > 0 else "behind"
        detail = f"this machine is {abs(seconds):,} seconds {direction} the server"
        return Check("clock", account.name, "warning", detail, "set this machine's clock")
    return Check("clock", account.name, "ok", f"{abs(seconds)} seconds from the server's")


def _pace(account: AccountSettings) -> Check:
    settings = account.settings
    if isinstance(settings, NSightSettings):
        limit, unit = settings.calls_per_minute, "minute"
    else:
        limit, unit = settings.calls_per_hour, "hour"
    if not limit:
        return Check("rate limit", account.name, "ok", "none on this side")
    return Check("rate limit", account.name, "ok", f"{limit:g} calls a {unit}")


def _of_record(session: Session) -> Iterator[Check]:
    address = session.store_address
    if isinstance(address, Path) and not address.exists():
        yield Check("record", None, "ok", f"{address} is not there yet; a sync makes it")
    else:
        try:
            with session.store() as store:
                yield Check("record", None, "ok", _record_detail(store))
        except Error as error:
            yield _failed("record", None, error)
    if isinstance(address, Path):
        yield _disk(address)
    else:
        yield Check("disk", None, "skipped", "the record is on a database server")


def _record_detail(store: "Store") -> str:
    runs = store.runs.latest(200)
    current = [run for run in runs if run.is_current]
    if not current:
        return "opens; no sync is complete yet"
    latest = max(run.as_of for run in current if run.as_of is not None)
    return f"opens; last complete sync {latest:%Y-%m-%d %H:%M} UTC"


def _disk(address: Path) -> Check:
    folder = next(one for one in (address.absolute().parent, *address.absolute().parents)
                  if one.exists())  # fmt: skip
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", None, "failed", f"{folder}: {error.strerror}")
    detail = f"{free / (1 << 30):,.1f} GiB free in {folder}"
    if free < LEAST_FREE_BYTES:
        return Check("disk", None, "warning", detail, "make space, or set `store` elsewhere")
    return Check("disk", None, "ok", detail)


def _failed(name: str, account: AccountSettings | None, error: Error) -> Check:
    return Check(name, account.name if account else None, "failed", error.sentence, error.hint)
