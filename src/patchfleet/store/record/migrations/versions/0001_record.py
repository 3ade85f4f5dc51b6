"""Sources, runs, places, devices, patches, findings, publications and the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_runs()
    _create_places()
    _create_devices()
    _create_findings()
    _create_journal()


def _create_runs() -> None:
    """Create sources, runs and their gaps."""
    op.create_table(
        "source",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "problem",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("problem_by_run", "problem", ["run"])
    op.create_table(
        "publication",
        sa.Column(
            "run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("source", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("digests", sa.Text, nullable=False),
    )


def _create_places() -> None:
    """Create customers and sites."""
    op.create_table(
        "customer",
        sa.Column(
            "source", sa.Integer, sa.ForeignKey("source.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "from_run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "site",
        sa.Column(
            "source", sa.Integer, sa.ForeignKey("source.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "from_run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )


def _create_devices() -> None:
    """Create devices, their attributes and their scans."""
    op.create_table(
        "device",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("source", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "id"),
    )
    op.create_table(
        "description",
        sa.Column(
            "device", sa.Integer, sa.ForeignKey("device.key"), primary_key=True, autoincrement=False
        ),
        sa.Column(
            "from_run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("is_patched", sa.Boolean, nullable=False),
        sa.Column("os", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("user", sa.Text),
        sa.Column("serial", sa.Text),
        sa.Column("mac_addresses", sa.Text, nullable=False),
        sa.Column("domain", sa.Text),
    )
    op.create_table(
        "scan",
        sa.Column(
            "run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column(
            "device", sa.Integer, sa.ForeignKey("device.key"), primary_key=True, autoincrement=False
        ),
        sa.Column("last_seen_at", sa.BigInteger),
        sa.Column("last_boot_at", sa.BigInteger),
        sa.Column("scanned_at", sa.BigInteger),
        sa.Column("findings", sa.Integer),
        sqlite_with_rowid=False,
    )


def _create_findings() -> None:
    """Create patches and findings."""
    ordered = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "patch",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("source", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("product", sa.Text),
        sa.Column("kb", sa.Text),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("vendor_severity", sa.Text),
        sa.Column("released_at", sa.BigInteger),
        sa.Column("url", sa.Text),
        sa.Column("is_installable", sa.Boolean),
        sa.Column("is_removable", sa.Boolean),
    )
    op.create_table(
        "condition",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("source", sa.Integer, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("is_own_decision", sa.Boolean, nullable=False),
        sa.Column("vendor_status", sa.Text, nullable=False),
        sa.Column("vendor_decision", sa.Text, nullable=False),
    )
    op.create_table(
        "finding",
        sa.Column(
            "device", sa.Integer, sa.ForeignKey("device.key"), primary_key=True, autoincrement=False
        ),
        sa.Column("id", ordered, primary_key=True),
        sa.Column(
            "from_run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        sa.Column("patch", sa.Integer, sa.ForeignKey("patch.key"), nullable=False),
        sa.Column("condition", sa.Integer, sa.ForeignKey("condition.key"), nullable=False),
        sa.Column("installed_at", sa.BigInteger),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_journal() -> None:
    """Create the journal of writes."""
    op.create_table(
        "change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("device_id", sa.Text, nullable=False),
        sa.Column("finding_ids", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("change_by_plan", "change", ["plan_id"])
