"""Recording of the accounts that are set up: the calls are shown first, then made."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.session import Session
from patchfleet.config import NSIGHT, AccountSettings
from patchfleet.errors import ConfigError, Error

if TYPE_CHECKING:
    from patchfleet.doctor import Answers, ReadList, Recording
    from patchfleet.doctor.shaping import Withheld
    from patchfleet.transport.client import Client

_SHOWN = 10


def record_file(
    session: Session,
    path: Path,
    *,
    accounts: Sequence[AccountSettings],
    sample: int,
    allowed: frozenset[str],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Record the accounts into one new file; return the exit code."""
    from patchfleet.doctor import READ_LISTS, Recording, write_recording

    lists = {
        reads.vendor: replace(reads, vocabulary=replace(reads.vocabulary, allowed=allowed))
        for reads in READ_LISTS
    }
    for account in accounts:
        _announce(session, account, lists[account.vendor], sample)
    if dry_run:
        return Exit.DONE
    recording, missed, failures = Recording({}), list[str](), list[Error]()
    with _new_file(path):
        for account in accounts:
            reads = lists[account.vendor]
            try:
                found = _recorded(session, account, reads, sample)
            except Error as error:
                failures.append(error)
                session.info(f"failed: {account.name}: {error.sentence}", bold=True)
                continue
            missed += _missed(account, reads, found)
            recording |= Recording({account.vendor: found})
        if not recording.vendors:
            raise failures[0]
        write_recording(recording, path)
    for line in missed:
        session.info(f"warning: {line}")
    session.info(f"wrote {path}; next: patchfleet doctor --compare {path}", bold=True)
    if as_json:
        click.echo(_as_json(path, recording, missed))
    return Exit.INCOMPLETE if missed or failures else Exit.DONE


def _announce(session: Session, account: AccountSettings, reads: "ReadList", sample: int) -> None:
    """Print the calls that a recording makes, before it makes them."""
    calls = sum(read.most_works(sample) for read in reads.reads)
    names = ", ".join(f"{read.name} {read.most_works(sample)}" for read in reads.reads)
    session.info(f"{account.name}: at most {calls} calls and their repeats, all of them reading:")
    session.info(f"  {names}")


def _recorded(
    session: Session, account: AccountSettings, reads: "ReadList", sample: int
) -> "dict[str, Answers]":
    from patchfleet.doctor import record

    client: Client = (
        session.nable(account=account)
        if account.vendor == NSIGHT
        else session.qualys(account=account)
    )
    attempts = account.settings.retries + 1
    with client, _progress(session, account, reads) as on_read:
        found, withheld = record(client, reads, sample=sample, attempts=attempts, on_read=on_read)
    _show_withheld(session, account, withheld)
    return found


@contextmanager
def _progress(
    session: Session, account: AccountSettings, reads: "ReadList"
) -> Iterator["Callable[[str, Answers], None]"]:
    """Show the read under way on a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    console = session.stderr
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(account.name, total=len(reads.reads))

        def on_read(name: str, _: "Answers") -> None:
            progress.update(task, advance=1, description=f"{account.name} {name}")

        yield on_read


def _show_withheld(session: Session, account: AccountSettings, withheld: "Withheld") -> None:
    """Print the names and words that are not in the file, for their owner to judge."""
    if withheld.names:
        names = ", ".join(name for name, _ in withheld.names.most_common(_SHOWN))
        more = len(withheld.names) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        session.info(
            f"{account.name}: names of fields that are not in the file, as they may be yours: "
            f"{names}{rest}"
        )
    for field, words in withheld.words.items():
        listed = ", ".join(word for word, _ in words.most_common(_SHOWN))
        session.info(f"{account.name}: words of {field} that are not in the file: {listed}")
    if withheld.names or withheld.words:
        session.info("if one is the vendor's word, record again with --allow WORD")


def _missed(account: AccountSettings, reads: "ReadList", found: "dict[str, Answers]") -> list[str]:
    """Return a sentence for each read that was asked and never answered with records."""
    lines = []
    for read in reads.reads:
        answers = found[read.name]
        is_read = any(outcome.startswith("read") for outcome in answers.outcomes)
        if answers.works and not is_read and not read.is_refused:
            results = ", ".join(answers.outcomes)
            lines.append(f"{account.name} {read.name} was never read: {results}")
    return lines


@contextmanager
def _new_file(path: Path) -> Iterator[None]:
    """Create the file before any call, and remove it if there is nothing to write."""
    try:
        path.open("xb").close()
    except FileExistsError:
        raise ConfigError(f"{path} already exists", hint="name a new file") from None
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="name a file in another folder"
        ) from None
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _as_json(path: Path, recording: "Recording", missed: list[str]) -> str:
    import json

    calls = {
        vendor: {name: answers.calls for name, answers in reads.items()}
        for vendor, reads in recording.vendors.items()
    }
    return json.dumps({"file": str(path), "calls": calls, "never_read": missed}, indent=2)
