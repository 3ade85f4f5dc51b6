"""Whatever stands in the place of whatever in an answer: it is kept, or it is an error of ours.

No other exception, and nothing that silently is not there.
"""

import contextlib
import copy
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from replying import JOB, SERVERS, done, recorded, reply, said, sent_by
from test_qualys_replies import EVERY, SAME

from patchfleet.errors import VendorError
from patchfleet.qualys.operations import inventory, jobs
from patchfleet.qualys.records.record import Record
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Work

Place = tuple[str | int, ...]


def is_no_number(text: str) -> bool:
    """Return whether no number is written so: "7" is rightly read as one."""
    try:
        float(text)
    except ValueError:
        return True
    return False


ODD = some.recursive(
    some.none()
    | some.integers(-(10**30), 10**30)
    | some.floats(0.1, 0.9)
    | some.text(max_size=3).filter(is_no_number),
    lambda inside: (
        some.lists(inside, max_size=2)
        | some.dictionaries(some.sampled_from(["id", "name", "x"]), inside, max_size=2)
    ),
    max_leaves=4,
)
"""Values of JSON, but those that another type would rightly read as its own: true, "7"."""

SEVERAL: list[tuple[Work[Any], list[str]]] = [
    (
        jobs.get_job_results(JOB, pageSize=2),
        ["get_job_results/first_of_two", "get_job_results/second_of_two"],
    ),
    (
        inventory.query_assets(filter=SERVERS, pageSize=1),
        ["query_assets/first_of_two", "query_assets/second_of_two"],
    ),
    (inventory.get_all_assets(), ["get_all_assets/one_object"]),
    (inventory.get_asset(1001), ["get_asset/one"]),
    (inventory.count_assets(), ["count_assets/two"]),
    (EVERY["get_job_runs"], ["get_job_runs/two"]),
    (EVERY["get_version"], ["get_version/version"]),
    (EVERY["get_patch_count"], ["get_patch_count/two"]),
    (EVERY["lookup_host_uuids"], ["lookup_host_uuids/two_of_three"]),
    (EVERY["get_packages_in_linux_patch"], ["get_packages_in_linux_patch/of_one"]),
    (EVERY["get_products_in_windows_patch"], ["get_products_in_windows_patch/one"]),
    (EVERY["count_product_vulns"], ["count_product_vulns/critical"]),
]
"""Operations whose result is put together of several answers, or of a part of one."""


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    """Yield every place in a value, the whole first."""
    yield above
    names = (
        value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    )
    for name in names:
        yield from places(value[name], (*above, name))


def changed(value: Any, place: Place, new: Any) -> Any:
    """Return a value with something else in one place."""
    if not place:
        return new
    whole = copy.deepcopy(value)
    inner = whole
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = new
    return whole


def answers(value: Any, names: list[str]) -> list[Response]:
    """Return a changed first answer, then the others, the last as often as somebody asks."""
    later = [reply(name) for name in names[1:]]
    return [Response(200, {}, msgspec.json.encode(value)), *later, *[reply(names[-1])] * 9]


@pytest.mark.parametrize(
    ("work", "names"), [(work, names) for work, _, names in SAME], ids=[c[2][0] for c in SAME]
)
@given(data=some.data())
def test_an_odd_value_is_kept_or_an_error(work: Work[Any], names: list[str], data: Any) -> None:
    whole = recorded(names[0])
    value = changed(whole, data.draw(some.sampled_from(list(places(whole)))), data.draw(ODD))
    try:
        _, result = done(sent_by(work), *answers(value, names))
    except VendorError:
        return
    readable = shown(value)
    assert said(result) in (said(readable), said(once(readable)))


NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def shown(value: Any) -> Any:
    """Return a value with U+FFFD for what no text may hold."""
    if isinstance(value, dict):
        return {shown(name): shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shown(one) for one in value]
    return NO_TEXT.sub("\ufffd", value) if isinstance(value, str) else value


def once(value: Any) -> Any:
    """Return a list without what is there twice, alike in everything: that is one record."""
    if not isinstance(value, list):
        return value
    return [one for place, one in enumerate(value) if one not in value[:place]]


CHANGES = [(work, names) for work, _, names in SAME if sent_by(work) is not work]
"""What reads back what it changed: its result is made of what is read, not of one answer."""


@pytest.mark.parametrize(("work", "names"), CHANGES, ids=[names[0] for _, names in CHANGES])
@given(data=some.data())
def test_an_odd_value_is_no_other_error_of_a_change(
    work: Work[Any], names: list[str], data: Any
) -> None:
    """Whatever is answered, and read back: what is asked for is in the result, or an error."""
    whole = recorded(names[0])
    value = changed(whole, data.draw(some.sampled_from(list(places(whole)))), data.draw(ODD))
    with contextlib.suppress(VendorError):
        _, result = done(work, *answers(value, names))
        if isinstance(result, list):
            change = sent_by(work)
            asked = msgspec.json.decode(change.request.body)["ids"]
            assert [one.id for one in result] == asked


@pytest.mark.parametrize(("work", "names"), SEVERAL, ids=[names[0] for _, names in SEVERAL])
@given(data=some.data())
def test_an_odd_value_is_read_or_an_error(work: Work[Any], names: list[str], data: Any) -> None:
    whole = recorded(names[0])
    value = changed(whole, data.draw(some.sampled_from(list(places(whole)))), data.draw(ODD))
    try:
        _, result = done(work, *answers(value, names))
    except VendorError:
        return
    for one in result if isinstance(result, list) else [result]:
        if isinstance(one, Record):
            assert list(one.to_dict()) == one.keys()
