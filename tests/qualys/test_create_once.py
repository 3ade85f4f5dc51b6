"""A job is created once, whatever becomes of the request: the steps of it, by hand and in no time.

`test_gateway_faults.py` shows the same over HTTP.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from patchfleet.errors import Forbidden, Rejected, Unreachable, VendorBroken, VendorError
from patchfleet.qualys import JobCreated
from patchfleet.qualys.envelope import explain
from patchfleet.qualys.operations.job_changes import create_job
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import Pause
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

ASSET = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
THRICE = CallPolicy(
    "Qualys",
    explain=explain,
    rate_limit=NoRateLimit(),
    retries=Retries(attempts=3, first_wait_seconds=0),
)
CUT = NoResponse("the connection broke before the answer was complete", "unknown")
NOT_CONNECTED = NoResponse("no connection", "refused")
NOT_PERMITTED = Response(403, {}, b"")

Created = Callable[["Server", dict[str, Any]], Response | NoResponse]


def answers(server: "Server", body: dict[str, Any]) -> Response | NoResponse:
    """Create the job and say so."""
    return Response(201, {}, msgspec.json.encode({"id": server.add(body)}))


def creates_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | NoResponse:
    server.add(body)
    return CUT


def creates_later_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | NoResponse:
    """Create a job that the list shows only from the third look on."""
    server.add(body, hidden_looks=2)
    return CUT


def creates_much_later_and_is_cut(server: "Server", body: dict[str, Any]) -> Response | NoResponse:
    server.add(body, hidden_looks=4)
    return CUT


def is_cut(_: "Server", __: dict[str, Any]) -> Response | NoResponse:
    return CUT


def refuses(_: "Server", __: dict[str, Any]) -> Response | NoResponse:
    return NOT_PERMITTED


def slows_down(_: "Server", __: dict[str, Any]) -> Response | NoResponse:
    return Response(429, {}, b"")


STANDING = {"id": "00000000-2222-3333-4444-555555555555", "name": "Another", "platform": "Windows"}
"""A job that was there before: an empty list is no proof that one is not."""


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

    def answer(self, asked: Request) -> Response | NoResponse:
        if asked.method == "POST":
            self.sent.append(msgspec.json.decode(asked.body))
            return next(self._creations)(self, self.sent[-1])
        if asked.path != "/pm/v1/deploymentjobs/summary":
            return self._job(asked.path.rpartition("/")[2])
        query = dict(asked.query)
        if query["pageNumber"] == "0":
            self.looks += 1
        if self.looks > self.looks_that_work:
            return NOT_PERMITTED
        shown = [STANDING] + [
            job for number, job in self.jobs.items() if self._shown_from[number] <= self.looks
        ]
        page = int(query["pageNumber"]) * int(query["pageSize"])
        return Response(200, {}, msgspec.json.encode(shown[page : page + int(query["pageSize"])]))

    def _job(self, number: str) -> Response:
        if number not in self.jobs:
            refusal = {"_error": {"errorCode": "1404", "message": "there is no such job"}}
            return Response(404, {}, msgspec.json.encode(refusal))
        return Response(200, {}, msgspec.json.encode(self.jobs[number]))

    def create(self, **parameters: Any) -> JobCreated:
        """Do the whole of `create_job` against this server."""
        work = create_job(
            "Windows", "My Job", "Install", "On-demand", assetIds=[ASSET], **parameters
        )
        flow = exchange(work, THRICE)
        outcome: Response | NoResponse | None = None
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
                if step.seconds:
                    self.pauses.append(step.seconds)


def marker_of(body: dict[str, Any]) -> str:
    """Return the marker at the end of a description."""
    return "[" + body["description"].partition("[")[2]


def test_an_answer_that_comes_is_read_back() -> None:
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
    assert (server.looks, server.pauses) == (1, [])


def test_a_job_that_appears_late_is_waited_for() -> None:
    server = Server([creates_later_and_is_cut])
    created = server.create()
    assert list(server.jobs) == [created.id]
    assert (server.looks, server.pauses) == (3, [2.0, 5.0])


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
    with pytest.raises(Unreachable, match="whether it was done is unknown") as caught:
        server.create()
    marker = marker_of(server.sent[0])
    assert f"no job with the marker {marker}" in str(caught.value)
    assert marker in (caught.value.hint or "")
    assert caught.value.is_in_doubt
    assert len(server.sent) == 3


def test_what_was_refused_and_is_not_there_is_the_server_s_own_refusal() -> None:
    server = Server([refuses])
    with pytest.raises(Forbidden) as caught:
        server.create()
    assert not caught.value.is_in_doubt
    assert server.looks == 4, "it is looked for all the same"
    assert len(server.sent) == 1


def test_a_server_that_asks_to_wait_is_asked_again_after_a_look() -> None:
    server = Server([slows_down, slows_down, answers])
    created = server.create()
    assert list(server.jobs) == [created.id]
    assert server.looks > 1


def in_doubt(server: Server, error: type[VendorError]) -> str:
    with pytest.raises(error) as caught:
        server.create()
    assert caught.value.is_in_doubt
    assert marker_of(server.sent[0]) in (caught.value.hint or "")
    return str(caught.value)


def test_a_refusal_after_a_lost_request_says_that_the_job_may_exist() -> None:
    server = Server([is_cut, refuses])
    assert "whether it was done is unknown" in in_doubt(server, Forbidden)


def test_a_search_that_fails_says_what_to_look_for() -> None:
    server = Server([creates_and_is_cut])
    server.looks_that_work = 0
    assert "reading it back failed" in in_doubt(server, Unreachable)
    assert len(server.sent) == 1


def test_an_answer_that_names_another_job_is_not_believed() -> None:
    """The id of a job that is there, and of none that is: what was made is found by its marker."""

    def names_another(server: Server, body: dict[str, Any]) -> Response:
        server.add(body)
        return Response(201, {}, msgspec.json.encode({"id": next(iter(server.jobs))}))

    def names_none(server: Server, body: dict[str, Any]) -> Response:
        server.add(body)
        nobody = "99999999-2222-3333-4444-555555555555"
        return Response(201, {}, msgspec.json.encode({"id": nobody}))

    server = Server([answers, names_another, names_none])
    made = [server.create().id for _ in range(3)]
    assert made == list(server.jobs)


def test_an_answer_without_a_job_is_no_success() -> None:
    def claims(_: Server, __: dict[str, Any]) -> Response:
        nobody = "99999999-2222-3333-4444-555555555555"
        return Response(201, {}, msgspec.json.encode({"id": nobody}))

    server = Server([claims])
    assert "the answer reports that it was done" in in_doubt(server, VendorBroken)
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    "listed", ["My Job", " My Job ", "My  Job", "my job", "M\x01 Job", "", None, 7, ["My Job"], {}]
)
def test_a_job_is_found_however_the_list_spells_its_name(
    monkeypatch: pytest.MonkeyPatch, listed: Any
) -> None:
    server = Server([creates_and_is_cut, answers])
    ask = server.answer

    def spells(asked: Request) -> Response | NoResponse:
        answered = ask(asked)
        if not asked.path.endswith("/summary") or isinstance(answered, NoResponse):
            return answered
        jobs = [
            {**job, "name": listed if job["name"] == "My Job" else job["name"]}
            for job in msgspec.json.decode(answered.body)
        ]
        return Response(200, {}, msgspec.json.encode(jobs))

    monkeypatch.setattr(server, "answer", spells)
    assert server.create().id in server.jobs
    assert len(server.sent) == 1


def test_an_empty_list_is_no_proof_that_the_job_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server([creates_and_is_cut])
    ask = server.answer

    def shows_nothing(asked: Request) -> Response | NoResponse:
        answered = ask(asked)
        is_list = asked.path.endswith("/summary")
        return Response(200, {}, b"[]") if is_list else answered

    monkeypatch.setattr(server, "answer", shows_nothing)
    assert "the list of jobs is empty" in in_doubt(server, Unreachable)
    assert len(server.sent) == 1
