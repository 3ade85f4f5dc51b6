"""Records that earlier revisions filled, on either database; tests/store/revisions has them."""

import io
import json
import lzma
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import MetaData, create_engine

from patchfleet.store.record.postgresql import continue_numbers
from patchfleet.store.record.schema import VERSION_TABLE
from patchfleet.store.record.upgrade import copy_table, migrate

FOLDER = Path(__file__).parent / "revisions"
DRAFTS = tuple(sorted(f.name[:-7] for f in FOLDER.glob("*[a-z].tar.xz")))
"""Records of commits at which a migration was not yet as it is."""
REVISIONS = tuple(sorted(f.name[:-7] for f in FOLDER.glob("*[0-9].tar.xz")))


class OldRecord:
    """One record of an earlier revision, as it was packed."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        content = lzma.decompress((FOLDER / f"{revision}.tar.xz").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            self._files = {
                member.name: archive.extractfile(member).read() for member in archive.getmembers()
            }
        self.truth = json.loads(self._files["truth.json"])

    @property
    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """All rows of the record, by table."""
        with self._opened() as record:
            listed = (
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
            return {name: rows(record, name) for (name,) in record.execute(listed).fetchall()}

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the record itself."""
        with self._opened() as record:
            return record.execute(sql).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(":memory:")) as record:
            record.executescript(self._files["record.sql"].decode())
            yield record

    def unpack(self, folder: Path) -> Path:
        """Make the record in a file, with its publications beside it; return its path."""
        path = folder / "fleet.db"
        with closing(sqlite3.connect(path)) as record:
            record.execute("PRAGMA journal_mode = WAL")
            record.executescript(self._files["record.sql"].decode())
        for name, content in self._files.items():
            if name.startswith("published/"):
                file = folder / name.replace("published", "fleet.published", 1)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        return path

    def load(self, path: Path, address: str) -> None:
        """Put the rows of an unpacked record into an empty database of PostgreSQL.

        Its tables are those that the migrations make up to that revision.
        """
        engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
        file = create_engine(f"sqlite:///{path}")
        with file.connect() as source, engine.begin() as target:
            migrate(target, self.revision)
            tables = MetaData()
            tables.reflect(target)
            listed = [table for table in tables.sorted_tables if table.name != VERSION_TABLE]
            for table in listed:
                copy_table(source, target, table)
            continue_numbers(target, listed)
        engine.dispose()
        file.dispose()

    def place(self, folder: Path, address: str | None) -> str:
        """Make the record where `address` says, by default in a file; return its address."""
        path = self.unpack(folder)
        if address is None:
            return str(path)
        self.load(path, address)
        path.unlink()
        return address


def rows(record: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Read all rows of a table, in an order of their own."""
    names = sorted(name for _, name, *_ in record.execute(f"PRAGMA table_info({table})"))
    listed = ", ".join(f'"{name}"' for name in names)
    return sorted(record.execute(f"SELECT {listed} FROM {table}").fetchall(), key=repr)
