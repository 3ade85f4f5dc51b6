"""A job is created once, whatever becomes of the request: the steps of it, by hand and in no time.

`test_gateway_faults.py` shows the same over HTTP.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from patchfleet.errors import Forbidden, RateLimited, Rejected, Unreachable, VendorError
from patchfleet.qualys import JobCreated
from patchfleet.qualys.operations.job_changes import create_job
from patchfleet.transport.exchange import Manners, exchange
from patchfleet.transport.operation import Pause
from patchfleet.transport.pace import Unpaced
from patchfleet.transport.retry import Retries
from patchfleet.transport.wire import Lost, Request, Response

ASSET = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ONCE = Manners("Qualys", pace=Unpaced(), retries=Retries(attempts=1))
CUT = Lost("the connection broke before the answer was complete", "unknown")
NOT_CONNECTED = Lost("no connection", "refused")
NOT_PERMITTED = Response(403, {}, b"")

Created = Callable[["Server", dict[str, Any]], Response | Lost]


def answers(server: "Server", body: dict[str, Any]) -> Response | Lost:
    """Create the job and say so."""
    return Response(201, {}, msgspec.json.encode({"id": server.add(body)}))


def creates_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | Lost:
    server.add(body)
    return CUT


def creates_later_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | Lost:
    """Create a job that the list shows only from the third look on."""
    server.add(body, hidden_looks=2)
    return CUT


def creates_much_later_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | Lost:
    server.add(body, hidden_looks=3)
    return CUT


def is_cut(_: "Server", __: dict[str, Any]) -> Response | Lost:
    return CUT


def refuses(_: "Server", __: dict[str, Any]) -> Response | Lost:
    return NOT_PERMITTED


def slows_down(_: "Server", __: dict[str, Any]) -> Response | Lost:
    return Response(429, {}, b"")


class Server:
    """Jobs, and what becomes of each request that wants to create one."""

    def __init__(self, creations: Iterable[Created]) -> None:
        self._creations = iter(creations)
        self.sent: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self.looks = 0
        self.looks_that_work = 100
        self.jobs: dict[str, dict[str, Any]] = {}
        self._shown_from: dict[str, int] = {}

    def add(self, body: dict[str, Any], *, hidden_looks: int = 0) -> str:
        number = f"{len(self.jobs) + 1:08}-2222-3333-4444-555555555555"
        self.jobs[number] = {**body, "id": number}
        self._shown_from[number] = self.looks + hidden_looks + 1
        return number

    def answer(self, asked: Request) -> Response | Lost:
        if asked.method == "POST":
            self.sent.append(msgspec.json.decode(asked.body))
            return next(self._creations)(self, self.sent[-1])
        if asked.path != "/pm/v1/deploymentjobs/summary":
            return Response(200, {}, msgspec.json.encode(self.jobs[asked.path.rpartition("/")[2]]))
        query = dict(asked.query)
        if query["pageNumber"] == "0":
            self.looks += 1
        if self.looks > self.looks_that_work:
            return NOT_PERMITTED
        shown = [job for number, job in self.jobs.items() if self._shown_from[number] <= self.looks]
        page = int(query["pageNumber"]) * int(query["pageSize"])
        return Response(200, {}, msgspec.json.encode(shown[page : page + int(query["pageSize"])]))

    def create(self, **parameters: Any) -> JobCreated:
        """Do the whole of `create_job` against this server."""
        work = create_job(
            "Windows", "My Job", "Install", "On-demand", assetIds=[ASSET], **parameters
        )
        flow = exchange(work, ONCE)
        outcome: Response | Lost | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                created: JobCreated = end.value
                return created
            outcome = None
            if isinstance(step, Request):
                outcome = self.answer(step)
            else:
                assert isinstance(step, Pause)
                self.pauses.append(step.seconds)


def marker_of(body: dict[str, Any]) -> str:
    """Return the marker at the end of a description."""
    return "[" + body["description"].partition("[")[2]


def test_an_answer_that_comes_is_believed() -> None:
    server = Server([answers])
    created = server.create(description="every Tuesday")
    assert created == f"Job {created.id} (My Job) created successfully."
    assert list(server.jobs) == [created.id]
    assert (server.looks, server.pauses) == (0, [])
    assert server.sent[0]["description"].startswith("every Tuesday [patchfleet ")


def test_no_two_jobs_have_the_same_marker() -> None:
    server = Server([answers, answers])
    server.create()
    server.create()
    first, second = (marker_of(body) for body in server.sent)
    assert first != second


def test_a_job_whose_answer_was_lost_is_found_by_its_marker() -> None:
    server = Server([answers, creates_and_is_cut])
    another = server.create()
    created = server.create()
    assert created.id != another.id, "the other one has the same name, and another marker"
    assert list(server.jobs) == [another.id, created.id]
    assert (server.looks, server.pauses) == (1, [2.0])


def test_a_job_that_appears_late_is_waited_for() -> None:
    server = Server([creates_later_and_is_cut])
    created = server.create()
    assert list(server.jobs) == [created.id]
    assert (server.looks, server.pauses) == (3, [2.0, 5.0, 15.0])


def test_a_job_that_is_not_there_is_sent_again_as_it_was() -> None:
    server = Server([is_cut, is_cut, answers])
    created = server.create()
    assert list(server.jobs) == [created.id]
    assert server.sent[0] == server.sent[1] == server.sent[2]


def test_a_job_that_appears_after_it_was_sent_again_is_a_twin() -> None:
    server = Server([creates_much_later_and_is_cut, answers])
    with pytest.raises(Rejected, match="'My Job' exists 2 times") as caught:
        server.create()
    assert all(number in str(caught.value) for number in server.jobs)
    assert caught.value.hint == "one of them appeared late; delete all but one"


def test_it_is_given_up_after_three_times() -> None:
    server = Server([is_cut] * 3)
    with pytest.raises(Unreachable) as caught:
        server.create()
    marker = marker_of(server.sent[0])
    assert caught.value.__notes__ == [
        f"sent 3 times; no job with the marker {marker} appeared",
    ]


def test_what_was_refused_is_not_looked_for() -> None:
    server = Server([refuses])
    with pytest.raises(Forbidden):
        server.create()
    assert server.looks == 0


def test_a_creation_that_is_told_to_wait_is_looked_for() -> None:
    server = Server([slows_down] * 3)
    with pytest.raises(RateLimited):
        server.create()
    assert server.looks > 0


def notes_of(server: Server, error: type[VendorError]) -> str:
    with pytest.raises(error) as caught:
        server.create()
    return "\n".join(caught.value.__notes__)


def test_a_refusal_after_a_lost_request_says_that_the_job_may_exist() -> None:
    server = Server([is_cut, refuses])
    notes = notes_of(server, Forbidden)
    assert "the job 'My Job' may have been created" in notes
    assert f"look for {marker_of(server.sent[0])} in the descriptions" in notes


def test_a_search_that_fails_says_what_to_look_for() -> None:
    server = Server([creates_and_is_cut])
    server.looks_that_work = 0
    assert "may have been created" in notes_of(server, Forbidden)


def test_a_search_for_twins_that_fails_names_the_job_that_is_there() -> None:
    server = Server([is_cut, answers])
    server.looks_that_work = 3
    notes = notes_of(server, Forbidden)
    (number,) = server.jobs
    assert f"the job {number} was created, perhaps not only once" in notes
    assert marker_of(server.sent[0]) in notes
