"""The session of one command: settings, record, vendor clients and consoles.

Each is created on first use, so that no command pays for what another needs.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet import config
from patchfleet.cli.options import CommandLineError
from patchfleet.config.keys import account_key
from patchfleet.config.settings import AccountSettings
from patchfleet.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from patchfleet.fleet.customers import CustomerMap
    from patchfleet.nsight import NAble
    from patchfleet.qualys import Qualys
    from patchfleet.report import Report, Table
    from patchfleet.store import Snapshot, Store
    from patchfleet.transport.journal import ChangeJournal
    from patchfleet.transport.rate_limit import RateLimiter


VENDOR_NAMES = {config.NSIGHT: "N-sight", config.QUALYS: "Qualys"}


class Session:
    """Everything one command works with."""

    def __init__(self, *, config_file: Path | None, store: str | None) -> None:
        self.config_file = config_file
        self._store = store
        self.account_name: str | None = None

    @cached_property
    def settings(self) -> config.Settings:
        """The settings; warnings about them are printed on first use."""
        settings = config.load(self.config_file)
        for warning in config.warnings_about(settings):
            self.info(f"warning: {warning}")
        return settings

    @cached_property
    def customers(self) -> "CustomerMap":
        """The customers that the settings map."""
        from patchfleet.fleet.customers import CustomerMap

        return CustomerMap(self.settings.customers)

    @property
    def store_address(self) -> Path | str:
        """The record, a file or a server's address: --store, else the setting."""
        if self._store is None:
            return self.settings.store_address
        return self._store if "://" in self._store else Path(self._store)

    @contextmanager
    def store(self, *, create: bool = False) -> "Iterator[Store]":
        """Open the record for one command, whose words its journal keeps."""
        from patchfleet.cli.command_words import command_words
        from patchfleet.store import Store

        address = self.store_address
        if create and self._store is None and isinstance(address, Path):
            self._make_folder(address.parent)
        with Store.open(
            address,
            published=self.settings.published_address if self._store is None else None,
            create=create,
            wait_seconds=self.settings.lock_timeout_seconds,
            is_private=self.settings.is_private,
            on_upgrade=self.info,
        ) as store:
            store.journal = store.journal.signed(command=command_words())
            yield store

    def _make_folder(self, folder: Path) -> None:
        """Create the folder of a record whose place is set in the settings."""
        try:
            for path in (*reversed(folder.parents), folder):
                if not path.exists():
                    path.mkdir(0o700 if self.settings.is_private else 0o777, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder {folder} for the record: {error.strerror}",
                hint="--store names another file",
            ) from error

    @contextmanager
    def snapshot(self, *, with_history: bool = False) -> "Iterator[Snapshot]":
        """Open the publications of the last complete syncs."""
        with self.store() as store, store.snapshot(with_history=with_history) as snapshot:
            self.warn_repaired(snapshot)
            yield snapshot

    def warn_repaired(self, snapshot: "Snapshot") -> None:
        """Warn of each published file that was rebuilt; count those of an earlier version."""
        outdated = [sentence for sentence in snapshot.repaired if " is outdated;" in sentence]
        for sentence in snapshot.repaired:
            if sentence not in outdated:
                self.info(f"warning: {sentence}")
        if outdated:
            files = f"{len(outdated):,} published file{'' if len(outdated) == 1 else 's'}"
            self.info(f"{files} of an earlier version rewritten from the record")

    def account(self, vendor: str, named: str | None = None) -> AccountSettings:
        """Return the account called `named`, else the one of --account, else the only one.

        Raises `CommandLineError` for an unknown name, `ConfigError` where there are several.
        """
        every = [one for one in self.settings.accounts if one.vendor == vendor]
        name = named or self.account_name
        if name is not None:
            chosen = next((one for one in every if one.name == name), None)
            if chosen is None:
                raise no_account(name, [one.name for one in every], vendor)
            return chosen
        if len(every) > 1:
            raise ConfigError(
                f"{len(every)} accounts of {VENDOR_NAMES[vendor]} are set up",
                hint=f"--account chooses one: {', '.join(one.name for one in every)}",
            )
        return every[0] if every else _unset(self.settings, vendor)

    def account_names(self, vendor: str) -> set[str]:
        """Return the name of the chosen account, else those of all accounts of a vendor."""
        if self.account_name is not None:
            return {self.account(vendor).name}
        return {vendor, *(one.name for one in self.settings.accounts if one.vendor == vendor)}

    def nable(
        self,
        store: "Store | None" = None,
        account: AccountSettings | None = None,
        *,
        key: config.Secret | None = None,
    ) -> "NAble":
        """Return a client for an N-sight account, by default the chosen one.

        With a store it shares the rate limit of all processes that use this key, and writes its
        changes to the journal. `key` takes the place of the account's own.
        """
        from patchfleet.nsight import NAble

        account = account or self.account(config.NSIGHT)
        nsight = account.settings
        assert isinstance(nsight, config.NSightSettings)
        if not nsight.region and not nsight.base_url:
            raise ConfigError(
                "no N-sight region is set"
                if account.name == account.vendor
                else f"[{account.table}] has no region",
                hint="run `patchfleet init`, or set PATCHFLEET_NSIGHT_REGION"
                if account.name == account.vendor
                else 'set region = "us" or another territory',
            )
        return NAble(
            nsight.region,
            key or account_key(account),
            base_url=nsight.base_url,
            timeout=nsight.timeout_seconds,
            rate_limit=_rate_limit(
                store,
                nsight.calls_per_minute,
                60,
                "" if store is None else self.nsight_account(account),
            ),
            journal=None if store is None else store.journal.under(account.name),
            retries=nsight.retries,
            user_agent=nsight.user_agent,
            proxy=nsight.proxy.reveal() if nsight.proxy else None,
            ca_file=nsight.ca_file,
        )

    def nsight_account(self, account: AccountSettings) -> str:
        """Return a digest that identifies an N-sight account without revealing its key."""
        nsight = account.settings
        assert isinstance(nsight, config.NSightSettings)
        key = account_key(account).reveal()
        return _account("nsight", nsight.base_url or nsight.region, key)

    def qualys(
        self,
        store: "Store | None" = None,
        journal: "ChangeJournal | None" = None,
        account: AccountSettings | None = None,
        *,
        key: config.Secret | None = None,
    ) -> "Qualys":
        """Return a client for a Qualys account; see `nable` for `store` and the account.

        `journal` replaces the store's own.
        """
        from patchfleet.qualys import Qualys

        account = account or self.account(config.QUALYS)
        qualys = account.settings
        assert isinstance(qualys, config.QualysSettings)
        if not qualys.username:
            raise ConfigError(
                "no Qualys user is set"
                if account.name == account.vendor
                else f"[{account.table}] has no username",
                hint="run `patchfleet init --vendor qualys`, or set PATCHFLEET_QUALYS_USERNAME"
                if account.name == account.vendor
                else "set username to the user of the account",
            )
        shared = _account("qualys", qualys.gateway_url or qualys.platform, qualys.username)
        if journal is None and store is not None:
            journal = store.journal.under(account.name)
        return Qualys(
            qualys.username,
            key or account_key(account),
            qualys.platform or "qg1",
            override_platform={"gateway_url": qualys.gateway_url} if qualys.gateway_url else None,
            timeout=qualys.timeout_seconds,
            rate_limit=_rate_limit(store, qualys.calls_per_hour, 3600, shared),
            journal=journal,
            retries=qualys.retries,
            user_agent=qualys.user_agent,
            proxy=qualys.proxy.reveal() if qualys.proxy else None,
            ca_file=qualys.ca_file,
            allow_http=qualys.allow_http,
        )

    @property
    def resume_within(self) -> timedelta:
        """How old an interrupted sync may be to be resumed."""
        return timedelta(hours=self.settings.sync.resume_within_hours)

    @cached_property
    def console(self) -> "Console":
        """Standard output, for data; coloured on a terminal only."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=False)

    @cached_property
    def stderr(self) -> "Console":
        """Standard error, for messages. Work continues if it cannot be written."""
        from rich.console import Console

        class Stderr(Console):
            def on_broken_pipe(self) -> None:
                self.quiet = True

            def _write_buffer(self) -> None:
                try:
                    super()._write_buffer()
                except OSError:  # a full disk is treated like a closed pipe
                    self.quiet = True
                    self._buffer.clear()

        return Stderr(stderr=True, highlight=False)

    @property
    def is_interactive(self) -> bool:
        """Whether a person can answer a question on the terminal."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def info(self, sentence: str, *, bold: bool = False) -> None:
        """Print a sentence on standard error. Work continues if it cannot be written.

        Control characters of names and titles in it are neutralised.
        """
        from patchfleet.report.wording import printable

        with suppress(OSError):
            text = printable(sentence)
            click.echo(click.style(text, bold=True) if bold else text, err=True)

    def show(
        self,
        what: "Report | Table",
        *,
        as_json: bool,
        outputs: tuple[Path, ...],
        table: str | None = None,
    ) -> None:
        """Write a report or a table to `outputs`, or else to standard output.

        `table` reduces a report to the table of that name. CSV and Parquet files have no place for
        notes on coverage: these are printed.
        """
        from patchfleet.report import Report, save, to_json, write_text

        if table is not None and isinstance(what, Report):
            what = what.table(table)
        for output in outputs:
            self.info(f"wrote {save(what, output)}")
        if any(output.suffix.lower() in (".csv", ".parquet") for output in outputs):
            for note in what.notes:
                self.info(f"* {note}")
        if as_json:
            click.echo(to_json(what), nl=False)
        elif not outputs:
            write_text(what, self.console)


def no_account(name: str, known: Sequence[str], vendor: str | None = None) -> CommandLineError:
    """Return the error for a name that no account has; the hint suggests close names."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, 3)
    of = f" of {VENDOR_NAMES[vendor]}" if vendor else ""
    return CommandLineError(
        f"no account{of} is called '{name}'",
        hint=f"did you mean {' or '.join(repr(one) for one in close)}?"
        if close
        else f"known are: {', '.join(known)}"
        if known
        else "`patchfleet account add` sets one up",
    )


def _unset(settings: config.Settings, vendor: str) -> AccountSettings:
    """Return the account of a vendor that has no setting at all."""
    if vendor == config.NSIGHT:
        return AccountSettings(name=config.NSIGHT, vendor=config.NSIGHT, settings=settings.nsight)
    return AccountSettings(name=config.QUALYS, vendor=config.QUALYS, settings=settings.qualys)


def _account(*parts: str | None) -> str:
    """Return a digest by which processes with the same account share its rate limit."""
    text = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"patchfleet").hexdigest()


def _rate_limit(
    store: "Store | None", calls: float, seconds: float, account: str
) -> "RateLimiter | None":
    """Return the rate limit of a client, `calls` in `seconds`: shared if there is a store."""
    from patchfleet.transport.rate_limit import RateLimit, whole_calls

    if not calls:
        return None
    number, seconds = whole_calls(calls, seconds)
    if store is None:
        return RateLimit(number, seconds=seconds)
    return store.rate_limit(account, number, seconds=seconds)


pass_session = click.make_pass_decorator(Session)
