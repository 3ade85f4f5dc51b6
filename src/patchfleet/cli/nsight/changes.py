"""Approve, ignore, do nothing, inherit, retry, reprocess: shown, agreed to, done, read back.

Law of this file: nothing is sent before the plan was shown and somebody, or --yes, said so.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from patchfleet.cli.exits import Exit
from patchfleet.cli.nsight.lists import with_patterns
from patchfleet.cli.options import NothingMatches, check_names, finding_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import PlanError
from patchfleet.models import Action, Selection

if TYPE_CHECKING:
    from patchfleet.plan import DeviceResult, Plan

NSIGHT = "nsight"
LONGEST_LIST = 20
"""Devices and reasons shown before asking; --dry-run --json has them all."""


def _command(action: Action, summary: str, note: str) -> click.Command:
    """Make the command of one action; the six differ in nothing but their words."""

    @click.command(
        name=action.replace("_", "-"),
        help=f"{summary}\n\nPATCH is a KB number or a part of a title. What is meant is looked up "
        f"in the last complete sync, and each device is read again before anything is sent. {note}",
    )
    @click.argument("patterns", nargs=-1, metavar="[PATCH]...")
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

    return command


approve = _command(
    "approve",
    "Approve patches for the next installation window.",
    "They install when the device's own schedule says so; nothing installs at once.",
)
ignore = _command(
    "ignore",
    "Keep patches from being installed.",
    "They are not counted as missing any more.",
)
do_nothing = _command(
    "do_nothing",
    "Leave patches to the feature policy.",
    "This is no veto: a policy that approves them installs them.",
)
inherit = _command(
    "inherit",
    "Take back what was set on the device itself.",
    "The policy of the site, the customer or the device type counts again.",
)
retry = _command(
    "retry",
    "Try failed patches again at the next window.",
    "Only patches that have failed are tried again.",
)
reprocess = _command(
    "reprocess",
    "Reprocess failed patches, which is the same as retry.",
    "Only patches that have failed are reprocessed.",
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
) -> int:
    from patchfleet.fleet import NSightSource
    from patchfleet.plan import apply

    selection = with_patterns(selection, patterns)
    if selection == Selection() and not everything:
        raise NothingMatches(
            "nothing is named, and that would mean the whole fleet",
            hint="name patches, customers, devices, a severity or a status, or say --all",
        )
    plan = _planned(session, action, selection)
    show(session, plan)
    if dry_run or not plan.devices:
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(plan), indent=2))
        return Exit.DONE
    if not yes and not _agreed(session, plan):
        session.say("nothing was changed")
        return Exit.DECLINED
    results = []
    with session.nable() as client, session.store() as store:
        for result in apply(plan, NSightSource(client), store.journal, now=_now):
            results.append(result)
            tell(session, result)
    summarise(session, plan, results)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(results), indent=2))
    return Exit.DONE if all(result.is_done for result in results) else Exit.INCOMPLETE


def _now() -> datetime:
    return datetime.now(UTC)


def _planned(session: Session, action: Action, selection: Selection) -> "Plan":
    from patchfleet.plan import plan
    from patchfleet.store.questions import findings

    with session.facts() as facts:
        check_names(facts, selection)
        rows = [row for row in findings(facts, selection) if row.source == NSIGHT]
        if not rows:
            raise NothingMatches(
                "no patch on any device is meant by this",
                hint="`patchfleet nsight patches` with the same words shows what there is",
            )
        return plan(action, NSIGHT, rows, as_of=facts.as_of, now=_now())


def show(session: Session, plan: "Plan") -> None:
    """Say what will be done, to what, and what is left alone."""
    verb = plan.action.replace("_", " ")
    session.say(f"from the sync as of {plan.as_of:%Y-%m-%d %H:%M} UTC")
    if plan.devices:
        session.say(
            f"{verb}: {_counted(plan.findings, 'patch', 'patches')} on "
            f"{_counted(len(plan.devices), 'device', 'devices')}"
        )
        titles = Counter(change.patch for device in plan.devices for change in device.changes)
        _list(session, titles.most_common(), lambda item: f"{item[1]:>5} x  {item[0]}")
        session.say("on")
        _list(
            session,
            plan.devices,
            lambda device: f"{device.device}  ({device.customer}): {len(device.changes)}",
        )
    else:
        session.say(f"{verb}: there is nothing to do")
    reasons = Counter(skipped.reason for skipped in plan.skipped)
    for reason, number in reasons.most_common():
        session.say(f"left alone, {_counted(number, 'patch', 'patches')}: {reason}")


def _list(session: Session, items: Sequence[Any], spell: Callable[[Any], str]) -> None:
    for item in items[:LONGEST_LIST]:
        session.say(f"  {spell(item)}")
    if len(items) > LONGEST_LIST:
        session.say(f"  and {len(items) - LONGEST_LIST:,} more; --dry-run --json lists all")


def _agreed(session: Session, plan: "Plan") -> bool:
    if not session.is_attended:
        raise PlanError(
            "nothing was changed: there is nobody to ask", hint="--yes goes on without asking"
        )
    question = f"{plan.action.replace('_', ' ').capitalize()} them?"
    return click.confirm(question, default=False, err=True)


def tell(session: Session, result: "DeviceResult") -> None:
    """Say what became of one device."""
    device = f"{result.device.device} ({result.device.customer})"
    parts = [
        f"{len(changes)} {word}"
        for word, changes in (
            ("confirmed", result.confirmed),
            ("left alone", result.skipped),
            ("FAILED", result.failed),
            ("UNKNOWN", result.unknown),
        )
        if changes
    ]
    session.say(f"{device}: {', '.join(parts)}")
    told = [*result.skipped, *result.failed, *result.unknown]
    for reason, number in Counter(reason for _, reason in told).most_common():
        session.say(f"  {number}: {reason}")


def summarise(session: Session, plan: "Plan", results: "Sequence[DeviceResult]") -> None:
    """Say what became of the whole plan."""
    confirmed = sum(len(result.confirmed) for result in results)
    failed = sum(len(result.failed) for result in results)
    unknown = sum(len(result.unknown) for result in results)
    session.say(
        f"{confirmed:,} of {plan.findings:,} confirmed by reading back"
        + (f", {failed:,} failed" if failed else "")
        + (f", {unknown:,} unknown: list them again before you repeat this" if unknown else "")
        + f"; journal {plan.id}"
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
