"""Block numbers of published findings, 64 rows a block."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROWS = ("findings.parquet", "begun.parquet")


def upgrade() -> None:
    """Have all files of findings rebuilt: a file without a digest counts as damaged."""
    publication = sa.table("publication", sa.column("run"), sa.column("digests"))
    connection = op.get_bind()
    for run, digests in connection.execute(sa.select(publication)).all():
        known = json.loads(digests)
        again = json.dumps(known | {name: "" for name in _ROWS if name in known})
        this = sa.update(publication).where(publication.c.run == run)
        connection.execute(this.values(digests=again))
