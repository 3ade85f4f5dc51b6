"""Number of syncs in a row that could not read a device."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; earlier syncs are not counted."""
    op.create_table(
        "unread",
        sa.Column("source", sa.Integer(), sa.ForeignKey("source.id"), primary_key=True),
        sa.Column("device_id", sa.Text(), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
