"""Approve, ignore, do nothing, inherit, retry, reprocess: shown, agreed to, done, read back.

Law of this file: nothing is sent before the plan was shown and somebody, or --yes, said so.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.interrupted import settle_earlier
from patchfleet.cli.nsight.read import NSIGHT, nsight_as_of, with_patterns
from patchfleet.cli.options import CommandLineError, check_names, finding_options, named
from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import PlanError
from patchfleet.models import Action, Selection

if TYPE_CHECKING:
    from patchfleet.plan import DeviceChange, DeviceResult, Plan

TRIES: tuple[Action, ...] = ("retry", "reprocess")
CAP_DAYS = 30
LONGEST_LIST = 20
"""Devices and reasons shown before asking; --dry-run --json has them all."""


def _command(action: Action, summary: str, note: str, example: str) -> click.Command:
    """Make the command of one action; the six differ in nothing but their words."""
    name = action.replace("_", "-")

    @click.command(
        name=name,
        help=f"{summary}\n\n{note}\n\nPATCH is a KB number or a part of a title. What is meant is "
        "looked up in the last complete sync, shown and asked about; each device is read again "
        "before anything is sent, and once more to confirm it.\n\n"
        f"\b\nFor example:\n  patchfleet nsight {name} {example}",
    )
    @click.argument("patterns", nargs=-1, metavar="[PATCH]...", callback=named)
    @finding_options
    @click.option("--all", "everything", is_flag=True, help="Mean the whole fleet.")
    @click.option("--dry-run", is_flag=True, help="Show what would be done, and stop.")
    @click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    @click.option(
        "--json", "as_json", is_flag=True, help="Print the plan, or what was done, as JSON."
    )
    @pass_session
    def command(session: Session, /, **options: Any) -> int:
        return _run(session, action, **options)

    return _with_cap(command) if action in TRIES else command


def _with_cap(command: click.Command) -> click.Command:
    """Add what only another try has: all that failed, and how often is enough."""
    command.params[2:2] = [
        click.Option(["--failed"], is_flag=True, help="Mean every patch that has failed."),
        click.Option(
            ["--at-most"],
            type=click.IntRange(1),
            default=3,
            show_default=True,
            help=f"How often in {CAP_DAYS} days a patch on a device may be tried.",
        ),
    ]
    return command


approve = _command(
    "approve",
    "Approve patches for the next installation window.",
    "They install when the device's own schedule says so; nothing installs at once.",
    'KB5049981 --servers --customer "Acme*"',
)
ignore = _command(
    "ignore",
    "Keep patches from being installed.",
    "They are not counted as missing any more.",
    '"Java 8*" --site "Head Office"',
)
do_nothing = _command(
    "do_nothing",
    "Leave patches to the feature policy.",
    "This is no veto: a policy that approves them installs them.",
    "KB5049981 --device AL-LT-0002",
)
inherit = _command(
    "inherit",
    "Take back what was set on the device itself.",
    "The policy of the site, the customer or the device type counts again.",
    'KB5049981 --customer "Acme*"',
)
retry = _command(
    "retry",
    "Try failed patches again at the next window.",
    "Only patches that have failed are tried again.",
    '--failed --customer "Acme*"',
)
reprocess = _command(
    "reprocess",
    "Reprocess failed patches, which is the same as retry.",
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
            "nothing is named, and that would mean the whole fleet",
            hint="name patches, customers, devices, a severity or a status, or say --all",
        )
    plan = _planned(session, action, selection, at_most)
    if dry_run and not as_json:
        show(plan, click.echo)
        return Exit.DONE
    show(plan, session.info)
    if dry_run or not plan.devices:
        _print_json(plan if dry_run else [], as_json=as_json)
        return Exit.DONE
    if not yes and not _agreed(session, plan):
        session.info("nothing was changed")
        return Exit.DECLINED
    return _applied(session, plan, as_json=as_json)


def _applied(session: Session, plan: "Plan", *, as_json: bool) -> Exit:
    """Carry out a plan, and say what became of it."""
    from patchfleet.fleet import NSightSource
    from patchfleet.nsight.operations.patches import made_again
    from patchfleet.plan import apply

    results: list[DeviceResult] = []
    with session.store() as store, session.nable(store) as client:
        settle_earlier(session, store.journal, client, NSIGHT, made_again)
        try:
            for result in apply(plan, NSightSource(client), store.journal, now=_now):
                results.append(result)
                tell(session, result)
        except KeyboardInterrupt:
            raise _interrupted(plan, results) from None
        finally:  # what was done is said also when an error or Ctrl-C ends it
            summarise(session, plan, results)
            _print_json(results, as_json=as_json)
    return Exit.DONE if all(result.is_done for result in results) else Exit.INCOMPLETE


def _print_json(value: object, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _interrupted(plan: "Plan", results: "list[DeviceResult]") -> KeyboardInterrupt:
    """Say which device was being changed: whether its call arrived nobody knows."""
    under_way = plan.devices[len(results) : len(results) + 1]
    doubt = "".join(f"; list {one.device} again, it may have been changed" for one in under_way)
    return KeyboardInterrupt(f"interrupted{doubt}")


def _now() -> datetime:
    return datetime.now(UTC)


def _planned(session: Session, action: Action, selection: Selection, at_most: int | None) -> "Plan":
    from patchfleet.fleet.sources.nsight.source import standing
    from patchfleet.plan import plan, since_changed
    from patchfleet.store.queries import findings

    with session.store() as store, store.snapshot() as snapshot:
        session.warn_repaired(snapshot)
        check_names(snapshot, selection)
        recorded = [row for row in findings(snapshot, selection) if row.source == NSIGHT]
        if not recorded:
            raise CommandLineError(
                "no patch on any device is meant by this",
                hint="`patchfleet nsight patches` with the same words shows what there is",
            )
        since = _now() - timedelta(days=CAP_DAYS)
        tried = store.journal.times_sent(NSIGHT, TRIES, since=since) if at_most else {}
        rows, unsure = since_changed(recorded, store.journal.read_backs(NSIGHT), standing)
        return plan(
            action,
            NSIGHT,
            rows,
            as_of=nsight_as_of(snapshot),
            now=_now(),
            tried=tried,
            unsure=unsure,
            at_most=at_most,
        )


def show(plan: "Plan", say: Callable[[str], None]) -> None:
    """Say what will be done, to what, and what is skipped."""
    from patchfleet.report.wording import moment, plural, printable

    verb = plan.action.replace("_", " ")
    say(f"from the sync as of {moment(plan.as_of)}")
    if plan.devices:
        say(
            f"{verb}: {plural(plan.findings, 'patch', 'patches')} on "
            f"{plural(len(plan.devices), 'device')}"
        )
        titles = Counter(change.patch for device in plan.devices for change in device.changes)
        _list(say, [f"{number:>5} x  {printable(title)}" for title, number in titles.most_common()])
        say("on")
        _list(say, [f"{len(one.changes):>5} x  {_named(one)}" for one in plan.devices])
    else:
        say(f"{verb}: there is nothing to do")
    reasons = Counter(skipped.reason for skipped in plan.skipped)
    for reason, number in reasons.most_common():
        say(f"skipped, {plural(number, 'patch', 'patches')}: {reason}")


def _named(device: "DeviceChange") -> str:
    from patchfleet.report.wording import printable

    return printable(f"{device.device} ({device.customer})")


def _list(say: Callable[[str], None], lines: Sequence[str]) -> None:
    for line in lines[:LONGEST_LIST]:
        say(f"  {line}")
    if len(lines) > LONGEST_LIST:
        say(f"  and {len(lines) - LONGEST_LIST:,} more; --dry-run --json lists all")


def _agreed(session: Session, plan: "Plan") -> bool:
    if not session.is_interactive:
        raise PlanError(
            "nothing was changed: there is nobody to ask", hint="--yes goes on without asking"
        )
    question = f"{plan.action.replace('_', ' ').capitalize()} them?"
    return click.confirm(question, default=False, err=True)


def tell(session: Session, result: "DeviceResult") -> None:
    """Say what became of one device."""
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
    told = [*result.skipped, *result.failed, *result.unknown]
    for reason, number in Counter(reason for _, reason in told).most_common():
        session.info(f"  {number}: {reason}")


def summarise(session: Session, plan: "Plan", results: "Sequence[DeviceResult]") -> None:
    """Say what became of the whole plan."""
    confirmed, skipped, failed, unknown = (
        sum(len(changes) for changes in group)
        for group in (
            [result.confirmed for result in results],
            [result.skipped for result in results],
            [result.failed for result in results],
            [result.unknown for result in results],
        )
    )
    untold = plan.findings - confirmed - skipped - failed - unknown
    session.info(
        f"{confirmed:,} of {plan.findings:,} confirmed by reading back"
        + (f", {skipped:,} skipped" if skipped else "")
        + (f", {failed:,} failed" if failed else "")
        + (f", {unknown:,} unknown: list them again before you repeat this" if unknown else "")
        + (f", {untold:,} not reached" if untold else "")
        + f"; journal {plan.id}"
    )
