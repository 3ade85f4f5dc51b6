"""The bare group-by of one flat file, in a process of its own.

Law of this file: DuckDB as it comes, and nothing of ours; the file holds four columns and no more.
"""

import duckdb

from benchmarks.processes import Used, answer, peak_mb, question

GROUPED = """
    SELECT customer, severity, state, count(*), quantile_disc(age_days, 0.95)
    FROM '{file}' GROUP BY ALL
"""


def main() -> None:
    """Group the file that was asked for."""
    begin = Used.so_far()
    with duckdb.connect() as bare:
        groups = bare.execute(GROUPED.format(**question())).fetchall()
    used = Used.so_far().since(begin)
    answer(
        in_all=used, groups=len(groups), findings=sum(row[3] for row in groups), peak_mb=peak_mb()
    )


if __name__ == "__main__":
    main()
