"""What cannot be an engine is said in one line, with what to do."""

import sys

import pytest

from patchfleet.cli import run

COMMANDS = pytest.mark.parametrize("words", [["sync", "--engine"], ["worker"]])


@pytest.fixture
def refused(cluster, monkeypatch, capsys):
    """Run `patchfleet` here; return its exit code and what it said, line by line."""
    monkeypatch.chdir(cluster.folder)
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)

    def refused(*words):
        code = run(list(words))
        return code, capsys.readouterr().err.splitlines()

    return refused


@COMMANDS
def test_a_record_in_a_file(refused, words):
    assert refused("--store", "fleet.db", *words) == (
        4,
        [
            "error: an engine needs a record in PostgreSQL, which all its processes reach",
            'hint: set store = "postgresql://…"; `patchfleet store copy` takes the record there',
        ],
    )


@COMMANDS
def test_a_server_that_is_not_there(refused, words):
    code, said = refused("--store", "postgresql://fleet:secret@127.0.0.1:9/x", *words)
    assert code == 6
    assert said[0] == "error: postgresql://fleet:***@127.0.0.1:9/x cannot be reached"


@COMMANDS
def test_without_the_extra(refused, words, monkeypatch):
    monkeypatch.setitem(sys.modules, "dbos", None)
    assert refused(*words) == (
        4,
        [
            "error: an engine needs DBOS, which is not installed",
            'hint: pip install "patchfleet[engine]"',
        ],
    )
