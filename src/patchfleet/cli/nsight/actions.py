"""`patchfleet nsight approve`, `ignore`, `do-nothing`, `inherit`, `retry` and `reprocess`.

Invariant: nothing is sent before the plan is shown and confirmed, or --yes is given
(tests/cli/test_cli_changes.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.interrupted import remind, settle_earlier
from patchfleet.cli.nsight.read import as_of_accounts, with_patterns
from patchfleet.cli.options import CommandLineError, check_names, finding_options, named
from patchfleet.cli.session import Session, pass_session
from patchfleet.config import NSIGHT
from patchfleet.errors import PlanError
from patchfleet.models import Action, Selection

if TYPE_CHECKING:
    from patchfleet.plan import DeviceChange, DeviceResult, Plan

TRIES: tuple[Action, ...] = ("retry", "reprocess")
CAP_DAYS = 30
LONGEST_LIST = 20
"""Patches and devices shown before asking; --dry-run --json prints all."""


def _command(action: Action, summary: str, note: str, example: str) -> click.Command:
    """Return the command of one action; the six differ only in their texts."""
    name = action.replace("_", "-")

    @click.command(
        name=name,
        help=f"{summary}\n\n{note}\n\nPATCH is a KB number or part of a title. Matching patches "
        "are taken from the last complete sync and shown before you confirm. Each device is read "
        "again before the change is sent, and once more afterwards to verify it.\n\n"
        f"\b\nFor example:\n  patchfleet nsight {name} {example}",
    )
    @click.argument("patterns", nargs=-1, metavar="[PATCH]...", callback=named)
    @finding_options
    @click.option("--all", "everything", is_flag=True, help="Apply to the whole fleet.")
    @click.option("--dry-run", is_flag=True, help="Show what would be done and exit.")
    @click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
    @click.option("--json", "as_json", is_flag=True, help="Print the plan, or the result, as JSON.")
    @pass_session
    def command(session: Session, /, **options: Any) -> int:
        return _run(session, action, **options)

    return _with_cap(command) if action in TRIES else command


def _with_cap(command: click.Command) -> click.Command:
    """Add the options of retries: --failed and --at-most."""
    command.params[2:2] = [
        click.Option(["--failed"], is_flag=True, help="Select all failed patches."),
        click.Option(
            ["--at-most"],
            type=click.IntRange(1),
            default=3,
            show_default=True,
            help=f"Maximum attempts per patch and device within {CAP_DAYS} days.",
        ),
    ]
    return command


approve = _command(
    "approve",
    "Approve patches for the next installation window.",
    "They install on the device's own schedule; nothing is installed immediately.",
    'KB5049981 --servers --customer "Acme*"',
)
ignore = _command(
    "ignore",
    "Keep patches from being installed.",
    "They no longer count as missing.",
    '"Java 8*" --site "Head Office"',
)
do_nothing = _command(
    "do_nothing",
    "Leave patches to the feature policy.",
    "This does not block them: a policy that approves them still installs them.",
    "KB5049981 --device AL-LT-0002",
)
inherit = _command(
    "inherit",
    "Remove the decision set on the device itself.",
    "The policy of the site, the customer or the device type applies again.",
    'KB5049981 --customer "Acme*"',
)
retry = _command(
    "retry",
    "Retry failed patches in the next installation window.",
    "Only patches that have failed are retried.",
    '--failed --customer "Acme*"',
)
reprocess = _command(
    "reprocess",
    "Reprocess failed patches; the same as retry.",
    "Only patches that have failed are reprocessed.",
    '--status failed --customer "Acme*"',
)


def _run(
    session: Session,
    action: Action,
    *,
    patterns: tuple[str, ...],
    selection: Selection,
    everything: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    failed: bool = False,
    at_most: int | None = None,
) -> int:
    selection = with_patterns(selection, patterns)
    if failed:
        if selection.states and selection.states != ("failed",):
            raise CommandLineError("--failed and another --status contradict each other")
        selection = msgspec.structs.replace(selection, states=("failed",))
    if selection == Selection() and not everything:
        raise CommandLineError(
            "no filter given: this would change the whole fleet",
            hint="filter by patch, customer, site, device, severity or status, or use --all",
        )
    plan = _planned(session, action, selection, at_most)
    if dry_run and not as_json:
        show(plan, click.echo)
        return Exit.DONE
    show(plan, session.info)
    if dry_run or not plan.devices:
        _print_json(plan if dry_run else [], as_json=as_json)
        return Exit.DONE
    if not yes and not _confirm(session, plan):
        session.info("nothing was changed")
        return Exit.DECLINED
    return _applied(session, plan, as_json=as_json)


def _applied(session: Session, plan: "Plan", *, as_json: bool) -> Exit:
    """Carry out a plan and print its outcome."""
    from patchfleet.fleet import NSightSource
    from patchfleet.fleet.same_account import check_changes
    from patchfleet.models import Account
    from patchfleet.nsight.operations.patches import made_again
    from patchfleet.plan import apply

    results: list[DeviceResult] = []
    account = session.account(NSIGHT, plan.source)
    with session.store() as store, session.nable(store, account) as client:
        check_changes(store, account.name, Account(NSIGHT, client.account_digest))
        settle_earlier(session, store.journal, client, account.name, made_again)
        try:
            for result in apply(plan, NSightSource(client), store.journal, now=_now):
                results.append(result)
                print_outcome(session, result)
        except KeyboardInterrupt:
            raise _interrupted(plan, results) from None
        finally:  # also after an error or Ctrl-C
            summarise(session, plan, results)
            _print_json(results, as_json=as_json)
        remind(session, store.journal, but=(account.name,))
    return Exit.DONE if all(result.is_done for result in results) else Exit.INCOMPLETE


def _print_json(value: object, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _interrupted(plan: "Plan", results: "list[DeviceResult]") -> KeyboardInterrupt:
    """Name the device being changed: whether its call has arrived is unknown."""
    under_way = plan.devices[len(results) : len(results) + 1]
    doubt = "".join(f"; check {one.device}: it may have been changed" for one in under_way)
    return KeyboardInterrupt(f"interrupted{doubt}")


def _now() -> datetime:
    return datetime.now(UTC)


def _planned(session: Session, action: Action, selection: Selection, at_most: int | None) -> "Plan":
    from patchfleet.fleet.sources.nsight.source import state_and_decision
    from patchfleet.plan import plan, since_changed
    from patchfleet.store.queries import findings

    source = session.account(NSIGHT).name
    with session.store() as store, store.snapshot() as snapshot:
        session.warn_repaired(snapshot)
        check_names(snapshot, selection)
        recorded = [row for row in findings(snapshot, selection) if row.source == source]
        if not recorded:
            raise CommandLineError(
                "no patch matches these filters",
                hint="`patchfleet nsight patches` lists the recorded patches",
            )
        since = _now() - timedelta(days=CAP_DAYS)
        tried = store.journal.times_sent(source, TRIES, since=since) if at_most else {}
        rows, unsure = since_changed(recorded, store.journal.read_backs(source), state_and_decision)
        return plan(
            action,
            source,
            rows,
            as_of=as_of_accounts(snapshot, {source}),
            now=_now(),
            tried=tried,
            unsure=unsure,
            at_most=at_most,
        )


def show(plan: "Plan", write: Callable[[str], None]) -> None:
    """Print what will be changed, on which devices, and what is skipped."""
    from patchfleet.report.wording import moment, plural, printable

    verb = plan.action.replace("_", " ")
    write(f"based on the sync as of {moment(plan.as_of)}")
    if plan.devices:
        write(
            f"{verb}: {plural(plan.findings, 'patch', 'patches')} on "
            f"{plural(len(plan.devices), 'device')}"
        )
        titles = Counter(change.patch for device in plan.devices for change in device.changes)
        _list(
            write, [f"{number:>5} x  {printable(title)}" for title, number in titles.most_common()]
        )
        write("on")
        _list(write, [f"{len(one.changes):>5} x  {_named(one)}" for one in plan.devices])
    else:
        write(f"{verb}: nothing to do")
    reasons = Counter(skipped.reason for skipped in plan.skipped)
    for reason, number in reasons.most_common():
        write(f"skipped {plural(number, 'patch', 'patches')}: {reason}")


def _named(device: "DeviceChange") -> str:
    from patchfleet.report.wording import printable

    return printable(f"{device.device} ({device.customer})")


def _list(write: Callable[[str], None], lines: Sequence[str]) -> None:
    for line in lines[:LONGEST_LIST]:
        write(f"  {line}")
    if len(lines) > LONGEST_LIST:
        write(f"  and {len(lines) - LONGEST_LIST:,} more; --dry-run --json lists all")


def _confirm(session: Session, plan: "Plan") -> bool:
    if not session.is_interactive:
        raise PlanError(
            "nothing was changed: there is no terminal to ask on", hint="--yes skips the question"
        )
    question = f"{plan.action.replace('_', ' ').capitalize()} them?"
    return click.confirm(question, default=False, err=True)


def print_outcome(session: Session, result: "DeviceResult") -> None:
    """Print the outcome of one device."""
    parts = [
        f"{len(changes)} {word}"
        for word, changes in (
            ("confirmed", result.confirmed),
            ("skipped", result.skipped),
            ("FAILED", result.failed),
            ("UNKNOWN", result.unknown),
        )
        if changes
    ]
    session.info(f"{_named(result.device)}: {', '.join(parts)}")
    reasons = [*result.skipped, *result.failed, *result.unknown]
    for reason, number in Counter(reason for _, reason in reasons).most_common():
        session.info(f"  {number}: {reason}")


def summarise(session: Session, plan: "Plan", results: "Sequence[DeviceResult]") -> None:
    """Print the outcome of the whole plan."""
    confirmed, skipped, failed, unknown = (
        sum(len(changes) for changes in group)
        for group in (
            [result.confirmed for result in results],
            [result.skipped for result in results],
            [result.failed for result in results],
            [result.unknown for result in results],
        )
    )
    unreached = plan.findings - confirmed - skipped - failed - unknown
    session.info(
        f"{confirmed:,} of {plan.findings:,} confirmed by reading back"
        + (f", {skipped:,} skipped" if skipped else "")
        + (f", {failed:,} failed" if failed else "")
        + (f", {unknown:,} unknown: list them again before repeating this" if unknown else "")
        + (f", {unreached:,} not reached" if unreached else "")
        + f"; journal {plan.id}"
    )
