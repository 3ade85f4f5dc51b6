"""The journal knows what was asked for, how to find it, and of which line another is the outcome.

Law of this file: it is never edited once released; `store.schema` says what the tables mean.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; lines of before have none of it."""
    op.add_column("change", sa.Column("marker", sa.Text))
    op.add_column("change", sa.Column("asked", sa.Text))
    op.add_column("change", sa.Column("line", sa.Integer))
    op.create_index("change_by_line", "change", ["line"])
