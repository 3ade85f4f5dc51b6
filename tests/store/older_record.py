"""A record turned back by hand into one that an earlier Patchfleet made."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from patchfleet.store.record import schema

MIGRATIONS = Path(schema.__file__).parent / "migrations"


def _dropped(table, *columns):
    return tuple(f"ALTER TABLE {table} DROP COLUMN {column}" for column in columns)


def _by_run(table):
    return tuple(
        f"ALTER TABLE {table} RENAME COLUMN {end}_recognition TO {end}_run"
        for end in ("from", "to")
    )


# What takes back each revision, each to the one before it; one whose tables do not differ is empty.
BACK = {
    "0011": (*_dropped("source", "vendor", "account"), *_dropped("run", "account")),
    "0010": _dropped("change", "person", "os_user", "host", "command", "answer"),
    "0009": _dropped("problem", "is_accepted"),
    "0008": (
        *_dropped("publication", "recognition"),
        *_by_run("membership"),
        *_by_run("look_alike"),
    ),
    "0007": ("DROP TABLE unread",),
    "0006": ("DROP INDEX change_by_line", *_dropped("change", "marker", "asked", "line")),
    "0005": _dropped("problem", "customer_id", "device_id", "is_general"),
    "0004": (),
    "0003": (
        "DROP TABLE host",
        *_dropped("run", "hosts_at", "hosts_whole_at"),
        "ALTER TABLE run ADD COLUMN is_sweep BOOLEAN NOT NULL DEFAULT true",
    ),
    "0002": (
        *(
            f"DROP TABLE {name}"
            for name in (
                *("membership", "look_alike", "verdict", "intel", "pace"),
                *("job", "job_run", "job_result"),
            )
        ),
        *_dropped("run", "calls", "is_sweep"),
        *_dropped("device", "listed_at", "listed", "fingerprint"),
        *_dropped("scan", "changes"),
        *_dropped("patch", "vendor_id", "cves", "is_superseded", "needs_reboot"),
        *_dropped("publication", "previous", "is_whole"),
    ),
}


def make_older(store, revision):
    """Give the record the tables that it had at a revision, with the rows that it has."""
    newer = [known for known in schema.REVISIONS if known > revision]
    with store._database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.stamp(config, revision)
        for known in reversed(newer):
            for statement in BACK[known]:
                connection.exec_driver_sql(statement)
