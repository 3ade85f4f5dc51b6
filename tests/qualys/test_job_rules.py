"""Every rule of create_job: one job it accepts, one it refuses, before anything is sent.

A refusal is one line that names the parameter, the value and what is allowed.
"""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from job_cases import CHANGES, ONE, RULES

from patchfleet.errors import ConfigError
from patchfleet.qualys.ids import uuid_text
from patchfleet.qualys.jobs.body import READERS, create_body, job_changes
from patchfleet.qualys.jobs.rules import JobChanges, JobParameters


def body(**parameters):
    """Return the body of a job that is like any other but for these parameters."""
    given = {"platform": "Windows", "name": "Job", "jobType": "Install"}
    return create_body(**{**given, "scheduleType": "On-demand", **parameters})


def said_of(refusal):
    error = refusal.value
    assert error.message.isprintable(), "one line"
    return error.message


@pytest.mark.parametrize("accepted", [rule[0] for rule in RULES.values()], ids=RULES.keys())
def test_create_job_accepts(accepted):
    assert body(**accepted)["scheduleType"] == accepted.get("scheduleType", "On-demand")


@pytest.mark.parametrize(
    ("refused", "words"), [rule[1:] for rule in RULES.values()], ids=RULES.keys()
)
def test_create_job_refuses(refused, words):
    with pytest.raises(ConfigError) as caught:
        body(**refused)
    said = said_of(caught)
    assert all(word in said for word in words.split(" "))


@pytest.mark.parametrize("accepted", [rule[0] for rule in CHANGES.values()], ids=CHANGES.keys())
def test_update_job_accepts(accepted):
    assert job_changes(**accepted)


@pytest.mark.parametrize(
    ("refused", "words"), [rule[1:] for rule in CHANGES.values()], ids=CHANGES.keys()
)
def test_update_job_refuses(refused, words):
    with pytest.raises(ConfigError) as caught:
        job_changes(**refused)
    said = said_of(caught)
    assert all(word in said for word in words.split(" "))


def test_every_parameter_is_refused_somewhere():
    tested = {name for _, refused, _ in RULES.values() for name in refused}
    assert set(JobParameters.__annotations__) <= tested


def test_every_parameter_is_typed_and_read():
    assert set(typing.get_type_hints(JobChanges)) == set(READERS)


def test_what_was_probably_meant_is_named():
    with pytest.raises(ConfigError) as caught:
        body(asetIds=[ONE])
    assert caught.value.hint == "did you mean 'assetIds'?"
    with pytest.raises(ConfigError) as caught:
        body(timezone="America/New_Yrok")
    assert caught.value.hint == "did you mean 'America/New_York'?"
    with pytest.raises(ConfigError) as caught:
        body(preDeployment={"userMesage": "a"})
    assert caught.value.hint == "did you mean 'userMessage'?"


def test_a_long_value_is_shown_short():
    with pytest.raises(ConfigError) as caught:
        body(description=5, name="x" * 10_000 + "\n")
    assert len(said_of(caught)) < 200


@given(st.text(max_size=60))
def test_an_id_never_breaks_out_of_its_path(text):
    try:
        found = uuid_text("jobId", text)
    except ConfigError as error:
        found = ONE
        assert error.message.startswith("jobId is ")  # noqa: PT017 -- both ends are fine here
    assert set(found) <= set("0123456789abcdefABCDEF-")


@pytest.mark.parametrize("given_id", [ONE.upper(), f" {ONE}\n"])
def test_an_id_keeps_its_letters(given_id):
    assert uuid_text("jobId", given_id) == given_id.strip()


@pytest.mark.parametrize("given_id", ["", ONE + "/runs", ONE + "?", "\u0661" + ONE[1:], None, 5])
def test_what_is_no_id_is_refused(given_id):
    with pytest.raises(ConfigError, match=r"jobId is .*, but must be an id such as"):
        uuid_text("jobId", given_id)
