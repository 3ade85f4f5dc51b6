"""The vendor's answer as the journal keeps it: any answer, and never an error of its own."""

import pytest

from patchfleet.errors import Rejected, Unreachable
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import JobChange
from patchfleet.transport.change import LONGEST_ANSWER, answer_text
from patchfleet.transport.operation import Outcome


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, None),
        ("the change was made", "the change was made"),
        ({"id": 7}, '{"id":7}'),
        (BaseList([{"id": "7"}]), '[{"id":"7"}]'),
        ({1: {2: {3}}}, '{"1":{"2":[3]}}'),
        ("x" * 9000, "x" * LONGEST_ANSWER + "…"),
        ({"text": "\udcff"}, "an answer of type dict"),
        ({"value": object}, '{"value":"<class \'object\'>"}'),
    ],
)
def test_an_answer_is_kept_as_text_or_json(answer, text):
    assert answer_text(Outcome(answer, None, {})) == text


def test_a_list_of_records_is_kept_with_its_fields():
    text = answer_text(Outcome(BaseList([JobChange(id="7", status="success")]), None, {}))
    assert text is not None
    assert '"status":"success"' in text


def test_an_error_is_an_answer_unless_none_came():
    refused = Rejected("the device is offline", vendor="nsight")
    assert answer_text(Outcome(None, refused, {})) == "the device is offline"
    assert answer_text(Outcome(None, Unreachable("no route", vendor="nsight"), {})) is None
