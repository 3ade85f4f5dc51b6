"""Coverage of a report: the sources, devices and runs it rests on, and everything it lacks."""

from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet.models import Selection
from patchfleet.store.types import RunState


class CoveredSource(Struct, frozen=True):
    """A source that answers: with which run, as of when by its own clock, begun when by ours.

    Of its managed devices in the selection `kept` were not asked by this run and count as they were
    last listed, the oldest at `oldest_at`; those that were accepted unread are not among them.
    """

    source: str
    run_id: int
    as_of: datetime
    began_at: datetime | None
    kept: int = 0
    oldest_at: datetime | None = None

    @property
    def kept_for(self) -> timedelta | None:
        """How much older than this run the oldest listing is; None where all were read."""
        if self.oldest_at is None or self.began_at is None:
            return None
        return self.began_at - self.oldest_at


class AcceptedUnread(Struct, frozen=True):
    """A device that could not be read, which a user accepted; `said` is the reason and its age.

    It counts as listed at `listed_at`, or is not covered if that is None.
    """

    source: str
    device_id: str
    said: str
    listed_at: datetime | None


class LaterRuns(Struct, frozen=True):
    """The runs of a source after its published one, none of them complete.

    `missed` are their gaps, each once; `others` counts gaps outside the selection. The last of them
    began `age` after the published run, None if that is unknown. A source `is_unknown` if none of
    its runs was ever complete.
    """

    source: str
    runs: tuple[int, ...]
    last_at: datetime
    last_state: RunState
    age: timedelta | None
    missed: tuple[str, ...]
    others: int
    is_unknown: bool = False


class Coverage(Struct, frozen=True, kw_only=True):
    """What a report covers of a selection, narrowed to it like its rows.

    `unmanaged` devices have no patch management, so their missing patches are unknown. `gaps` are
    those of the published runs, `other_gaps` the number of gaps outside the selection. `unread` are
    devices that a run could not read and a user accepted; no other number includes them.
    `known_to_several` are machines that count under each source, `look_alikes` pairs of devices
    that may be one machine. `vendor` is the vendor of a report that is not read from the record.
    """

    selection: Selection
    as_of: datetime
    sources: tuple[CoveredSource, ...]
    devices: int = 0
    unmanaged: int = 0
    unmanaged_names: tuple[str, ...] = ()
    unread: tuple[AcceptedUnread, ...] = ()
    gaps: tuple[str, ...] = ()
    other_gaps: int = 0
    later: tuple[LaterRuns, ...] = ()
    known_to_several: int = 0
    look_alikes: int = 0
    not_judged: int = 0
    vendor: str | None = None
