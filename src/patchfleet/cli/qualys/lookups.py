"""`patchfleet qualys count`, and the lookups by id."""

from pathlib import Path
from typing import Any

import click

from patchfleet.cli.options import CommandLineError, output_options
from patchfleet.cli.qualys.output import (
    platform_option,
    say_missing,
    say_problems,
    some,
)
from patchfleet.cli.session import Session, pass_session


@click.command()
@click.argument("what", type=click.Choice(("patches", "assets", "hosts")))
@click.argument("qql", metavar="[QQL]", required=False)
@click.option(
    "--having",
    metavar="QQL",
    help="Filter by a query on the other: assets of patches, patches of assets.",
)
@platform_option()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@pass_session
def count(
    session: Session,
    *,
    what: str,
    qql: str | None,
    having: str | None,
    platform: str,
    as_json: bool,
) -> None:
    """Count patches, assets or hosts.

    Patches and assets are counted by platform, hosts of the inventory without one.
    """
    import json

    counts: dict[str, int] = {}
    with session.qualys() as client:
        if what == "hosts":
            if having or platform != "all":
                raise CommandLineError(
                    "hosts are counted by QQL only", hint="leave out --having and --platform"
                )
            counts["hosts"] = client.count_assets(qql)
        else:
            asked = client.get_patch_count if what == "patches" else client.get_asset_count
            words: list[Any] = ["windows", "linux"] if platform == "all" else [platform]
            for word in words:
                counts[word] = asked(word, query=qql, havingQuery=having)
    if as_json:
        click.echo(json.dumps(counts))
        return
    for name, number in counts.items():
        click.echo(f"{name:<8} {number:>9,}")


def _shown(
    session: Session,
    name: str,
    title: str,
    kind: Any,
    found: Any,
    *,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    from patchfleet.cli.qualys.tables import records_table

    say_problems(session, found)
    table = records_table(name, title, kind, found)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("qids", metavar="QID...", nargs=-1)
@output_options
@pass_session
def cves(
    session: Session, *, qids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """Look up the CVEs of vulnerabilities (QIDs)."""
    from patchfleet.qualys import PMVulnerability

    with session.qualys() as client:
        found = client.lookup_cves(some(qids, "QID"))
    say_missing(session, "QID", found.missing)
    _shown(
        session, "cves", "Vulnerabilities", PMVulnerability, found, as_json=as_json, outputs=outputs
    )


@click.command()
@click.argument("asset_ids", metavar="NUMBER...", nargs=-1)
@output_options
@pass_session
def uuids(
    session: Session, *, asset_ids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """Look up the UUIDs of assets by their numbers.

    NUMBER is an asset's number in the inventory; jobs need the UUID.
    """
    from patchfleet.report import Column, Table

    with session.qualys() as client:
        found = client.lookup_host_uuids(some(asset_ids, "asset"))
    say_missing(session, "asset", found.missing)
    columns = (Column("assetId", "Number"), Column("assetUuid", "UUID"))
    table = Table(name="uuids", title="UUIDs of assets", columns=columns, rows=list(found))
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("patch_ids", metavar="PATCH...", nargs=-1)
@output_options
@pass_session
def products(
    session: Session, *, patch_ids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the products that Windows patches apply to."""
    from patchfleet.qualys import AssociatedProduct

    with session.qualys() as client:
        found = client.get_products_in_windows_patch(some(patch_ids, "patch"))
    _shown(
        session, "products", "Products", AssociatedProduct, found, as_json=as_json, outputs=outputs
    )


@click.command()
@click.argument("patch_ids", metavar="PATCH...", nargs=-1)
@output_options
@pass_session
def packages(
    session: Session, *, patch_ids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the packages of Linux patches."""
    from patchfleet.qualys import PackageDetail

    with session.qualys() as client:
        found = client.get_packages_in_linux_patch(some(patch_ids, "patch"), pageSize=100)
    _shown(session, "packages", "Packages", PackageDetail, found, as_json=as_json, outputs=outputs)


@click.command()
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=click.Choice(("Critical", "Important", "Moderate", "Low", "None")),
    help="Only this severity; repeatable.",
)
@click.option(
    "--tag",
    "tag_ids",
    multiple=True,
    metavar="ID",
    help="Only assets with this tag id; repeatable.",
)
@output_options
@pass_session
def vulnerabilities(
    session: Session,
    *,
    severities: tuple[Any, ...],
    tag_ids: tuple[str, ...],
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """Count vulnerabilities by product."""
    from patchfleet.qualys import ProductVulnCount

    with session.qualys() as client:
        found = client.count_product_vulns(severities or None, tag_ids or None)
    title = "Vulnerabilities by product"
    _shown(
        session, "vulnerabilities", title, ProductVulnCount, found, as_json=as_json, outputs=outputs
    )


@click.command()
@click.option("--download", "report_id", metavar="REPORT", help="Print this report as CSV.")
@output_options
@pass_session
def reports(
    session: Session, *, report_id: str | None, as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the reports at Qualys, or download one."""
    from patchfleet.qualys import PMReport

    with session.qualys() as client:
        if report_id is not None:
            click.echo(client.download_report(report_id).decode("utf-8", "replace"), nl=False)
            return
        found = client.list_reports()
    _shown(session, "reports", "Reports", PMReport, found, as_json=as_json, outputs=outputs)


@click.command()
@click.option(
    "--qid", "qids", multiple=True, metavar="QID", help="Only for this vulnerability; repeatable."
)
@output_options
@pass_session
def mitigations(
    session: Session, *, qids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List mitigations for unpatched vulnerabilities."""
    from patchfleet.qualys import Mitigation

    with session.qualys() as client:
        found = client.list_mitigations(qids=qids or None)
    _shown(
        session, "mitigations", "Mitigations", Mitigation, found, as_json=as_json, outputs=outputs
    )


@click.command()
@pass_session
def version(session: Session) -> None:
    """Print the version of the service, to test the account."""
    with session.qualys() as client:
        click.echo(client.get_version())
