"""Ask the published files of a record something that no command asks, in SQL.

`python ask_the_files.py demo/demo.db`: which products wait for longest, over the whole fleet?
"""

import sys

import duckdb

from patchfleet.store import Store

QUESTION = """
    SELECT product, count(*) AS findings, count(DISTINCT device_id) AS devices,
        CAST(min(released_at) AS DATE) AS oldest
    FROM read_parquet($folder || '/findings.parquet')
        JOIN read_parquet($folder || '/patches.parquet') USING (source, patch_id)
    WHERE state IN ('missing', 'failed') AND severity = 'critical'
    GROUP BY product ORDER BY findings DESC, product LIMIT 5
"""


def main() -> None:
    """Find the files of the last complete sync and ask them."""
    with Store.open(sys.argv[1], create=False) as store, store.facts() as facts:
        for publication in facts.publications:
            folder = store.published / publication.folder
            print(f"{publication.source}, as of {publication.as_of:%Y-%m-%d %H:%M} UTC")
            rows = duckdb.execute(QUESTION, {"folder": str(folder)}).fetchall()
            for product, findings, devices, oldest in rows:
                print(f"{findings:>5} on {devices:>3} devices since {oldest}  {product}")


if __name__ == "__main__":
    main()
