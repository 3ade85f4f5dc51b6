"""What an error of Qualys becomes: by its code, its status, its words, in every form of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreadable,
    VendorBroken,
    WindowExceeded,
)
from patchfleet.qualys.envelope import counted, error_in, explain, whole
from patchfleet.transport.messages import Response


def answer(status: int, body: Any = b"", **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def envelope(code: str = "1000", message: str = "no") -> dict[str, Any]:
    return {"_error": {"errorCode": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Rejected),
        (422, Rejected),
        (500, VendorBroken),
        (503, VendorBroken),
    ],
)
def test_a_status_with_words(status: int, kind: type[Exception]) -> None:
    error = explain(answer(status, envelope()))
    assert type(error) is kind
    assert "no (1000)" in str(error)


def test_the_code_of_too_many_records_counts_more_than_its_status() -> None:
    for status in (400, 422, 500):
        assert isinstance(explain(answer(status, envelope("2501"))), WindowExceeded)


def test_a_server_that_cannot_read_the_token_means_the_token() -> None:
    error = explain(answer(500, envelope("1", "JWT parsing failed")))
    assert isinstance(error, Unauthorized)


def test_a_rejection_keeps_code_and_words() -> None:
    error = explain(answer(400, envelope("1400", "name: is  missing\n")))
    assert isinstance(error, Rejected)
    assert (error.code, error.reason) == (1400, "name: is missing")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=5,
    )
)
def test_an_error_with_status_200_is_one_unless_it_is_none(said: Any) -> None:
    body = answer(200, {"_error": said, "id": "7"})
    if said is None:
        assert whole(body)["id"] == "7"
    else:
        with pytest.raises(Rejected):
            whole(body)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"x_ratelimit_towait_sec": "7"}, 7.0), ({}, None), ({"retry_after": "5"}, None)],
)
def test_a_limit_waits_as_long_as_it_says(headers: dict[str, str], seconds: float | None) -> None:
    error = explain(answer(429, b"", **headers))
    assert (error.retry_after_seconds if error else None) == seconds
    assert error is None or isinstance(error, RateLimited)


def test_a_conflict_is_a_limit_only_with_a_header_about_limits() -> None:
    assert isinstance(explain(answer(409, b"", x_ratelimit_limit="300")), RateLimited)
    assert explain(answer(409, b"")) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (envelope("5", "no"), "no (5)"),
        ({"message": "no"}, "no"),
        ({"errorMessage": "no", "errorCode": 7}, "no (7)"),
        ({"error": "no"}, "no"),
        ({"_error": "no"}, "no"),
        ({"error": {"text": "no"}}, '{"text":"no"}'),
        (envelope("5", ""), "no reason given (5)"),
    ],
)
def test_all_known_forms_say_why(body: Any, said: str) -> None:
    assert str(error_in(msgspec.json.encode(body))) == said


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5", b"{}", b"\xff"])
def test_what_says_nothing_is_left_to_its_status(body: bytes) -> None:
    assert error_in(body) is None
    assert explain(answer(500, body)) is None


def test_an_error_with_status_200_is_one() -> None:
    with pytest.raises(Rejected, match="no"):
        whole(answer(200, envelope()))
    with pytest.raises(Unreadable, match="web page"):
        whole(answer(200, b"<html>"))


def test_counts() -> None:
    assert counted({"patches": {"count": "7"}}, "patches", "count") == 7
    for odd in (
        {},
        {"patches": None},
        {"patches": {"count": -1}},
        [],
        {"patches": {"count": True}},
    ):
        with pytest.raises(Unreadable, match="no number"):
            counted(odd, "patches", "count")
