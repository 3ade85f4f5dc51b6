"""Recording of a live account by a bounded number of calls that only read.

Invariants:
- a call that may change something is refused before it is sent, and so is one call too many
  (tests/doctor/test_recorder.py);
- each read of the list is in the result, also one that failed or had nothing to ask
  (tests/doctor/test_recorder.py).
"""

from collections.abc import Callable
from itertools import islice
from threading import Lock
from typing import Any

from patchfleet.doctor.answer import answers_of
from patchfleet.doctor.read import EarlierResults, ReadCall, ReadList
from patchfleet.doctor.recording import Answers
from patchfleet.doctor.shaping import Shaper, Withheld
from patchfleet.errors import ConfigError, Error, Unauthorized, VendorError
from patchfleet.transport.client import Client
from patchfleet.transport.messages import NoResponse, Response
from patchfleet.transport.operation import Operation

LOGIN = "login"
READ, READ_WITH_PROBLEMS, CUT = "read", "read, with problems", "not read: the limit of calls"
DEFAULT_SAMPLE = 3


class _EnoughError(Exception):
    """The end of a work whose calls are used up."""


class Watch:
    """The observer of the calls of one read."""

    def __init__(self, shaper: Shaper, most_calls: int) -> None:
        self._shaper = shaper
        self._left = most_calls
        self._lock = Lock()
        self.seen = Answers()
        self.logins = Answers()

    def before(self, operation: Operation[Any], *, is_change: bool) -> None:
        """Refuse a change, and a call beyond the limit."""
        if is_change:
            raise ConfigError(f"{operation.name} may change something; the doctor only reads")
        with self._lock:
            if operation.request.is_login:
                return
            if self._left <= 0:
                raise _EnoughError
            self._left -= 1

    def after(
        self, operation: Operation[Any], outcome: Response | NoResponse, seconds: float
    ) -> None:
        """Keep the shapes of an answer."""
        shapes = answers_of(outcome, seconds, self._shaper)
        with self._lock:
            if operation.request.is_login:
                self.logins |= shapes
            else:
                self.seen |= shapes

    def note(self, outcome: str) -> None:
        """Count a work and its outcome."""
        self.seen |= Answers(works=1, outcomes={outcome: 1})


def record(
    client: Client,
    reads: ReadList,
    *,
    sample: int = DEFAULT_SAMPLE,
    attempts: int = 4,
    on_read: Callable[[str, Answers], None] = lambda *_: None,
) -> tuple[dict[str, Answers], Withheld]:
    """Make the reads of a vendor and return their shapes, and what was withheld.

    `sample` is how many records of a kind are asked for. `attempts` is the number of tries that a
    client makes of one call, of which each may be repeated once more for a doubtful answer. Raises
    `Unauthorized` if the account is refused at the first read; any other failure is an outcome.
    """
    shaper, earlier = Shaper(reads.vocabulary), EarlierResults()
    found: dict[str, Answers] = {}
    for read in reads.reads:
        watch = Watch(shaper, read.most_calls(sample) * 2 * attempts)
        try:
            _do(client, read, watch, earlier, sample)
        except Unauthorized:
            if not found:
                raise
        if watch.logins.calls:
            found[LOGIN] = found.get(LOGIN, Answers()) | watch.logins
        found[read.name] = watch.seen
        on_read(read.name, watch.seen)
    return found, shaper.withheld


def _do(client: Client, read: ReadCall, watch: Watch, earlier: EarlierResults, sample: int) -> None:
    """Do the works of a read, and keep their results for later reads."""
    for work in islice(read.works(earlier, sample), read.most_works(sample)):
        try:
            result = client.run(work, observer=watch)
        except _EnoughError:
            watch.note(CUT)
        except VendorError as error:
            watch.note(type(error).__name__)
            if isinstance(error, Unauthorized):
                raise
        except Error as error:  # an earlier answer held what no call takes as a parameter
            watch.note(type(error).__name__)
        else:
            earlier.add(read.name, result)
            watch.note(READ_WITH_PROBLEMS if getattr(result, "problems", ()) else READ)
