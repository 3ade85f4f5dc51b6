"""What a source remembers of its hosts, so that it may ask only for those that changed.

Law of this file: it is never edited once released; `store.schema` says what the tables mean.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when hosts were read, and create what was said of them."""
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
