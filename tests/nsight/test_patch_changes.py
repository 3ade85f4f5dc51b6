"""Approve, ignore, do nothing, inherit, retry, reprocess: built, cut, parsed, joined."""

import copy
import pickle
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import ConfigError, Rejected
from patchfleet.nsight import PatchesChanged, RetryMessage
from patchfleet.nsight.operations import patches
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Change, Operation

Read = Callable[[str], Response]
CREATED = datetime(2025, 1, 9, 18, 12, 51, tzinfo=UTC)

CHANGES = [
    (patches.approve_patches, "patch_approve", "approve"),
    (patches.ignore_patches, "patch_ignore", "ignore"),
    (patches.do_nothing_patches, "patch_do_nothing", "do_nothing"),
    (patches.inherit_patches, "patch_inherit", "inherit"),
]
RETRIES = [
    (patches.retry_patches, "patch_retry"),
    (patches.reprocess_patches, "patch_reprocess"),
]
BUILDERS = [(build, service) for build, service, _ in CHANGES] + RETRIES


SILENT = Response(200, {}, b'<result status="OK"/>')


def in_turn(work: Any, answers: Iterable[Response]) -> tuple[list[Change[Any]], Any]:
    """Make the changes of some work, each with one of these answers; return what is made of all."""
    if isinstance(work, Change):
        return [work], work.send.parse(next(iter(answers)))
    steps, made = work.steps(), []
    step = next(steps)
    for answer in answers:
        made.append(step)
        try:
            step = steps.send(step.send.parse(answer))
        except StopIteration as end:
            return made, end.value
    raise AssertionError("there are more changes than answers")


def parts(work: Any) -> list[Operation[Any]]:
    """Return the calls of a change, or of several that are made in turn."""
    return [change.send for change in in_turn(work, repeat(SILENT))[0]]


@pytest.mark.parametrize(("build", "service"), BUILDERS)
@pytest.mark.parametrize(
    ("given_ids", "sent"),
    [
        ([7, 9], "7,9"),
        ((7, 9), "7,9"),
        ({7: "a", 9: "b"}, "7,9"),
        ("7,9", "7,9"),
        (" 7 , 9 ,", "7,9"),
        (["7", " 9"], "7,9"),
        (7, "7"),
        ("7", "7"),
        ([9, 7, 9, "7"], "9,7"),
        ((number for number in (7, 9)), "7,9"),
    ],
)
def test_ids_are_taken_in_any_usual_form(
    build: Any, service: str, given_ids: Any, sent: str
) -> None:
    if not isinstance(given_ids, list | tuple | dict | str | int):
        given_ids = [7, 9].__iter__()  # an iterator is used up by one test
    change = build(700002, given_ids)
    assert isinstance(change, Change)
    assert change.name == service
    assert change.wanted.items == tuple(sent.split(","))
    assert change.send.request.query == (
        ("service", service),
        ("deviceid", "700002"),
        ("patchids", sent),
    )


@pytest.mark.parametrize(("build", "service"), BUILDERS)
def test_only_what_may_happen_twice_is_repeatable(build: Any, service: str) -> None:
    is_retry = service in {"patch_retry", "patch_reprocess"}
    for change in in_turn(build(1, range(250)), repeat(SILENT))[0]:
        assert change.is_repeatable != is_retry


@pytest.mark.parametrize(("build", "_service"), BUILDERS)
@pytest.mark.parametrize(
    "ids",
    [
        [],
        "",
        " , ",
        (),
        None,
        "seven",
        "7;9",
        "7 9",
        [7, None],
        [7, "x"],
        [7.0],
        [True],
        -7,
        [-1],
        "²",
        "\N{ARABIC-INDIC DIGIT SEVEN}",
        b"79",
        bytearray(b"79"),
        [[7]],
        "9" * 30,
    ],
)
def test_ids_that_are_none_are_refused_before_anything_is_sent(
    build: Any, _service: str, ids: Any
) -> None:
    with pytest.raises(ConfigError, match="patchids"):
        build(700002, ids)


@pytest.mark.parametrize("device", ["", "seven", None, -1, 1.5, True, "1,2"])
def test_a_device_is_a_number(device: Any) -> None:
    for build in [patches.list_patches, lambda d: patches.approve_patches(d, [1])]:
        with pytest.raises(ConfigError, match=r"deviceid is .*, not a number"):
            build(device)


@given(ids=st.lists(st.integers(0, 10**9), min_size=1, max_size=450, unique=True))
def test_long_lists_are_cut_and_nothing_is_lost(ids: list[int]) -> None:
    cut = parts(patches.approve_patches(1, ids))
    sent = [dict(part.request.query)["patchids"].split(",") for part in cut]
    assert [int(number) for part in sent for number in part] == ids
    assert all(1 <= len(part) <= 100 for part in sent)
    assert len(cut) == -(-len(ids) // 100)


@pytest.mark.parametrize(("build", "service", "action"), CHANGES)
def test_a_change_is_a_typed_result(build: Any, service: str, action: str, reply: Read) -> None:
    result = build(700002, [7, 9]).send.parse(reply(f"{service}/accepted"))
    assert result == PatchesChanged(
        action=action, device_id=700002, patch_ids=(7, 9), answered_at=CREATED, message=""
    )


@pytest.mark.parametrize(
    ("case", "answered_at", "message"),
    [
        ("accepted_open_close", CREATED, ""),
        ("accepted_bad_created", None, ""),
        ("accepted_with_message", CREATED, "2 changed"),
    ],
)
def test_every_form_of_success(
    case: str, answered_at: datetime | None, message: str, reply: Read
) -> None:
    result = patches.approve_patches(1, [7]).send.parse(reply(f"patch_approve/{case}"))  # type: ignore[union-attr]
    assert (result.answered_at, result.message) == (answered_at, message)


def test_a_refused_change_is_an_error(reply: Read) -> None:
    with pytest.raises(Rejected, match="Patch management is not configured") as caught:
        patches.approve_patches(1, [7]).send.parse(reply("patch_approve/refused"))  # type: ignore[union-attr]
    assert caught.value.code is None
    assert caught.value.reason == "Patch management is not configured"


@pytest.mark.parametrize(("build", "service"), RETRIES)
@pytest.mark.parametrize(
    ("case", "retried", "already_applied", "unmentioned"),
    [
        ("both", (4, 5), (1, 6), ()),
        ("retried_only", (4, 5, 1, 6), (), ()),
        ("applied_only", (), (4, 5, 1, 6), ()),
        ("other_order", (4, 5), (1, 6), ()),
        ("silent", (), (), (4, 5, 1, 6)),
        ("no_msg", (), (), (4, 5, 1, 6)),
    ],
)
def test_a_retry_is_its_message_and_what_it_says(
    build: Any,
    service: str,
    case: str,
    retried: tuple[int, ...],
    already_applied: tuple[int, ...],
    unmentioned: tuple[int, ...],
    reply: Read,
) -> None:
    message = build(700002, [4, 5, 1, 6]).send.parse(reply(f"{service}/{case}"))
    assert isinstance(message, str)
    assert type(message) is RetryMessage
    assert message.device_id == 700002
    assert message.patch_ids == (4, 5, 1, 6)
    assert message.retried == retried
    assert message.already_applied == already_applied
    assert message.unmentioned == unmentioned


def test_the_message_is_the_wires_own_text(reply: Read) -> None:
    work = patches.retry_patches(1, [4])
    message = work.send.parse(reply("patch_retry/both"))  # type: ignore[union-attr]
    assert message == "Retrying patches: 4,5 Patches already applied: 1,6"
    assert f"{message}" == str(message)
    assert message.upper().startswith("RETRYING")
    assert {message: 1}["Retrying patches: 4,5 Patches already applied: 1,6"] == 1
    for twin in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert twin == message
        assert (twin.retried, twin.already_applied) == ((4, 5), (1, 6))


def test_results_of_cut_lists_are_joined(reply: Read) -> None:
    replies = ["accepted_with_message", "accepted", "accepted_bad_created"]
    _, joined = in_turn(
        patches.approve_patches(5, range(1000, 1250)),
        (reply(f"patch_approve/{case}") for case in replies),
    )
    assert joined == PatchesChanged(
        action="approve",
        device_id=5,
        patch_ids=tuple(range(1000, 1250)),
        answered_at=None,
        message="2 changed",
    )


def test_messages_of_cut_lists_are_joined(reply: Read) -> None:
    _, joined = in_turn(
        patches.reprocess_patches(5, range(150)),
        (reply(f"patch_reprocess/{case}") for case in ("both", "silent")),
    )
    assert joined == "Reprocessing patches: 4,5 Patches already applied: 1,6"
    assert (joined.device_id, joined.patch_ids) == (5, tuple(range(150)))
    assert (joined.retried, joined.already_applied) == ((4, 5), (1, 6))
    assert joined.unmentioned == tuple(n for n in range(150) if n not in {1, 4, 5, 6})
