"""The registry of reports: cheap to import, and the only list of kinds."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from patchfleet.cli import app
from patchfleet.cli.report import command
from patchfleet.report.registry import REPORTS


def test_the_registry_loads_no_report_and_no_database():
    program = (
        "import sys, patchfleet.report.registry\n"
        "heavy = {'duckdb', 'sqlalchemy', 'rich', 'jinja2', 'xlsxwriter'} & set(sys.modules)\n"
        "ours = [name for name in sys.modules if name.startswith('patchfleet.report.')]\n"
        "assert not heavy and ours == ['patchfleet.report.registry'], (heavy, ours)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_command_takes_each_kind_and_explains_it():
    (kind,) = [one for one in command.params if one.name == "kind"]
    assert isinstance(kind.type, click.Choice)
    assert tuple(kind.type.choices) == tuple(REPORTS)
    text = CliRunner().invoke(app, ["report", "--help"]).output
    for one in REPORTS.values():
        assert f"{one.name} " in text
        assert one.summary in text


@pytest.mark.parametrize("kind", REPORTS.values(), ids=REPORTS)
def test_a_kind_is_registered_under_its_own_name(kind):
    assert REPORTS[kind.name] is kind
    assert kind.example == "" or kind.example.split()[0] == "report"
