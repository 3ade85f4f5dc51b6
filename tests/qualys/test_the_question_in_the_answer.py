"""An answer is about what was asked, and what is empty is neither the end of a list nor none."""

from typing import Any

import msgspec
import pytest
from replying import JOB, ONCE, OTHER_JOB, SERVERS, done, recorded, reply
from test_qualys_replies import EVERY, PATCH

from patchfleet.errors import NotFound, NotTheVendor, RateLimited, Unreadable, VendorError
from patchfleet.qualys.operations import catalogue, inventory, jobs, patches, reports
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.exchange import exchange
from patchfleet.transport.messages import Request, Response
from patchfleet.transport.operation import Flow, Work
from patchfleet.transport.rate_limit import NoRateLimit
from patchfleet.transport.retry import Retries

FOREIGN = "99999999-9999-4999-8999-999999999999"

REPEATED: list[tuple[Work[Any], str, tuple[str | int, ...], object]] = [
    (jobs.get_job(JOB), "get_job/whole", ("id",), FOREIGN),
    (jobs.get_job_runs(JOB), "get_job_runs/two", (0, "jobId"), FOREIGN),
    (jobs.get_job_results(JOB, pageSize=2), "get_job_results/first_of_two", ("id",), FOREIGN),
    (jobs.list_jobs("windows"), "list_jobs/windows", (0, "platform"), "Linux"),
    (reports.list_mitigation_jobs("Linux"), "list_mitigation_jobs/one", (0, "platform"), "Windows"),
    (jobs.list_jobs("linux"), "list_jobs/linux", (0, "platform"), "windows "),
    (patches.get_patches("windows", 1), "get_patches/numbered", (1, "platform"), "Linux"),
    (
        patches.get_patches("windows", 1, version=1),
        "get_patches/numbered",
        (1, "platform"),
        "Linux",
    ),
    (patches.get_assets("windows", 1), "get_assets/one", (0, "platform"), "Linux"),
    (catalogue.get_patch_catalog(PATCH), "get_patch_catalog/two", (0, "patchId"), FOREIGN),
    (catalogue.lookup_cves([1001, 1002]), "lookup_cves/two", (0, "id"), 77),
    (
        catalogue.lookup_host_uuids([1001]),
        "lookup_host_uuids/two_of_three",
        ("mappedAssets", 0, "assetId"),
        77,
    ),
    (
        inventory.get_asset(1001),
        "get_asset/one",
        ("assetListData", "asset", 0, "assetId"),
        1002,
    ),
]
"""What is asked, an answer, where in it the question stands, and another value there."""


def answer(value: Any, status: int = 200) -> Response:
    return Response(status, {}, msgspec.json.encode(value))


def with_other(value: Any, place: tuple[str | int, ...], other: object) -> Any:
    inner = value
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = other
    return value


@pytest.mark.parametrize(
    ("work", "name", "place", "other"), REPEATED, ids=[f"{c[1]}:{c[2][-1]}" for c in REPEATED]
)
def test_an_answer_about_something_else_is_none(
    work: Work[Any], name: str, place: tuple[str | int, ...], other: object
) -> None:
    foreign = answer(with_other(recorded(name), place, other))
    with pytest.raises(Unreadable, match="the answer is about"):
        done(work, foreign, foreign)


@pytest.mark.parametrize("run", ["7", 7])
@pytest.mark.parametrize("said", ["7", 7, None, "8", 8])
def test_results_are_of_the_run_that_was_asked_for(run: Any, said: Any) -> None:
    body = {
        "id": JOB.upper(),
        "assetCount": 1,
        "assets": [{"asset": {"id": "a"}, "jobInstanceId": said}],
    }
    work = jobs.get_job_results(JOB, jobInstanceId=run, pageSize=100)
    if said is None or str(said) == "7":
        assert len(done(work, answer(body), answer({**body, "assets": []}))[1].assets) == 1
    else:
        with pytest.raises(Unreadable, match=r"about run 8, not 7"):
            done(work, answer(body))


def test_a_foreign_result_leaves_nothing_in_the_right_one() -> None:
    own: dict[str, Any] = {"id": JOB, "name": "mine", "assetCount": 0, "assets": []}
    foreign = {**own, "id": OTHER_JOB, "name": "other", "assetCount": 5}
    twice = CallPolicy(
        "Qualys",
        rate_limit=NoRateLimit(),
        retries=Retries(attempts=2),
        explain=ONCE.explain,
        chance=lambda: 0,
    )
    result = driven(exchange(jobs.get_job_results(JOB), twice), answer(foreign), answer(own))
    assert (result.name, result.assets) == ("mine", [])


def test_an_error_of_several_jobs_says_which_job_it_is_about() -> None:
    own: dict[str, Any] = {"assetCount": 0, "assets": []}
    both = [JOB, OTHER_JOB]
    with pytest.raises(
        Unreadable, match=f"^job {OTHER_JOB}: the answer is not the result of a job"
    ):
        done(jobs.get_job_results(both), answer(own), answer({}))
    with pytest.raises(NotTheVendor, match=f"^job {JOB}: something that is not Qualys"):
        done(jobs.get_job_runs(both), answer([], 404), answer([]))


def driven(flow: Flow[Any], *answers: Response) -> Any:
    """Give a flow its answers, one for each request; return what it returns."""
    left = iter(answers)
    step: Any = None
    while True:
        try:
            step = flow.send(next(left) if isinstance(step, Request) else None)
        except StopIteration as end:
            return end.value


READINGS = {
    name: work
    for name, work in EVERY.items()
    if name.startswith(("get_", "list_", "lookup_", "count_", "query_"))
    and name != "list_report_columns"  # whatever stands in its list is a column
}
NOTHING = {
    "no content": Response(204, {}, b""),
    "nothing": Response(200, {}, b""),
    "blanks": Response(200, {}, b" \n"),
    "null": Response(200, {}, b"null"),
    "an object without anything": Response(200, {}, b"{}"),
    "a list for an object": Response(200, {}, b"[[]]"),
}


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("name", READINGS)
def test_nothing_is_no_answer(name: str, nothing: str) -> None:
    none = answer({"count": 0, "responseCode": "SUCCESS"})
    try:
        _, found = done(READINGS[name], *[NOTHING[nothing]] * 3, none)
    except VendorError:
        return
    except StopIteration:  # it asked for more than it was given: for the count
        found = None
    # What has no assets at all is answered so, and the count has to say it too.
    assert name in {"query_assets", "get_all_assets"}
    assert nothing == "no content"
    assert not found


@pytest.mark.parametrize("more", [1, 0])
@pytest.mark.parametrize("empty", ["no content", "a page"])
def test_an_empty_page_after_others_is_not_the_end(more: int, empty: str) -> None:
    first = reply("query_assets/first_of_two")
    page = answer({"responseCode": "SUCCESS", "count": 0, "hasMore": more, "assetListData": None})
    with pytest.raises(Unreadable):
        done(
            inventory.query_assets(filter=SERVERS, pageSize=1),
            first,
            page if empty == "a page" else NOTHING["no content"],
        )


@pytest.mark.parametrize("said", [None, "maybe", 7])
def test_a_page_that_does_not_say_whether_more_follow_is_no_end(said: Any) -> None:
    page = {**recorded("query_assets/second_of_two"), "hasMore": said}
    with pytest.raises(VendorError):
        done(inventory.query_assets(filter=SERVERS), answer(page))


OWN = [
    b'{"_error": {"errorCode": "1404", "message": "there is no job"}}',
    b'{"_error": {}}',
    b'{"errorCode": "1404"}',
    b"<SIMPLE_RETURN><RESPONSE><CODE>1404</CODE><TEXT>no job</TEXT></RESPONSE></SIMPLE_RETURN>",
]
FOREIGN_BODIES = [
    b"",
    b"<html><body>404 Not Found</body></html>",
    b'{"timestamp": 1, "status": 404, "error": "Not Found", "path": "/pm"}',
    b'{"message": "no Route matched with those values"}',
    b"default backend - 404",
    b"[]",
    b"null",
    b"[" * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", [*OWN, *FOREIGN_BODIES], ids=lambda body: repr(body[:20]))
def test_only_the_vendor_itself_says_that_something_is_not_there(body: bytes) -> None:
    kind = NotFound if body in OWN else NotTheVendor
    with pytest.raises(kind) as told:
        done(jobs.get_job(JOB), Response(404, {}, body))
    assert told.value.transient is (kind is NotTheVendor)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("This API cannot be run again for another 2 seconds.", 2),
        ("Please try again in 30 seconds", 30),
        ("Retry after 5 minutes.", 300),
    ],
)
@pytest.mark.parametrize("form", ["json", "envelope", "xml"])
def test_a_conflict_that_names_a_time_asks_to_wait(words: str, seconds: int, form: str) -> None:
    said = {"errorCode": "1965", "message": words}
    body = {
        "json": msgspec.json.encode(said),
        "envelope": msgspec.json.encode({"_error": said}),
        "xml": f"<SIMPLE_RETURN><RESPONSE><CODE>1965</CODE><TEXT>{words}</TEXT>".encode(),
    }[form] + (b"</RESPONSE></SIMPLE_RETURN>" if form == "xml" else b"")
    with pytest.raises(RateLimited) as told:
        done(patches.get_patch_count(), Response(409, {}, body))
    assert told.value.retry_after_seconds == seconds
    with pytest.raises(VendorError, match="is locked") as other:
        done(patches.get_patch_count(), answer({**said, "message": "it is locked"}, 409))
    assert not isinstance(other.value, RateLimited)


def test_an_error_in_xml_is_shown_with_its_words() -> None:
    body = b"""<?xml version="1.0"?><!DOCTYPE SIMPLE_RETURN SYSTEM "x"><SIMPLE_RETURN><RESPONSE>
    <DATETIME>2026-01-01</DATETIME><CODE>1905</CODE>
    <TEXT><![CDATA[parameter a &amp; b
    is wrong]]></TEXT></RESPONSE></SIMPLE_RETURN>"""
    with pytest.raises(VendorError, match=r"parameter a & b is wrong \(1905\)"):
        done(patches.get_patch_count(), Response(400, {}, body))


@pytest.mark.parametrize(
    "raw",
    [
        "Caf\u00e9,1".encode(),
        "Caf\u00e9,1".encode("latin-1"),
        b"a b[c]\td",
        bytes(range(0x80, 0x100)),
    ],
)
def test_a_cursor_goes_back_as_it_came(raw: bytes) -> None:
    cursor = raw.decode("latin-1")  # as the wire gives every header: a character a byte
    first = Response(200, {"searchafter": cursor}, b'[{"id": "a"}]')
    last = Response(200, {}, b'[{"id": "b"}]')
    work = patches.get_assets("windows", pageSize=2, verify=False)
    asked, found = done(work, first, last, first, last)
    assert [one.headers.get("searchAfter") for one in asked[:2]] == [None, cursor]
    assert [one.id for one in found] == ["a", "b"]
