"""Work done by hand against recorded replies: what it asks, and what it makes of the answers.

The replies have the fields of docs/qualys.md with invented values.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from patchfleet.qualys.envelope import explain
from patchfleet.qualys.records.record import Record
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Change, ConcurrentFlows, Flow, Pause, Procedure, Work
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

REPLIES = Path(__file__).parent / "replies"
ONCE = CallPolicy("Qualys", rate_limit=NoRateLimit(), retries=Retries(attempts=1), explain=explain)
JSON = {"Content-Type": "application/json"}

JOB = "11111111-2222-3333-4444-555555555555"
OTHER_JOB = "22222222-3333-4444-5555-666666666666"
ASSET = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_ASSET = "aaaaaaaa-0000-4000-8000-000000000002"
CRITICAL = "vendorSeverity:`Critical`"
SERVERS = "operatingSystem.category: `Windows / Server`"
ONE_JOB = f"/pm/v1/deploymentjob/{JOB}"


class Ask(NamedTuple):
    """One request, as a test spells it."""

    method: str
    path: str
    query: dict[str, str] = {}  # noqa: RUF012 -- never changed
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012

    @property
    def request(self) -> Request:
        """The request as it goes out; a body is JSON and says so."""
        method: Any = self.method
        return Request(
            method=method,
            path=self.path,
            query=tuple(self.query.items()),
            headers=self.headers if self.body is None else {**JSON, **self.headers},
            body=b"" if self.body is None else msgspec.json.encode(self.body),
        )


def reply(name: str, *, status: int = 200, **headers: str) -> Response:
    """Read a recorded reply: `reply("get_job/whole")`; underscores in headers are dashes."""
    (path,) = REPLIES.glob(f"{name}.*")
    return Response(status, headers, path.read_bytes())


def recorded(*names: str) -> Any:
    """Return what recorded replies say, as plain data; several lists as one."""
    values = [msgspec.json.decode(reply(name).body) for name in names]
    return values[0] if len(values) == 1 else [one for value in values for one in value]


def done(work: Work[Any], *answers: Response) -> tuple[list[Request], Any]:
    """Do work with these answers, one for each request; return the requests and the result."""
    asked: list[Request] = []
    result = _driven(exchange(work, ONCE), iter(answers), asked)
    return asked, result


def sent_by(work: Work[Any]) -> Work[Any]:
    """Return the one call of what changes something, without what is read before and after it."""
    if isinstance(work, Procedure) and work.name.endswith("_report"):
        steps = work.steps()
        next(steps)  # the reports that are there already
        change = steps.send([])
        assert isinstance(change, Change)
        return change.send
    return work.send if isinstance(work, Change) else work


def _driven(flow: Flow[Any], answers: Iterator[Response], asked: list[Request]) -> Any:
    outcome: Any = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as end:
            return end.value
        if isinstance(step, ConcurrentFlows):
            outcome = [_driven(part, answers, asked) for part in step.parts]
        elif isinstance(step, Request):
            asked.append(step)
            outcome = next(answers)
        else:
            assert isinstance(step, Pause)
            outcome = None


def said(value: Any) -> Any:
    """Return records as plain data under the wire's names and values, without what is null."""
    if isinstance(value, Record):
        value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        pairs = [(name, said(one)) for name, one in value.items()]
        return {name: one for name, one in pairs if one is not None and name != ODD}
    if isinstance(value, list):
        return [said(one) for one in value]
    return value


ODD = "problems of reading"
"""What a record says beside its fields."""


def problems(value: Any) -> list[str]:
    """Return what was not of its documented type, in a record or a list of them."""
    records = value if isinstance(value, list) else [value]
    return [problem for one in records if isinstance(one, Record) for problem in one.problems]
