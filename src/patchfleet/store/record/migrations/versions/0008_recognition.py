"""Matches as intervals of match runs, since runs of different sources end in any order."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each match run a number of its own, which until now was that of its run."""
    number = sa.Column("recognition", sa.Integer, nullable=False, server_default="0")
    op.add_column("publication", number)
    op.execute("UPDATE publication SET recognition = run")
    _anew(
        "membership",
        ("device",),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
    )
    _anew(
        "look_alike",
        ("left", "right"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("against", sa.Text, nullable=False),
    )


def _anew(table: str, devices: tuple[str, ...], *said: sa.Column[object]) -> None:
    """Rebuild a table with its rows: neither database can change the columns of a key."""
    op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
    op.drop_table(table)
    op.create_table(
        table,
        *(
            sa.Column(
                name,
                sa.Integer,
                sa.ForeignKey("device.key"),
                primary_key=True,
                autoincrement=False,
            )
            for name in devices
        ),
        sa.Column("from_recognition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("to_recognition", sa.Integer),
        *said,
    )
    quote = op.get_bind().dialect.identifier_preparer.quote
    kept = ", ".join(quote(name) for name in (*devices, *(str(column.name) for column in said)))
    op.execute(
        f"INSERT INTO {table} (from_recognition, to_recognition, {kept}) "
        f"SELECT from_run, to_run, {kept} FROM {table}_before"
    )
    op.drop_table(f"{table}_before")
