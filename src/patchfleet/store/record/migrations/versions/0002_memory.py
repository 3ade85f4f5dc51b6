"""Response fingerprints, incremental publications, machines, intel and a shared rate limit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables, and have all publications rebuilt."""
    _widen()
    _republish()
    _create_machines()
    _create_jobs()
    _create_intel_and_pace()


def _widen() -> None:
    """Add the columns."""
    yes, zero = sa.true(), "0"
    for table, column in (
        ("run", sa.Column("is_sweep", sa.Boolean, nullable=False, server_default=yes)),
        ("run", sa.Column("calls", sa.Integer, nullable=False, server_default=zero)),
        ("device", sa.Column("listed_at", sa.BigInteger)),
        ("device", sa.Column("listed", sa.Integer)),
        ("device", sa.Column("fingerprint", sa.Text)),
        ("scan", sa.Column("changes", sa.Integer, nullable=False, server_default=zero)),
        ("patch", sa.Column("vendor_id", sa.Text)),
        ("patch", sa.Column("cves", sa.Text, nullable=False, server_default="[]")),
        ("patch", sa.Column("is_superseded", sa.Boolean)),
        ("patch", sa.Column("needs_reboot", sa.Boolean)),
        ("publication", sa.Column("previous", sa.Integer)),
        ("publication", sa.Column("is_whole", sa.Boolean, nullable=False, server_default=yes)),
    ):
        op.add_column(table, column)


def _republish() -> None:
    """Clear the digests: the files have other columns now, and are rebuilt when next read."""
    files = ("customers", "sites", "devices", "patches", "findings", "machines", "look_alikes",
             "jobs", "job_runs", "job_results")  # fmt: skip
    names = ", ".join(f'"{name}.parquet": ""' for name in files)
    op.execute(sa.text("UPDATE publication SET digests = :none").bindparams(none=f"{{{names}}}"))


def _create_machines() -> None:
    """Create machines, match candidates and decisions of people."""

    def interval() -> tuple[sa.Column[int], sa.Column[int]]:
        run = sa.ForeignKey("run.id")
        return (
            sa.Column("from_run", sa.Integer, run, primary_key=True, autoincrement=False),
            sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
        )

    def key(name: str) -> sa.Column[int]:
        of = sa.ForeignKey("device.key")
        return sa.Column(name, sa.Integer, of, primary_key=True, autoincrement=False)

    op.create_table(
        "membership",
        key("device"),
        *interval(),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
    )
    op.create_table(
        "look_alike",
        key("left"),
        key("right"),
        *interval(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("against", sa.Text, nullable=False),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("left_source", sa.Text, nullable=False),
        sa.Column("left_id", sa.Text, nullable=False),
        sa.Column("right_source", sa.Text, nullable=False),
        sa.Column("right_id", sa.Text, nullable=False),
        sa.Column("is_same", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _create_jobs() -> None:
    """Create jobs, their runs and results."""
    for name, keys in (
        ("job", ("id",)),
        ("job_run", ("job_id", "id")),
        ("job_result", ("job_id", "run_id", "device_id")),
    ):
        source, run = sa.ForeignKey("source.id"), sa.ForeignKey("run.id")
        op.create_table(
            name,
            sa.Column("source", sa.Integer, source, primary_key=True, autoincrement=False),
            *(sa.Column(key, sa.Text, primary_key=True) for key in keys),
            sa.Column("from_run", sa.Integer, run, primary_key=True, autoincrement=False),
            sa.Column("to_run", sa.Integer, sa.ForeignKey("run.id")),
            sa.Column("said", sa.Text, nullable=False),
        )


def _create_intel_and_pace() -> None:
    """Create the files about vulnerabilities, and the shared rate limit."""
    op.create_table(
        "intel",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("dated", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("loaded_at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pace",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("starts", sa.Text, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
    )
