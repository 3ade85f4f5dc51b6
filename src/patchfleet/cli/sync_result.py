"""The result of a sync as lines on standard error."""

from typing import TYPE_CHECKING

import msgspec

from patchfleet.cli.session import Session

if TYPE_CHECKING:
    from patchfleet.errors import Error
    from patchfleet.fleet import SyncResult, UnreadDevice

MOST_NAMED = 20
"""Devices printed one by one; `patchfleet runs --problems` lists all."""


class FailedSync(msgspec.Struct, frozen=True, kw_only=True):
    """The `--json` entry of an account that could not be read, beside the results of others."""

    source: str
    is_complete: bool = False
    error: str
    hint: str | None


def print_failure(session: Session, name: str, error: "Error") -> FailedSync:
    """Print why the sync of an account failed, and return its entry."""
    session.info(f"failed: {name}: {error.sentence}", bold=True)
    if error.hint:
        session.info(f"hint: {error.hint}")
    return FailedSync(source=name, error=error.sentence, hint=error.hint)


def print_result(session: Session, outcome: "SyncResult", seconds: float) -> None:
    """Print what a sync did and what it did not."""
    from patchfleet.report.wording import plural

    resumed = f" ({outcome.already_scanned:,} already read before)" if outcome.is_resumed else ""
    session.info(
        f"{outcome.source}: {plural(outcome.customers, 'customer')}, "
        f"{plural(outcome.devices, 'device')}; read {outcome.scanned:,}{resumed} "
        f"with {plural(outcome.findings, 'patch', 'patches')} in {seconds:.1f} s"
    )
    if outcome.kept:
        session.info(
            f"skipped: {plural(outcome.kept, 'device')} read recently, with no sign of a change"
        )
    session.info(
        f"changes: {outcome.new:,} new, {outcome.changed:,} changed, {outcome.gone:,} gone"
    )
    if outcome.not_patched:
        without = plural(outcome.not_patched, "device")
        session.info(f"not covered: {without} without patch management")
    for gap in (*outcome.gaps, *outcome.job_gaps, *outcome.vanished):
        is_of_device = gap.subject.startswith("device ")
        session.info(f"warning: {gap.sentence if is_of_device else gap.reason}")
    _print_devices(session, outcome)
    for problem in outcome.problems:
        session.info(f"failed: {problem.sentence}")
    accepted = [one for one in outcome.unread if one.is_accepted]
    if not outcome.is_complete:
        session.info(f"INCOMPLETE: {_left(outcome)}")
        if len(accepted) < len(outcome.unread):
            session.info("hint: --accept-unread does without them: each keeps its last listing")
    elif accepted:
        session.info(f"complete, except {_without(accepted)}")


def _print_devices(session: Session, outcome: "SyncResult") -> None:
    """Name devices that are gone or were accepted unread, up to `MOST_NAMED`."""
    lines = [
        f"gone: device {one.device_id} {one.device} ({one.customer}) {one.reason}"
        for one in outcome.lost
        if not one.is_kept
    ]
    lines += [
        f"not read: device {one.device_id} {one.device} ({one.customer}): {one.reason}"
        for one in outcome.unread
        if one.is_accepted
    ]
    for line in lines[:MOST_NAMED]:
        session.info(line)
    if len(lines) > MOST_NAMED:
        more = f"{len(lines) - MOST_NAMED:,} more"
        session.info(f"{more}: `patchfleet runs --problems {outcome.run_id}` lists them all")


def _without(accepted: "list[UnreadDevice]") -> str:
    """Return how many devices a complete sync is without, and the age of their data."""
    from patchfleet.report.wording import plural

    listed = [one.listed_at for one in accepted if one.listed_at is not None]
    never = len(accepted) - len(listed)
    parts = []
    if listed:
        since = f"{min(listed):%Y-%m-%d}"
        parts.append(f"{plural(len(listed), 'device')} as last read, the oldest on {since}")
    if never:
        parts.append(f"{plural(never, 'device')} never read and not covered")
    return " and ".join(parts)


def _left(outcome: "SyncResult") -> str:
    """Return what an incomplete sync leaves to the next one."""
    from patchfleet.report.wording import plural

    unread = sum(problem.device_id is not None for problem in outcome.problems)
    subjects = {problem.subject for problem in outcome.problems}
    parts = []
    if unread:
        parts.append(f"{plural(unread, 'device')} could not be read")
    if outcome.not_asked:
        parts.append(f"{plural(outcome.not_asked, 'device')} were not read")
    if "jobs" in subjects:
        parts.append("the jobs could not be read")
    if "coverage" in subjects:
        parts.append("too many devices disappeared at once")
    before = "the previous state stays current"
    rest = ", and the next sync reads only what is missing" if unread or outcome.not_asked else ""
    return f"{' and '.join(parts)}; {before}{rest}"
