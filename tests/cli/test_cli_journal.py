"""`patchfleet journal`: who changed what at which vendor, and what an interruption left open."""

import json
import socket

import click
import pytest
from test_cli_qualys import CREATE, UNKNOWN, at
from test_cli_qualys_changes import COPY, QUERY, creates, killing, repeating

from patchfleet.cli.command_words import KEPT, command_words
from patchfleet.cli.main import app
from patchfleet.emulator import Emulator
from patchfleet.qualys.operations import creation
from patchfleet.store import JournalFilter, Store

APPROVE = ("nsight", "approve", "--severity", "critical", "--servers", "--yes")


def printed_id(result):
    """Return the id that a command printed of its lines in the journal."""
    return result.err.partition("journal ")[2].split()[0]


@pytest.fixture
def changing(cli, monkeypatch):
    """The command line, and a Qualys account of its own that shows at once what was made."""
    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0,))
    with (cli.folder / "patchfleet.toml").open("a") as settings:
        settings.write("[qualys]\nretries = 0\n")
    emulator = Emulator(customers=2, devices=24)
    with emulator.running() as host:
        yield at(cli, host), emulator


def test_a_printed_id_leads_to_who_did_it_and_what_was_read_back(moving):
    cli, _ = moving
    cli.set(PATCHFLEET_OPERATOR="jane")
    made = cli(*APPROVE)
    assert made.code == 0, made.err
    plan_id = printed_id(made)
    listed = cli("journal", plan_id, "--json")
    rows = listed.json["rows"]
    assert {row["plan_id"] for row in rows} == {plan_id}
    assert {row["outcome"] for row in rows} == {"confirmed"}
    assert {row["person"] for row in rows} == {"jane"}
    assert {row["host"] for row in rows} == {socket.gethostname()}
    assert {row["account"] for row in rows} == {"nsight"}
    assert {row["command"] for row in rows} == {
        "patchfleet nsight approve --servers --severity critical --yes"
    }
    assert [row["number"] for row in rows] == sorted((r["number"] for r in rows), reverse=True)
    assert all(row["answer"] for row in rows)
    one = rows[0]
    details = cli("journal", one["number"], "--json")
    fields = {(row["field"], row["value"]) for row in details.json["rows"]}
    assert {("Person", "jane"), ("Plan", plan_id), ("Outcome", "confirmed")} <= fields
    changed = [value for field, value in fields if field == "Changed"]
    assert len(changed) == one["items_count"]
    assert all(" → " in value and value.endswith(" Approve") for value in changed), changed
    text = cli("journal", plan_id)
    assert "approve" in text.out
    assert cli("journal", "--plan", plan_id, "--json").json["rows"] == rows


def test_changes_are_listed_by_device_customer_time_and_account(moving, tmp_path):
    cli, _ = moving
    assert cli(*APPROVE).code == 0
    rows = cli("journal", "--json").json["rows"]
    device, customer = rows[0]["subject"], rows[0]["customer"]

    def of(*options):
        return cli("journal", *options, "--json").json["rows"]

    assert of("--device", device.lower()) == [row for row in rows if row["subject"] == device]
    assert of("--device", rows[0]["device_id"]) == of("--device", device)
    assert of("--customer", customer) == [row for row in rows if row["customer"] == customer]
    assert of("--since", "1h") == of("--account", "nsight") == rows
    assert of("--since", "2099-01-01") == of("--until", "2001-01-01") == []
    assert of("--account", "qualys") == of("--unfinished") == []
    for name in ("j.csv", "j.xlsx", "j.json", "j.parquet"):
        assert cli("journal", "--output", tmp_path / name).code == 0
        assert (tmp_path / name).stat().st_size > 0
    short = cli("journal", "--limit", 1)
    assert f"The newest 1 of {len(rows)}" in " ".join(short.out.split())
    assert cli("journal", "nothing").error() == "no change 'nothing' is in the journal"
    assert cli("journal", "--since", "last week").code == 2


def test_each_change_at_qualys_prints_an_id_that_leads_to_its_lines(changing):
    cli, emulator = changing
    created = cli(*CREATE, QUERY, "--tag", "Servers", "--yes", "--json")
    job = created.json["id"]
    number = repeating(emulator, "Disabled")[0]
    commands = [
        (created, "create_job", job),
        (cli("qualys", "update", job, "--name", "Another", "--yes"), "update_job", job),
        (cli("qualys", "enable", number, "--yes"), "change_job_status", number),
        (cli("qualys", "delete", job, "--yes"), "delete_job", job),
    ]
    for result, action, item in commands:
        assert result.code == 0, result.err
        (row,) = cli("journal", printed_id(result), "--json").json["rows"]
        assert (row["action"], row["items"]) == (action.replace("_", " "), [item])
        assert (row["account"], row["outcome"]) == ("qualys", "confirmed")
        assert row["person"]
        assert row["command"].startswith("patchfleet qualys ")
    assert len(cli("journal", job, "--json").json["rows"]) == 3
    (row,) = cli("journal", printed_id(created), "--json").json["rows"]
    assert QUERY not in row["command"], "a query may hold anything; what was asked has it"
    assert QUERY in row["asked"]
    refused = cli("qualys", "enable", UNKNOWN, "--yes")
    assert refused.code == 5
    assert "journal " not in refused.err, "nothing was sent"


def test_a_change_that_is_refused_prints_its_id_too(changing):
    cli, emulator = changing
    emulator.fault("forbidden", service="delete_job", times=None)
    refused = cli("qualys", "delete", repeating(emulator, "Enabled")[0], "--yes")
    assert refused.code == 5
    (row,) = cli("journal", printed_id(refused), "--json").json["rows"]
    assert row["outcome"] == "failed"
    assert row["answer"]


def test_a_killed_change_is_named_by_other_commands_and_read_back_by_a_sync(
    moving, monkeypatch, tmp_path
):
    cli, _ = moving
    killing(
        monkeypatch, lambda request: ("service", "patch_approve") in request.query, when="after"
    )
    killed = cli(*APPROVE)
    assert killed.code == 130
    rows = cli("journal", "--unfinished", "--json").json["rows"]
    (row,) = [row for row in rows if row["outcome"] == "unfinished"]
    assert row["answer"] is None
    assert "reads it back" in " ".join(cli("journal", "--unfinished").out.split())
    scores = tmp_path / "epss.csv"
    scores.write_text("cve,epss,percentile\nCVE-2026-10001,0.5,0.9\n")
    other = cli("intel", "load", scores, "--dated", "2026-11-20")
    assert other.code == 0, other.err
    assert "1 change has no outcome on record for nsight: `patchfleet journal" in other.err
    synced = cli("sync")
    assert synced.code == 0, synced.err
    assert "and interrupted: it is done" in synced.err
    assert cli("journal", "--unfinished", "--json").json["rows"] == []
    (row,) = [r for r in cli("journal", "--json").json["rows"] if r["number"] == row["number"]]
    assert row["outcome"] == "confirmed"
    assert "no outcome" not in cli("intel", "load", scores, "--dated", "2026-11-20").err


def test_a_killed_creation_is_read_back_by_a_sync(changing, monkeypatch):
    cli, emulator = changing
    killing(monkeypatch, creates, when="after")
    killed = cli(*COPY, repeating(emulator, "Enabled")[0], "A copy", "--yes")
    assert killed.code == 130
    plan_id = printed_id(killed)
    synced = cli("sync", "--source", "qualys")
    assert synced.code == 0, synced.err
    assert "create job A copy, sent " in synced.err
    (row,) = cli("journal", plan_id, "--json").json["rows"]
    assert (row["outcome"], row["subject"]) == ("confirmed", "A copy")


def test_decisions_about_machines_are_in_the_journal(moving):
    cli, _ = moving
    with Store.open(cli.folder / "fleet.db") as store, store.snapshot() as snapshot:
        ids = snapshot.texts("SELECT device_id FROM devices ORDER BY 1 LIMIT 2")
    first, second = (f"nsight:{number}" for number in ids)
    cli.set(PATCHFLEET_OPERATOR="jane")
    assert cli("machines", "unlink", first, second, "--reason", "two of a kind").code == 0
    assert cli("machines", "link", first, second, "--by", "joe").code == 0
    joe, jane = cli("journal", "--device", ids[0], "--json").json["rows"]
    assert (jane["person"], jane["action"], jane["reason"]) == ("jane", "unlink", "two of a kind")
    assert (joe["person"], joe["action"], joe["items"]) == ("joe", "link", [first, second])
    assert joe["account"] is None
    assert jane["command"] == f"patchfleet machines unlink {first} {second} --reason …"
    with Store.open(cli.folder / "fleet.db") as store:
        assert store.journal.last_changes("nsight") == {}


def test_changes_are_a_view_in_sql(moving):
    cli, _ = moving
    made = cli(*APPROVE)
    plan_id = printed_id(made)
    asked = cli(
        "sql",
        "SELECT c.outcome, c.person, c.state_after, f.patch FROM changes c "
        "JOIN findings f USING (account, device_id) "
        f"WHERE f.finding_id = c.item_id AND c.plan_id = '{plan_id}'",
        "--json",
    )
    assert asked.code == 0, asked.err
    rows = asked.json["rows"]
    listed = cli("journal", plan_id, "--json").json["rows"]
    assert len(rows) == sum(row["items_count"] for row in listed)
    assert {row["outcome"] for row in rows} == {"confirmed"}
    early = cli("sql", "SELECT count(*) AS n FROM changes", "--at", "2026-12-31", "--json")
    assert early.code == 0, early.err


def parameters(command, path):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from parameters(command.get_command(context, name), (*path, name))
    else:
        for param in command.params:
            yield path, param


def test_only_values_that_name_things_are_kept_of_a_command():
    names = {param.name for _, param in parameters(app, ())}
    assert names >= KEPT
    assert not KEPT & {"others", "qql", "host_query", "description", "reason", "destination"}
    assert command_words() is None, "outside the command line there is no command"


def test_no_secret_is_in_the_words_of_a_command(changing):
    cli, emulator = changing
    number = repeating(emulator, "Disabled")[0]
    secret = "s3cret-of-a-script"
    result = cli("qualys", "update", number, "--set", f"preDeployment={secret}", "--yes")
    assert result.code == 0, result.err
    with Store.open(cli.folder / "fleet.db") as store:
        (sent, *_) = store.journal.lines(JournalFilter())
    assert sent.author.command == f"patchfleet qualys update {number} --set preDeployment=… --yes"
    assert secret in json.dumps(sent.entry.asked), "what was sent is on record in full"


def test_a_list_of_tables_reads_no_journal(reading, monkeypatch):
    read = []
    monkeypatch.setattr(
        "patchfleet.store.record.journal.Journal.lines", lambda *_: read.append(1) or []
    )
    for words in (("today",), ("sql", "SELECT count(*) FROM findings"), ("runs",)):
        assert reading(*words).code == 0
    assert read == []
    assert reading("sql", "SELECT count(*) FROM changes").code == 0
    assert read == [1]
