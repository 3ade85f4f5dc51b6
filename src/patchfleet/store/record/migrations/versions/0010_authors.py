"""Author of each line of the journal, and the vendor's answer."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; earlier lines have no values in them."""
    for name in ("person", "os_user", "host", "command", "answer"):
        op.add_column("change", sa.Column(name, sa.Text))
