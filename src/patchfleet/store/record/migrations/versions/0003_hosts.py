"""State of a source about its hosts, and ended rows by their number."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time and state of hosts; have the files of ended findings rebuilt."""
    op.add_column("run", sa.Column("hosts_at", sa.BigInteger))
    op.add_column("run", sa.Column("hosts_whole_at", sa.BigInteger))
    source, run = sa.ForeignKey("source.id"), sa.ForeignKey("run.id")
    op.create_table(
        "host",
        sa.Column("source", sa.Integer, source, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("from_run", sa.Integer, run, primary_key=True, autoincrement=False),
        sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.drop_column("run", "is_sweep")
    moved = '{"begun.parquet": "", "ended.parquet": ""}'
    again = sa.text("UPDATE publication SET digests = :moved WHERE previous IS NOT NULL")
    op.execute(again.bindparams(moved=moved))
