"""`patchfleet qualys patches`, `assets`, `catalog`, `hosts` and `tags`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from patchfleet.cli.options import CommandLineError, output_options
from patchfleet.cli.qualys.output import (
    attributes_option,
    gathered,
    page_count,
    pages_option,
    platform_option,
    say_missing,
    say_problems,
)
from patchfleet.cli.session import Session, pass_session


def _both_queries(command: click.decorators.FC) -> click.decorators.FC:
    """Add the two queries of patches and assets, and how their pages are read."""
    for option in (
        click.argument("qql", metavar="[QQL]", required=False),
        click.option(
            "--having",
            metavar="QQL",
            help="Filter by a query on the other: assets of patches, patches of assets.",
        ),
        click.option(
            "--version",
            type=click.Choice(("1", "2")),
            default="2",
            show_default=True,
            help="How pages are read: 1 by number, in parts if there are too many; 2 by cursor.",
        ),
        click.option("--no-verify", is_flag=True, help="Do not compare with the server's count."),
        platform_option(),
    ):
        command = option(command)
    return command


def _listed(session: Session, what: str, asked: Callable[[Any], Iterator[Any]]) -> list[Any]:
    with session.qualys() as client:
        found = gathered(session, what, asked(client))
    say_problems(session, found)
    return found


@click.command()
@_both_queries
@attributes_option
@pages_option
@output_options
@pass_session
def patches(session: Session, /, *, as_json: bool, outputs: tuple[Path, ...], **asked: Any) -> None:
    """List patches, with how many assets lack them.

    QQL is a query on patches, --having one on assets.

    \b
    For example:
      patchfleet qualys patches 'vendorSeverity:`Critical` and patchStatus:Missing'
      patchfleet qualys patches --having 'name:web*' --output patches.parquet
    """  # noqa: D301
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import PMPatch

    found = _listed(session, "patches", lambda client: client.iter_patches(**_given(asked)))
    table = records_table("patches", "Patches", PMPatch, found)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@_both_queries
@attributes_option
@pages_option
@output_options
@pass_session
def assets(session: Session, /, *, as_json: bool, outputs: tuple[Path, ...], **asked: Any) -> None:
    """List assets, with how many patches they lack.

    QQL is a query on assets, --having one on patches.

    \b
    For example:
      patchfleet qualys assets 'name:web*' --having 'vendorSeverity:`Critical`'
    """  # noqa: D301
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import PMAsset

    found = _listed(session, "assets", lambda client: client.iter_assets(**_given(asked)))
    table = records_table("assets", "Assets", PMAsset, found)
    session.show(table, as_json=as_json, outputs=outputs)


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the options as parameters of the library."""
    return {
        "platform": asked["platform"],
        "page_count": page_count(asked["pages"]),
        "query": asked["qql"],
        "havingQuery": asked["having"],
        "attributes": asked["attributes"],
        "version": int(asked["version"]),
        "verify": not asked["no_verify"],
    }


@click.command()
@click.argument("qql", metavar="[QQL]", required=False)
@click.option(
    "--id", "ids", metavar="PATCH", multiple=True, help="Look up this patch instead; repeatable."
)
@platform_option("windows", one_only=True)
@attributes_option
@pages_option
@output_options
@pass_session
def catalog(
    session: Session,
    *,
    qql: str | None,
    ids: tuple[str, ...],
    platform: Any,
    attributes: str | None,
    pages: int | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """List the patch catalogue, or look up patches in it.

    QQL is a query on the catalogue; --id looks up patches by their ids.
    """
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import CatalogPatch

    if ids and (qql or pages):
        raise CommandLineError(
            "--id cannot be combined with QQL or --pages", hint="leave out QQL and --pages"
        )
    with session.qualys() as client:
        if ids:
            looked_up = client.get_patch_catalog(list(ids), platform, attributes=attributes)
            say_missing(session, f"{platform} patch", looked_up.missing)
            found: list[CatalogPatch] = looked_up
        else:
            listing = client.iter_patch_catalog(
                platform, page_count(pages), filter=qql, attributes=attributes, pageSize=1000
            )
            found = gathered(session, "patches", listing)
    say_problems(session, found)
    table = records_table("catalog", "Patch catalogue", CatalogPatch, found)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("qql", metavar="[QQL]", required=False)
@click.option("--include", metavar="NAMES", help="Request only these fields.")
@click.option("--exclude", metavar="NAMES", help="Request all fields except these.")
@click.option(
    "--since", metavar="DATE", help="Only hosts changed since this date, for example 2026-11-01."
)
@pages_option
@output_options
@pass_session
def hosts(
    session: Session,
    *,
    qql: str | None,
    include: str | None,
    exclude: str | None,
    since: str | None,
    pages: int | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """List hosts of the asset inventory.

    QQL is a query on the asset inventory (GAV). agentId is the id that jobs need.

    \b
    For example:
      patchfleet qualys hosts 'operatingSystem.category: `Windows / Server`' --include agentId
    """  # noqa: D301
    from patchfleet.cli.qualys.tables import records_table
    from patchfleet.qualys import Host

    more = {"includeFields": include, "excludeFields": exclude, "lastModifiedDate": since}

    def asked(client: Any) -> Any:
        if qql is None:
            return client.iter_all_assets(page_count(pages), **more)
        return client.iter_query_assets(page_count(pages), filter=qql, **more)

    found = _listed(session, "hosts", asked)
    table = records_table("hosts", "Hosts of the asset inventory", Host, found)
    session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@platform_option()
@output_options
@pass_session
def tags(session: Session, *, platform: Any, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List asset tags with the ids that jobs need.

    Tags are collected from the assets; a tag without assets is not listed.
    """
    from patchfleet.report import Column, tabulate

    with session.qualys() as client:
        found = client.list_tags(platform)
    columns = (
        Column("name", "Tag"),
        Column("asset_count", "Assets", "integer"),
        Column("id", "Id"),
    )
    table = tabulate("tags", "Asset tags", columns, found)
    session.show(table, as_json=as_json, outputs=outputs)
