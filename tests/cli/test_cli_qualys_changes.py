"""What `patchfleet qualys` changes: judged by what was asked for, read back and written down."""

import json

import pytest
from msgspec.structs import replace
from test_cli_qualys import CREATE, UNKNOWN, at, jobs_of

from patchfleet.emulator import Emulator
from patchfleet.qualys.operations import creation
from patchfleet.store import Store
from patchfleet.transport.connection_pool import ConnectionPool

QUERY = "vendorSeverity:`Critical`"


@pytest.fixture
def changing(cli, monkeypatch):
    """The command line, and an account of its own that shows at once what was made."""
    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0,))
    with (cli.folder / "patchfleet.toml").open("a") as settings:
        settings.write("[qualys]\nretries = 0\n")
    emulator = Emulator(customers=2, devices=24)
    with emulator.running() as host:
        yield at(cli, host), emulator


def journal(cli):
    with Store.open(cli.folder / "fleet.db") as store:
        return store.journal.open("qualys"), store.journal


def repeating(emulator, status):
    return [
        number
        for number, job in jobs_of(emulator).items()
        if job["scheduleType"] in {"Daily", "Weekly", "Monthly"} and job["status"] == status
    ]


def killing(monkeypatch, is_hit, *, when):
    """End a command as a kill does, when it sends what is hit: before it goes out, or after."""
    send = ConnectionPool.send

    def killed(wire, request):
        if is_hit(request):
            monkeypatch.setattr(ConnectionPool, "send", send)
            if when == "after":
                send(wire, request)
            raise KeyboardInterrupt
        return send(wire, request)

    monkeypatch.setattr(ConnectionPool, "send", killed)


def creates(request):
    return (request.method, request.path) == ("POST", "/pm/v1/deploymentjob")


COPY = ("qualys", "clone")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", ["create", "clone"])
def test_a_command_that_was_killed_finds_its_job_when_it_runs_again(
    changing, monkeypatch, when, verb
):
    cli, emulator = changing
    before = set(jobs_of(emulator))
    words = (
        (*CREATE, QUERY, "--tag", "Servers", "--yes", "--json")
        if verb == "create"
        else (*COPY, repeating(emulator, "Enabled")[0], "A copy", "--yes", "--json")
    )
    killing(monkeypatch, creates, when=when)
    assert cli(*words).code == 130
    (left,), _ = journal(cli)
    assert left.entry.marker.startswith("[patchfleet "), "it is there before the first byte"
    again = cli(*words)
    assert again.code == 0, again.err
    assert set(jobs_of(emulator)) - before == {again.json["id"]}
    assert ("an interrupted command had already created it" in again.err) == (when == "after")
    assert journal(cli)[0] == []
    assert cli(*words).code == 0
    assert len(set(jobs_of(emulator)) - before) == 2, "what is wanted twice is made twice"


def test_what_was_left_open_is_settled_by_the_next_change(changing, monkeypatch):
    cli, emulator = changing
    (number, *_) = repeating(emulator, "Disabled")
    killing(monkeypatch, creates, when="after")
    assert cli(*CREATE, QUERY, "--tag", "Servers", "--yes").code == 130
    killing(monkeypatch, lambda request: "/update/status/" in request.path, when="after")
    killed = cli("qualys", "enable", number, "--yes")
    assert killed.code == 130
    result = cli("qualys", "disable", number, "--yes")
    assert result.code == 0, result.err
    said = [line for line in (killed.err + result.err).splitlines() if "and interrupted" in line]
    assert [line.rpartition(": ")[2] for line in said] == ["it is done"] * 2
    assert "create job Of a test, sent " in said[0]
    assert f"change job status {number}, sent " in said[1]
    assert journal(cli)[0] == []


VERBS = {"enable": "Enabled", "disable": "Disabled", "delete": None}
ANSWERS = [
    ("json_null", {}), ("empty", {}), ("html", {}), ("server_error", {"status": 502}),
    ("server_error", {"status": 503}), ("forbidden", {}), ("reset", {}),
    ("json_error", {"status": 500, "message": "JWT expired"}),
]  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("fault", "options"), ANSWERS)
@pytest.mark.parametrize("verb", VERBS)
def test_each_job_is_judged_by_what_was_asked_for(changing, verb, fault, options, when):
    cli, emulator = changing
    chosen = repeating(emulator, "Disabled" if verb == "enable" else "Enabled")[:2]
    service = "delete_job" if verb == "delete" else "change_job_status"
    emulator.fault(fault, service=service, times=None, when=when, **options)
    result = cli("qualys", verb, *chosen, "--yes", "--json")
    found = [jobs_of(emulator).get(number, {}).get("status") for number in chosen]
    is_so = found == [VERBS[verb]] * 2
    assert is_so == (when == "after")
    assert (result.code == 0) == is_so, result.err
    if is_so:
        word = {"enable": "enabled", "disable": "disabled", "delete": "gone"}[verb]
        rows = {row["id"]: row["status"] for row in result.json["rows"]}
        assert rows == dict.fromkeys(chosen, word)
    else:
        assert result.code in {3, 5}
        assert result.code == (5 if fault in {"forbidden", "json_error"} else 3), result.err
        assert result.error()
    assert sum(call.status == 200 for call in emulator.calls if call.service == service) <= 1


def test_jobs_that_the_answer_does_not_name_are_no_success(changing, monkeypatch):
    cli, emulator = changing
    first, second = repeating(emulator, "Disabled")[:2]
    send = ConnectionPool.send

    def shorter(wire, request):
        """Let the change of one job come through only, and the answer say nothing of the other."""
        if "/update/status/" in request.path:
            request = replace(request, body=json.dumps({"ids": [first]}).encode())
        return send(wire, request)

    monkeypatch.setattr(ConnectionPool, "send", shorter)
    result = cli("qualys", "enable", first, second, "--yes", "--json")
    assert result.code == 3
    assert {row["id"]: row["status"] for row in result.json["rows"]} == {
        first: "enabled", second: "unknown",
    }  # fmt: skip


def test_an_update_that_was_not_taken_is_not_said_to_be(changing):
    cli, emulator = changing
    (number, *_) = repeating(emulator, "Disabled")
    emulator.fault("json_null", service="update_job", times=None, when="before")
    result = cli("qualys", "update", number, "--name", "Another", "--yes")
    assert result.code == 3
    assert "not as it was sent: name" in result.error()
    assert "updated" not in result.out
    assert jobs_of(emulator)[number]["name"] != "Another"


def test_a_job_that_changes_while_one_is_asked_is_not_overwritten(changing, monkeypatch):
    from patchfleet.cli.qualys import create

    cli, emulator = changing
    (number, *_) = repeating(emulator, "Disabled")

    def agreed(*_, **__):
        assert cli("qualys", "update", number, "--name", "Somebody else's", "--yes").code == 0
        return True

    monkeypatch.setattr(create, "confirm", lambda *_, **__: True)
    asked = create.confirm
    monkeypatch.setattr(create, "confirm", once(agreed, asked))
    result = cli("qualys", "update", number, "--description", "mine", "--yes")
    assert result.code == 7
    assert result.error() == "the job has changed since it was shown: name"


def once(first, then):
    """Call one the first time, and the other ever after."""
    calls = iter([first])

    def call(*args, **kwargs):
        return next(calls, then)(*args, **kwargs)

    return call


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_is_json_too(changing, verb):
    cli, emulator = changing
    chosen = repeating(emulator, "Enabled")[:2]
    result = cli("qualys", verb, *chosen, "--dry-run", "--json")
    assert result.code == 0
    assert {row["id"] for row in result.json["rows"]} == set(chosen)
    assert not (cli.folder / "fleet.db").exists(), "a dry run needs no record"


def test_every_change_at_qualys_is_in_the_journal(changing):
    cli, emulator = changing
    made = cli(*CREATE, QUERY, "--tag", "Servers", "--yes", "--json").json["id"]
    number = repeating(emulator, "Disabled")[0]
    assert cli("qualys", "update", made, "--name", "Another", "--yes").code == 0
    for verb in ("enable", "disable"):
        assert cli("qualys", verb, number, "--yes").code == 0
    assert cli("qualys", "delete", made, "--yes").code == 0
    assert cli("qualys", "enable", UNKNOWN, "--yes").code == 5
    with Store.open(cli.folder / "fleet.db") as store, store._database.read() as connection:
        rows = connection.exec_driver_sql("select action, outcome from change order by id")
        lines = [tuple(row) for row in rows]
    actions = ("create_job", "update_job", "change_job_status", "change_job_status", "delete_job")
    assert lines == [(one, said) for one in actions for said in ("sent", "confirmed")]


def listing_nothing(monkeypatch):
    """Let the lists of jobs be empty, as those of an account without any; return what ends it."""
    send = ConnectionPool.send

    def empty(wire, request):
        answer = send(wire, request)
        is_list = request.path == "/pm/v1/deploymentjobs/summary"
        return replace(answer, body=b"[]") if is_list else answer

    monkeypatch.setattr(ConnectionPool, "send", empty)
    return lambda: monkeypatch.setattr(ConnectionPool, "send", send)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", ["create", "clone"])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_person_who_looked_ends_what_an_empty_list_leaves_unknown(
    changing, monkeypatch, when, verb, is_empty
):
    """No list at all proves nothing: a person's word counts, unless what was made is to be seen."""
    cli, emulator = changing
    words = (*CREATE, QUERY, "--tag", "Servers", "--yes", "--json")
    if verb == "clone":
        words = (*COPY, repeating(emulator, "Enabled")[0], "A copy", "--yes", "--json")
    before = set(jobs_of(emulator))
    killing(monkeypatch, creates, when=when)
    assert cli(*words).code == 130
    made = set(jobs_of(emulator)) - before
    show_again = listing_nothing(monkeypatch)
    for _ in range(2):
        unknown = cli(*words)
        assert unknown.code == 3, unknown.err
        assert "the list of jobs is empty" in unknown.error()
        assert "repeat this with --after-looking" in unknown.hint()
        assert set(jobs_of(emulator)) - before == made, "nothing is sent"
    if not is_empty:
        show_again()
    looked = cli(*words, "--after-looking")
    assert looked.code == 0, looked.err
    sent_now = is_empty or when == "before"
    assert ("nothing was sent now" in looked.err) != sent_now
    assert set(jobs_of(emulator)) - before == made | {looked.json["id"]}
    assert len(made | {looked.json["id"]}) == len(made) + sent_now
    left, entries = journal_of(cli)
    assert left == []
    decided = [reason for outcome, reason in entries if "by a person" in reason]
    assert len(decided) == is_empty
    assert entries[-1][0] == "confirmed"


def journal_of(cli):
    with Store.open(cli.folder / "fleet.db") as store, store._database.read() as connection:
        rows = connection.exec_driver_sql("select outcome, reason from change order by id")
        return store.journal.open("qualys"), [(row.outcome, row.reason or "") for row in rows]


def test_an_account_without_any_job_gets_its_first_one_after_a_kill(cli, monkeypatch):
    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0,))
    emulator = Emulator(customers=2, devices=24, qualys_jobs=0)
    words = (*CREATE, QUERY, "--tag", "Servers", "--yes", "--json")
    with emulator.running() as host:
        at(cli, host)
        assert jobs_of(emulator) == {}
        killing(monkeypatch, creates, when="before")
        assert cli(*words).code == 130
        assert [cli(*words).code for _ in range(2)] == [3, 3]
        made = cli(*words, "--after-looking").json["id"]
        assert set(jobs_of(emulator)) == {made}
        assert cli(*words, "--after-looking").code == 0
    assert len(jobs_of(emulator)) == 2, "what is wanted twice is made twice"
