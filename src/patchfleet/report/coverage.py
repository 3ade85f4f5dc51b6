"""Sentences about what a report covers and what it does not.

Invariant: every report names each gap of its selection in every format
(tests/report/test_every_kind.py).
"""

from collections.abc import Sequence
from datetime import timedelta

from patchfleet.models import Selection
from patchfleet.report.wording import moment, plural
from patchfleet.store.report_coverage import AcceptedUnread, Coverage, CoveredSource, LaterRuns

MOST_GAPS = 20
"""Gaps that are listed; the others are counted."""


def sentences(of: Coverage) -> tuple[str, ...]:
    """Describe the coverage, then the gaps in it."""
    notes = [f"From {_sources(of)}."]
    if chosen := described(of.selection):
        notes.append(f"Only {chosen}.")
    notes.extend(missing(of))
    if of.known_to_several:
        machines = plural(of.known_to_several, "machine")
        notes.append(f"In several sources: {machines}; tables count the device of each source.")
    if of.look_alikes:
        pairs = plural(of.look_alikes, "pair of devices that", "pairs of devices that each")
        notes.append(f"Possible duplicates: {pairs} may be one machine.")
    if of.not_judged:
        notes.append(
            f"Incomplete: {plural(of.not_judged, 'open finding')} whose severity, state or "
            "release date the source does not give."
        )
    return tuple(notes)


def missing(of: Coverage) -> tuple[str, ...]:
    """Describe what is missing or older than the rest; nothing if the record is complete."""
    notes = [_later(later) for later in of.later]
    if of.unread:
        notes.append(_unread(of.unread))
    notes.extend(_kept(source) for source in of.sources if source.kept)
    if of.unmanaged:
        names = ", ".join(of.unmanaged_names)
        more = ", …" if of.unmanaged > len(of.unmanaged_names) else ""
        notes.append(
            f"Not covered: {plural(of.unmanaged, 'device')} without patch management "
            f"({names}{more}); what is missing there is not known."
        )
    notes.extend(f"Not covered: {gap}" for gap in of.gaps[:MOST_GAPS])
    if len(of.gaps) > MOST_GAPS:
        notes.append(f"Not covered: {len(of.gaps) - MOST_GAPS:,} more (patchfleet runs).")
    if of.other_gaps:
        notes.append(f"Not named: {others(of.other_gaps)}.")
    return tuple(notes)


def described(selection: Selection) -> str:
    """Describe a selection; the empty text if it does not narrow."""
    parts = (
        ("account", selection.accounts),
        ("customer", (*(one.name for one in selection.only), *selection.customers)),
        ("site", selection.sites),
        ("device", selection.devices),
        ("kind", selection.kinds),
        ("patch", selection.patches),
        ("severity", selection.severities),
        ("state", selection.states),
    )
    return "; ".join(f"{noun} {' or '.join(names)}" for noun, names in parts if names)


def _sources(of: Coverage) -> str:
    """Name each source with the time of its data."""
    if of.vendor is not None:
        return f"{of.vendor} itself, as of {moment(of.as_of)}"
    return ", ".join(
        f"{one.source} (run {one.run_id}) as of {moment(one.as_of)}" for one in of.sources
    )


def _later(later: LaterRuns) -> str:
    """Describe newer, incomplete syncs: the age of the data by then, and their gaps."""
    several = len(later.runs) > 1
    last = f"run {later.runs[-1]} of {moment(later.last_at)}"
    if later.is_unknown:
        text = f"Not covered: {later.source}; no sync of it was complete yet"
        text += f" (the last of {len(later.runs)}, {last})" if several else f" ({last})"
    else:
        count = plural(len(later.runs), "later sync", "later syncs")
        age = "" if later.age is None else f", {_span(later.age)} after the one reported here"
        text = f"Not current: {count} of {later.source} {'were' if several else 'was'} not complete"
        text += f" (the last, {last}{age})"
    under_way = "; it is under way" if later.last_state == "running" else ""
    missed = list(later.missed[:MOST_GAPS])
    if len(later.missed) > MOST_GAPS:
        missed.append(f"{len(later.missed) - MOST_GAPS:,} more")
    if later.others:
        missed.append(others(later.others))
    return f"{text}{under_way}. Missed: {'; '.join(missed)}." if missed else f"{text}{under_way}."


def _unread(devices: Sequence[AcceptedUnread]) -> str:
    """Describe devices that were not read, which a user accepted, with the age of each."""
    never = sum(device.listed_at is None for device in devices)
    listed = f"{len(devices) - never:,} as last listed" if len(devices) > never else ""
    without = f"{never:,} never listed" if never else ""
    how = " and ".join(filter(None, (listed, without)))
    named = [device.said for device in devices[:MOST_GAPS]]
    if len(devices) > MOST_GAPS:
        named.append(f"{len(devices) - MOST_GAPS:,} more (patchfleet runs)")
    count = plural(len(devices), "device")
    return f"Not read, which was accepted: {count} ({how}). {'; '.join(named)}."


def _kept(source: CoveredSource) -> str:
    age = "" if source.kept_for is None else f", {_span(source.kept_for)} before"
    oldest = "" if source.oldest_at is None else f", the oldest at {moment(source.oldest_at)}{age}"
    return (
        f"From earlier syncs: {plural(source.kept, 'device')} that run {source.run_id} of "
        f"{source.source} did not read again, as last listed{oldest}."
    )


def others(count: int) -> str:
    """Count the gaps that are outside a selection, or may be."""
    return f"{plural(count, 'gap')} of the sync not known to concern this selection"


def _span(age: timedelta) -> str:
    hours = int(age.total_seconds()) // 3600
    if hours >= 48:
        return plural(hours // 24, "day")
    return plural(hours, "hour") if hours else "less than an hour"
