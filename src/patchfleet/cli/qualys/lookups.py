"""`patchfleet qualys count`, and what is looked up by id."""

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
@click.option("--having", metavar="QQL", help="Narrow by the other side's query.")
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
    """Count patches, assets or hosts that match.

    Patches and assets are counted by platform; hosts of the inventory have none.
    """
    import json

    counts: dict[str, int] = {}
    with session.qualys() as client:
        if what == "hosts":
            if having or platform != "all":
                raise CommandLineError("hosts are counted by a QQL alone")
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
    """Look up the CVEs of vulnerability numbers (QIDs)."""
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
    """Look up the ids of assets by their numbers.

    NUMBER is an asset's number in the inventory; jobs want the id.
    """
    from patchfleet.report import Column, Table

    with session.qualys() as client:
        found = client.lookup_host_uuids(some(asset_ids, "asset"))
    say_missing(session, "asset", found.missing)
    columns = (Column("assetId", "Number"), Column("assetUuid", "Id"))
    table = Table(name="uuids", title="Ids of assets", columns=columns, rows=list(found))
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("patch_ids", metavar="PATCH...", nargs=-1)
@output_options
@pass_session
def products(
    session: Session, *, patch_ids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the products that Windows patches are for."""
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
    help="Only this severity; may be repeated.",
)
@click.option("--tag", "tag_ids", multiple=True, metavar="ID", help="Only assets with this tag.")
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
@click.option("--download", "report_id", metavar="REPORT", help="Print this report, a CSV.")
@output_options
@pass_session
def reports(
    session: Session, *, report_id: str | None, as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the reports that Qualys made, or fetch one."""
    from patchfleet.qualys import PMReport

    with session.qualys() as client:
        if report_id is not None:
            click.echo(client.download_report(report_id).decode("utf-8", "replace"), nl=False)
            return
        found = client.list_reports()
    _shown(session, "reports", "Reports", PMReport, found, as_json=as_json, outputs=outputs)


@click.command()
@click.option("--qid", "qids", multiple=True, metavar="QID", help="Only of this vulnerability.")
@output_options
@pass_session
def mitigations(
    session: Session, *, qids: tuple[str, ...], as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List what lessens vulnerabilities unpatched."""
    from patchfleet.qualys import Mitigation

    with session.qualys() as client:
        found = client.list_mitigations(qids=qids or None)
    _shown(
        session, "mitigations", "Mitigations", Mitigation, found, as_json=as_json, outputs=outputs
    )


@click.command()
@pass_session
def version(session: Session) -> None:
    """Print the version of the service, to try the account."""
    with session.qualys() as client:
        click.echo(client.get_version())
