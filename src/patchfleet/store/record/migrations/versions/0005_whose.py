"""Customer and device of each gap of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add customer and device of a gap; they are unknown for gaps already on record."""
    op.add_column("problem", sa.Column("customer_id", sa.Text()))
    op.add_column("problem", sa.Column("device_id", sa.Text()))
    of_all: sa.Column[bool] = sa.Column(
        "is_general", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("problem", of_all)
