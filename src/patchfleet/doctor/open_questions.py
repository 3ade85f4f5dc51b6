"""Open questions of docs/honest-edges.md, and the places in answers that settle them.

Invariant: each question is a line of that page, word for word
(tests/doctor/test_open_questions.py).
"""

from fnmatch import fnmatchcase
from typing import NamedTuple

NEW_FIELD, NEW_KIND = "new field", "new kind of value"
"""What a difference may be about, beside its place; part of the path for the patterns below."""


class Place(NamedTuple):
    """Reads and paths, as patterns with `*`."""

    read: str
    path: str


class OpenQuestion(NamedTuple):
    """A line of the page, of one vendor, and the places that are about it.

    A difference at one of `places` settles it; what is seen at one of `shown` answers it.
    """

    vendor: str
    line: str
    places: tuple[Place, ...]
    shown: tuple[Place, ...] = ()


QUESTIONS = (
    OpenQuestion(
        "nsight",
        'the exact text of "login failed", and the code and text of an unknown service',
        (Place("an_unknown_service", "*"),),
        (Place("an_unknown_service", "error: *errorcode*"),
         Place("an_unknown_service", "error: *message*")),
    ),
    OpenQuestion(
        "nsight",
        "what a device without Patch Management, or without Windows, returns",
        (
            Place("list_patches", "result of reading *"), Place("list_patches", "error: *"),
            Place("patches_of_an_unknown_device", "*"),
        ),
        (
            Place("list_patches", "result of reading"), Place("list_patches", "error: *errorcode*"),
            Place("patches_of_an_unknown_device", "error: *errorcode*"),
        ),
    ),
    OpenQuestion(
        "nsight", "labels of policies that were set on the device",
        (Place("list_patches", "*.policy*"),), (Place("list_patches", "*.policy &*"),),
    ),
    OpenQuestion(
        "nsight", "what severity numbers mean", (Place("list_patches", "*.severity*"),),
        (Place("list_patches", "*.severity &*"),),
    ),
    OpenQuestion(
        "nsight", "whether there are more than the seven statuses",
        (Place("list_patches", "*.status*"),), (Place("list_patches", "*.status &*"),),
    ),
    OpenQuestion(
        "nsight", "the time zone of dates like `31-Jul-2024`",
        (Place("list_patches", "*Date*"), Place("list_patches", "*.installdate*")),
    ),
    OpenQuestion(
        "nsight", "names, case and order of the elements after `severity`",
        (Place("list_patches", "patches.patch.*"),), (Place("list_patches", "patches.patch"),),
    ),
    OpenQuestion(
        "nsight", "the live form of a service's manual (`describe`)", (Place("describe", "*"),),
        (Place("describe", "body"), Place("describe", "result.service")),
    ),
    OpenQuestion(
        "nsight", "how limits, timeouts and long URLs are enforced",
        (Place("*", "status of *"), Place("*", "header *retry*"), Place("*", "header *limit*")),
    ),
    OpenQuestion(
        "nsight", "the encoding if none is declared", (Place("*", "body of *"),),
        (Place("list_patches", "body"), Place("list_clients", "body")),
    ),
    OpenQuestion(
        "nsight", "content of a list that is not a record", (Place("*", "*#text"),)
    ),
    OpenQuestion(
        "qualys",
        "whether results take page and run from the query or the body, and whether more than 10 "
        "are returned",
        (Place("get_job_results_of_a_run", "*"),),
        (Place("get_job_results*", "result of reading"), Place("get_job_results*", "assets")),
    ),
    OpenQuestion(
        "qualys", "whether an asset's count exists, and counts what is listed",
        (Place("get_asset_count", "*"),), (Place("get_asset_count", "status"),),
    ),
    OpenQuestion(
        "qualys", "the form of errors, their status and texts",
        (Place("*", "error: *"), Place("an_unknown_job", "*")),
        (Place("an_unknown_job", "status"), Place("an_unknown_job", "error: *")),
    ),
    OpenQuestion(
        "qualys", "how many calls are allowed, and how long to wait",
        (Place("*", "header *ratelimit*"), Place("*", "header *limit*"),
         Place("*", "header retry-after"), Place("*", "status of *")),
    ),
    OpenQuestion(
        "qualys", "whether an expired token returns 401, or 500 with a text about a JWT",
        (Place("login", "*"),),
    ),
    OpenQuestion(
        "qualys",
        'status words of jobs and results; the documented table ends at "Not Applicable"',
        (Place("*job*", "*.status*"), Place("*job*", "*status"), Place("*assets*", "*tatus*")),
        (Place("*job*", "*statusCode & status"), Place("list_jobs", "*.status"),
         Place("get_assets", "*statusCode & assetStatus")),
    ),
    OpenQuestion(
        "qualys", "all of `chainedJobRule`, of actions before and after, and of `onComplete`",
        (Place("get_job", "*chainedJobRule*"), Place("get_job", "*DeployActions*"),
         Place("get_job", "*onComplete*")),
        (Place("get_job", "*chainedJobRule"), Place("get_job", "*DeployActions"),
         Place("get_job", "*onComplete")),
    ),
    OpenQuestion(
        "qualys", "whether an empty response (204) of the inventory means that nothing matches",
        (Place("*asset*", "status of *"),),
    ),
    OpenQuestion(
        "qualys", "what release 3.10 retired", (Place("*", "result of reading *"),),
    ),
    OpenQuestion("qualys", "fields of later releases", (Place("*", f"* ({NEW_FIELD})"),)),
    OpenQuestion(
        "qualys",
        "one object where a list should be, numbers as texts, dates as words, null for an empty "
        "list inside a record",
        (Place("*", f"* ({NEW_KIND})"),),
    ),
)  # fmt: skip
"""The questions, the more specific places first; only unknowns that a reading call can answer."""


def settled_by(vendor: str, read: str, path: str, about: str = "") -> str:
    """Return the line that a difference at this place settles, or "".

    A line about the place itself comes before one about what the difference is `about`.
    """
    return _line(vendor, read, path) or (about and _line(vendor, read, f"{path} ({about})"))


def _line(vendor: str, read: str, path: str) -> str:
    for question in QUESTIONS:
        if question.vendor != vendor:
            continue
        for place in question.places:
            if fnmatchcase(read, place.read) and fnmatchcase(path, place.path):
                return question.line
    return ""
