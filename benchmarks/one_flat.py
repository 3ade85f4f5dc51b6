"""Plain group-by of one flat file in a process of its own.

DuckDB with its defaults, without Patchfleet; the file has only the four columns.
"""

import duckdb

from benchmarks.processes import Used, answer, peak_mb, question

GROUPED = """
    SELECT customer, severity, state, count(*), quantile_disc(age_days, 0.95)
    FROM '{file}' GROUP BY ALL
"""


def main() -> None:
    """Group the requested file."""
    begin = Used.so_far()
    with duckdb.connect() as bare:
        groups = bare.execute(GROUPED.format(**question())).fetchall()
    used = Used.so_far().since(begin)
    answer(
        in_all=used, groups=len(groups), findings=sum(row[3] for row in groups), peak_mb=peak_mb()
    )


if __name__ == "__main__":
    main()
