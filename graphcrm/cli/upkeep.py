"""Commands of upkeep: status, touch, stop."""

from __future__ import annotations

import json

import click

from graphcrm.cli.common import open_graph, read_settings
from graphcrm.errors import InvalidInput

__all__ = ["status", "stop", "touch"]


@click.command()
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(format_: str) -> None:
    """Which engine, where, its version, and what the graph holds."""
    with open_graph() as graph:
        found = graph.status()
    if format_ == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for key, value in found.items():
        if isinstance(value, dict):
            click.echo(f"{key}:")
            for name, number in value.items():
                click.echo(f"  {name:<14} {number:>12,}")
        else:
            click.echo(f"{key:<16} {value}")


@click.command()
def touch() -> None:
    """Make what another tool wrote to the database seen."""
    with open_graph() as graph:
        click.echo(f"revision {graph.touch()}")


@click.command()
def stop() -> None:
    """Stop the embedded engine of GRAPHCRM_HOME, whoever uses it."""
    from graphcrm import embedded

    settings = read_settings()
    if settings.neo4j_uri:
        raise InvalidInput("GRAPHCRM_NEO4J_URI names a server that graphcrm does not manage; stop it where it runs")
    click.echo("stopped" if embedded.stop(settings.home) else "nothing was running")
