"""Ask the published files of a record something that no command asks, in SQL.

`python ask_the_files.py demo/demo.db`: which products wait for longest, over the whole fleet?
The files need nobody but a reader of Parquet: all findings of the last publication that was whole,
and what began and ended in those after it.
"""

import sys
from pathlib import Path

import duckdb

from patchfleet.store import Store

QUESTION = """
    SELECT product, count(*) AS findings, count(DISTINCT device_key) AS devices,
        CAST(min(released_at) AS DATE) AS oldest
    FROM listed JOIN patches USING (patch_id)
        SEMI JOIN devices USING (device_key)
    WHERE state IN ('missing', 'failed') AND severity = 'critical'
    GROUP BY product ORDER BY findings DESC, product LIMIT 5
"""


def opened(published: Path, folders: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    """Make views of one publication: whole, and what follows it."""
    memory = duckdb.connect()

    def files(name: str, of: tuple[str, ...]) -> list[str]:
        return [str(published / folder / f"{name}.parquet") for folder in of]

    whole, later = folders[:1], folders[1:]
    memory.read_parquet(files("devices", folders[-1:])).create_view("devices")
    memory.read_parquet(files("patches", folders)).distinct().create_view("patches")
    begun = memory.read_parquet([*files("findings", whole), *files("begun", later)])
    begun.create_view("begun")
    if not later:
        memory.execute("CREATE VIEW listed AS SELECT * FROM begun")
        return memory
    memory.read_parquet(files("ended", later)).create_view("ended")
    memory.execute(
        "CREATE VIEW listed AS SELECT * FROM begun "
        "ANTI JOIN ended USING (device_key, finding_id, from_run)"
    )
    return memory


def main() -> None:
    """Find the files of the last complete syncs and ask them."""
    with Store.open(sys.argv[1], create=False) as store, store.snapshot() as snapshot:
        for publication in snapshot.publications:
            print(f"{publication.source}, as of {publication.as_of:%Y-%m-%d %H:%M} UTC")
            memory = opened(Path(store.published), publication.folders)
            for product, findings, devices, oldest in memory.execute(QUESTION).fetchall():
                print(f"{findings:>5} on {devices:>3} devices since {oldest}  {product}")


if __name__ == "__main__":
    main()
