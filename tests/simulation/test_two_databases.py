"""The same ten days in both databases: every question has the same answer, every file its rows.

The sources are asked one device at a time, so that both records number what they meet alike.
"""

import inspect
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet
import pytest
from emulated_sources import VENDORS, reading

from patchfleet.emulator import Emulator
from patchfleet.fleet import SyncOptions, sync
from patchfleet.models import Selection
from patchfleet.store import Store, queries
from patchfleet.store.queries import JudgedVerdict

pytestmark = pytest.mark.slow

DAYS = 10
IN_TURN = SyncOptions(concurrency=1)
NAMES = [
    name
    for name in queries.__all__
    if inspect.isfunction(getattr(queries, name)) and name != "judge_by"
]


class Both(NamedTuple):
    """The record of each database, with its folder of published files, and the days."""

    stores: list[Store]
    folders: list[Path]
    days: list


@pytest.fixture(scope="module")
def both(tmp_path_factory, server, template):
    folders = [tmp_path_factory.mktemp(name) for name in ("sqlite", "postgresql")]
    emulator = Emulator(
        customers=3, devices=16, patches=20, seed=11, lookalikes=1, qualys_patches=30
    )
    days = []
    with (
        emulator.running() as host,
        reading(host) as sources,
        Store.open(folders[0] / "fleet.db", published=folders[0]) as in_file,
        Store.open(server.new_database(template), published=folders[1]) as on_server,
    ):
        for _ in range(DAYS):
            for store in (in_file, on_server):
                for vendor in VENDORS:
                    done = sync(sources[vendor], store, now=lambda: emulator.now, rules=IN_TURN)
                    assert done.is_complete
            days.append(emulator.now)
            emulator.advance(days=1)
        yield Both([in_file, on_server], folders, days)


def answers(store, at, before):
    """Ask every question there is, as of a day; of two days, those about what changed."""
    with store.snapshot(at=at, with_history=True) as snapshot, store.snapshot(at=before) as earlier:
        given = {
            "snapshot": snapshot,
            "before": earlier,
            "after": snapshot,
            "selection": Selection(devices=("*-PC-*", "NOWHERE")),
            "patch": "Update",
            "verdicts": [
                JudgedVerdict(one.patch_id, one.kind, one.seen_at, "overdue", at, "as is said")
                for one in queries.cases(snapshot)
            ],
        }
        given["judged"] = queries.judge_by(snapshot, given["verdicts"])
        told = {}
        for name in NAMES:
            question = getattr(queries, name)
            needed = [
                one.name
                for one in inspect.signature(question).parameters.values()
                if one.default is one.empty
            ]
            answer = question(*(given[name] for name in needed))
            told[name] = told_by(answer)
        return told


def told_by(answer):
    """Return an answer whole, also one that is read when somebody goes through it."""
    if isinstance(answer, queries.LazyRows):
        rows = list(answer.read())
        assert len(rows) == len(answer)
        return rows
    return list(answer) if inspect.isgenerator(answer) else answer


def test_every_question_has_the_same_answer(both):
    answered = set()
    for day, before in ((0, 0), (4, 1), (DAYS - 1, 0)):
        asked = both.days[day], both.days[before]
        in_file, on_server = (answers(store, *asked) for store in both.stores)
        for name in NAMES:
            assert in_file[name] == on_server[name], name
        answered |= {name for name in NAMES if in_file[name]}
    assert set(NAMES) == answered, "an empty answer shows little"


def test_every_published_file_has_the_same_rows(both):
    here, there = both.folders
    files = sorted(path.relative_to(here) for path in here.rglob("*.parquet"))
    assert files == sorted(path.relative_to(there) for path in there.rglob("*.parquet"))
    assert len(files) > len(VENDORS) * DAYS
    for file in files:
        assert rows_of(here / file) == rows_of(there / file), file


def rows_of(file):
    """Return the rows of a file, whatever their order."""
    return sorted(map(repr, pyarrow.parquet.read_table(file).to_pylist()))
