"""Request, marker and outcome of each change in the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; earlier lines have no values in them."""
    op.add_column("change", sa.Column("marker", sa.Text))
    op.add_column("change", sa.Column("asked", sa.Text))
    op.add_column("change", sa.Column("line", sa.Integer))
    op.create_index("change_by_line", "change", ["line"])
