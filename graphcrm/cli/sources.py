"""Commands about where facts came from: source add, list, show, quality, erase; provenance."""

from __future__ import annotations

from functools import partial
from typing import Final

import click

from graphcrm.cli.common import FORMAT, open_graph, resolved
from graphcrm.console import print_frame
from graphcrm.limits import MAX_STALE_DAYS

__all__ = ["provenance", "source"]

_LISTED: Final = ("name", "kind", "trust", "prefix", "created_at", "nodes", "ties", "last_import", "state", "rejected")
_BROUGHT: Final = (
    *("made_at", "state", "files", "read", "created", "updated", "unchanged", "rejected", "rejects_path", "id"),
)
_COUNTED: Final = ("count", "blank", "invalid", "duplicated", "stale", "reasons", "examples")


@click.group()
def source() -> None:
    """Where the graph's facts came from: every import belongs to a source."""


@source.command("add")
@click.argument("name")
@click.option("--kind", help="What it is, such as crm, shop or newsletter. [default: files]")
@click.option("--trust", type=click.IntRange(0, 100), help="Of sources that disagree the most trusted is shown.")
@click.option("--prefix", help="What its ids begin with in the graph, where it numbers its records for itself.")
def source_add(name: str, kind: str | None, trust: int | None, prefix: str | None) -> None:
    """Name a source, or change the kind or trust of one; what is shown follows."""
    with open_graph() as graph:
        found = graph.sources.add(name, kind, trust, prefix)
    ids = f", prefix {found['prefix']}" if found["prefix"] else ""
    click.echo(f"{found['name']}: {found['kind']}, trust {found['trust']}{ids}")


@source.command("list")
@FORMAT
def source_list(format_: str) -> None:
    """Names, kinds and trust of the sources, how much each describes, and how its last import went."""
    import pandas as pd

    with open_graph() as graph:
        found = graph.sources.all()
    rows = [
        each
        | {what: sum(each[what].values()) for what in ("nodes", "ties")}
        | {"last_import": last.get("made_at"), "state": last.get("state"), "rejected": last.get("rejected")}
        for each in found
        for last in [each["imports"][0] if each["imports"] else {}]
    ]
    print_frame(pd.DataFrame(rows, columns=list(_LISTED), dtype=object), format_)


@source.command("show")
@click.argument("name")
@FORMAT
def source_show(name: str, format_: str) -> None:
    """What the source NAME describes, by label and type, and what its last imports brought and rejected."""
    import pandas as pd

    with open_graph() as graph:
        found = graph.sources.read(name)
    rows = [{"what": what, "of": key, "count": n} for what in ("nodes", "ties") for key, n in found[what].items()]
    if format_ == "json":
        print_frame(pd.DataFrame([found], dtype=object), format_)
        return
    print_frame(pd.DataFrame(rows, columns=["what", "of", "count"]), format_)
    if found["imports"] and format_ == "table":
        imports = [each | {"files": [file["file"] for file in each["files"]]} for each in found["imports"]]
        click.echo()
        print_frame(pd.DataFrame(imports, columns=list(_BROUGHT), dtype=object), format_)


@source.command("quality")
@click.argument("name", required=False)
@click.option(
    "--stale-days",
    type=click.IntRange(0, MAX_STALE_DAYS),
    default=365,
    show_default=True,
    help="Days after which values that were not brought again are stale.",
)
@FORMAT
def source_quality(name: str | None, stale_days: int, format_: str) -> None:
    """How many values of the source NAME, or of every source, are blank, invalid, duplicated and stale, by field."""
    import pandas as pd

    with open_graph() as graph:
        names = [name] if name else [each["name"] for each in graph.sources.all()]
        rows = [{"source": each, **line} for each in names for line in graph.sources.quality(each, stale_days)]
    if format_ != "json":
        rows = [row | {key: _listed(row[key]) for key in ("reasons", "examples")} for row in rows]
    # Examples make lines longer than a screen is wide.
    counted = _COUNTED[:-1] if format_ == "table" else _COUNTED
    print_frame(pd.DataFrame(rows, columns=["source", "table", "field", *counted]), format_)


def _listed(found: dict[str, int] | list[str]) -> str:
    """Reasons with their counts, or examples, in one cell."""
    return "; ".join(f"{key} {n}" for key, n in found.items()) if isinstance(found, dict) else "; ".join(found)


@source.command("erase")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def source_erase(name: str, yes: bool) -> None:
    """Remove what the source NAME alone said, and its part of what others say too."""
    with open_graph() as graph:
        found = graph.sources.read(name)
        if not yes:
            nodes, ties = (sum(found[what].values()) for what in ("nodes", "ties"))
            click.confirm(f"Erase {name}? It describes {nodes:,} nodes and {ties:,} ties", abort=True, err=True)
        done = graph.sources.erase(name)
    click.echo(f"{done['removed']:,} removed, {done['kept']:,} kept that others describe too")


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--table", default="customers", show_default=True, help="contacts, orders, ties, …")
@FORMAT
def provenance(id_: str, table: str, format_: str) -> None:
    """What each source says of the record ID, field by field, and by which rule one is shown."""
    import pandas as pd

    with open_graph() as graph:
        found = resolved(partial(graph.sources.provenance, table), id_)
    rows = [
        {
            "field": field["field"],
            **said,
            "raw": said["raw"] or "",
            "rule": field["rule"] if said["shown"] else "",
        }
        for field in found["fields"]
        for said in field["values"]
    ]
    print_frame(
        pd.DataFrame(rows, columns=["field", "shown", "rule", "source", "key", "value", "raw", "seen_at", "last_seen"]),
        format_,
    )
