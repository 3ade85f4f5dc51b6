"""`patchfleet sync`: read the whole fleet into the record."""

import time

import click
import msgspec

from patchfleet.cli.exits import Exit
from patchfleet.cli.session import Session, pass_session
from patchfleet.fleet import NSightSource, Outcome, sync


@click.command()
@click.option("--fresh", is_flag=True, help="Begin anew, even if a sync was broken off just now.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@pass_session
def command(session: Session, *, fresh: bool, as_json: bool) -> int:
    """Read the whole fleet into the record.

    A sync is complete, or it says what is missing and exits with 3; until one is complete, the
    state before it stays current. A sync that was broken off is taken up again where it stopped.
    """
    from patchfleet.cli.progress import sync_progress

    settings = session.settings.sync
    calls_per_minute = session.settings.nsight.calls_per_minute
    started = time.monotonic()
    with session.nable() as client, session.store(create=True) as store:
        try:
            with sync_progress(session.talk, "nsight", calls_per_minute) as on_progress:
                outcome = sync(
                    NSightSource(client),
                    store,
                    resume_within=session.resume_within,
                    fresh=fresh,
                    devices_at_once=settings.devices_at_once,
                    on_progress=on_progress,
                )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "interrupted; what was read is kept, and the next sync goes on from here"
            ) from None
    tell(session, outcome, time.monotonic() - started)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    return Exit.DONE if outcome.is_complete else Exit.INCOMPLETE


def tell(session: Session, outcome: Outcome, seconds: float) -> None:
    """Say what a sync did, and above all what it did not."""
    from patchfleet.report.spelling import counted

    resumed = f" ({outcome.already_scanned:,} kept from before)" if outcome.is_resumed else ""
    session.say(
        f"{outcome.source}: {counted(outcome.customers, 'customer')}, "
        f"{counted(outcome.devices, 'device')}; read {outcome.scanned:,}{resumed} "
        f"with {counted(outcome.findings, 'patch', 'patches')} in {seconds:.1f} s"
    )
    session.say(f"changes: {outcome.new:,} new, {outcome.changed:,} changed, {outcome.gone:,} gone")
    if outcome.not_patched:
        without = counted(outcome.not_patched, "device")
        session.say(f"not covered: {without} without patch management")
    for gap in outcome.gaps:
        session.say(f"warning: {gap}")
    for problem in outcome.problems:
        session.say(f"failed: {problem}")
    if not outcome.is_complete:
        session.say(
            f"INCOMPLETE: {counted(len(outcome.problems), 'device')} could not be read; the state "
            "before this sync stays current, and the next sync reads only what is missing"
        )
