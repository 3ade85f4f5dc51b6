"""Vendor and account of each source, and the account of each run."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. The account of an earlier source is unknown until its next sync."""
    op.add_column("source", sa.Column("vendor", sa.Text))
    op.add_column("source", sa.Column("account", sa.Text))
    op.add_column("run", sa.Column("account", sa.Text))
    source = sa.table("source", sa.column("name", sa.Text), sa.column("vendor", sa.Text))
    of_a_vendor = source.c.name.in_(("nsight", "qualys"))
    op.execute(sa.update(source).where(of_a_vendor).values(vendor=source.c.name))
