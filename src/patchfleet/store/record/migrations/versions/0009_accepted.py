"""Mark of gaps that a person accepted as unread."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; gaps already on record are not accepted."""
    accepted: sa.Column[bool] = sa.Column(
        "is_accepted", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("problem", accepted)
