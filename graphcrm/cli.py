"""The command ``graphcrm``.

Everything heavy is imported inside the command that needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcrm import __version__, limits
from graphcrm.console import ProgressBars, print_frame
from graphcrm.errors import GraphCRMError, InvalidInput

if TYPE_CHECKING:
    from graphcrm.service.graph import Graph
    from graphcrm.settings import Settings

__all__ = ["cli", "main"]

SOME_REJECTED = 2
"""Exit status of an import that rejected some rows; 1 is failure."""

DEMO_PARTIES = 3000
DEMO_SEED = 7


def main() -> None:
    """Run the command; every failure is one line on standard error."""
    try:
        code = cli.main(standalone_mode=False)
    except GraphCRMError as error:
        code = _fail(error.message)
    except click.UsageError as error:
        code = _fail(f"{error.format_message()} (see `{_path(error)} --help`)")
    except click.ClickException as error:
        code = _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        click.echo("graphcrm: interrupted; an import can be run again, and takes up where it was", err=True)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has had enough; without this Python complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("GRAPHCRM_TRACEBACK"):
            raise
        code = _fail(f"unexpected {type(error).__name__}: {error} (GRAPHCRM_TRACEBACK=1 shows where; please report it)")
    sys.exit(code or 0)


def _fail(message: str) -> int:
    click.echo(f"graphcrm: {' '.join(message.split()).removesuffix('.')}", err=True)
    return 1


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "graphcrm"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="graphcrm")
def cli() -> None:
    """A customer relationship service whose data is a graph.

    Settings come from the environment: GRAPHCRM_HOME is the data folder of the embedded engine; GRAPHCRM_NEO4J_URI
    (and _USER, _PASSWORD, _DATABASE) names a Neo4j server to use instead.
    """


# ---- opening ---------------------------------------------------------------------------------------------


def _settings() -> Settings:
    from pydantic import ValidationError

    from graphcrm.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        raise InvalidInput(f"GRAPHCRM_{name}: {first['msg']}") from None


@contextmanager
def _graph() -> Iterator[Graph]:
    from graphcrm.service.graph import connect

    with connect(_settings()) as graph:
        yield graph


# ---- options --------------------------------------------------------------------------------------------

_FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="Table for people, CSV for spreadsheets, JSON as the API lists the items.",
)
_LAYERS = click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="LAYER",
    help="referral, knows, works_with or interaction; repeat for several. [default: all]",
)
_AS_OF = click.option("--as-of", metavar="DATE", help="A day (its end, UTC) or a time. [default: today]")


# ---- asking ----------------------------------------------------------------------------------------------


@cli.command()
@click.option("--metric", default="pagerank", show_default=True, help="An unknown one lists those that exist.")
@_LAYERS
@_AS_OF
@click.option("--segment", metavar="ID", help="Rank only this segment's members.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@click.option("--raw", is_flag=True, help="Scores as they are, instead of normalised as networkx does.")
@_FORMAT
def influencers(
    metric: str,
    layers: tuple[str, ...],
    as_of: str | None,
    segment: str | None,
    limit: int,
    raw: bool,
    format_: str,
) -> None:
    """Rank parties by their influence on others, with a reason for each."""
    with _graph() as graph:
        frame = graph.influencers(metric, layers, as_of, segment, limit, normalized=not raw)
    print_frame(frame, format_)


@cli.command()
@click.argument("source")
@click.argument("target")
@click.option("--by", type=click.Choice(["hops", "strength"]), default="hops", show_default=True)
@_LAYERS
@_AS_OF
@click.option("-k", default=1, show_default=True, help=f"Paths, at most {limits.MAX_PATHS}.")
@click.option("--max-hops", default=limits.MAX_HOPS, show_default=True)
@_FORMAT
def paths(
    source: str,
    target: str,
    by: Any,
    layers: tuple[str, ...],
    as_of: str | None,
    k: int,
    max_hops: int,
    format_: str,
) -> None:
    """The best paths from SOURCE to TARGET: fewest hops or strongest."""
    with _graph() as graph:
        frame = graph.paths(source, target, by, layers, k, as_of, max_hops)
    print_frame(frame if format_ == "json" else frame.drop(columns="ties"), format_)


@cli.group()
def referrals() -> None:
    """Who brought whom."""


@referrals.command("chain")
@click.argument("party_id", metavar="ID")
@_AS_OF
@_FORMAT
def chain(party_id: str, as_of: str | None, format_: str) -> None:
    """From the first referrer down to the party ID."""
    with _graph() as graph:
        print_frame(graph.referral_chain(party_id, as_of), format_)


@referrals.command("tree")
@click.argument("party_id", metavar="ID")
@click.option("--max-depth", default=limits.MAX_TREE_DEPTH, show_default=True, help="Generations.")
@click.option("--limit", default=1000, show_default=True, help=f"Parties, at most {limits.MAX_TREE}.")
@_AS_OF
@_FORMAT
def tree(party_id: str, max_depth: int, limit: int, as_of: str | None, format_: str) -> None:
    """All whom the party ID brought, and what they and those below them bought."""
    with _graph() as graph:
        print_frame(graph.referral_tree(party_id, max_depth, limit, as_of), format_)


@cli.command()
@click.argument("query")
@click.option("--limit", default=20, show_default=True, help="Hits.")
@_FORMAT
def search(query: str, limit: int, format_: str) -> None:
    """Find parties by a part of their id, name, e-mail or phone."""
    import pandas as pd

    with _graph() as graph:
        hits = graph.search(query, limit)
    print_frame(pd.DataFrame(hits, columns=["id", "label", "name", "matched"]), format_)


@cli.command("map")
@click.argument("party_id", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The HTML file to write.")
@click.option("--hops", default=1, show_default=True)
@_LAYERS
@_AS_OF
@click.option("--limit", default=100, show_default=True, help=f"Parties, at most {limits.MAX_MAP_PARTIES}.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def map_(
    party_id: str, out: Path, hops: int, layers: tuple[str, ...], as_of: str | None, limit: int, language: Any
) -> None:
    """Draw the surroundings of the party ID into one HTML file that needs no network."""
    from graphcrm.network.layout import layout
    from viz.relationship_map import map_file

    if limit > limits.MAX_MAP_PARTIES:
        raise InvalidInput(f"--limit: a map shows at most {limits.MAX_MAP_PARTIES} parties")
    with _graph() as graph:
        found = graph.neighborhood(party_id, hops, layers, limit, as_of)
    page = map_file(found, layout(found["nodes"], found["ties"]), language)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--out: cannot write {out}: {error.strerror}") from None
    click.echo(f"{out}: {len(found['nodes'])} parties, {len(found['ties'])} ties", err=True)


# ---- data in ---------------------------------------------------------------------------------------------


@cli.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--mapping", type=click.Path(path_type=Path), help="A TOML file that says what other CSV files hold.")
@click.option("--dry-run", is_flag=True, help="Check every row and say what would happen; write nothing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="CSV file for rejected rows. [default: in GRAPHCRM_HOME]"
)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def import_(paths: Sequence[Path], mapping: Path | None, dry_run: bool, rejects: Path | None, format_: str) -> int:
    """Load CSV files, or folders of them.

    Exit status 0 says that every row is in, 2 that some were rejected, 1 that it failed.
    """
    with _graph() as graph:
        return _import(graph, paths, mapping, dry_run, rejects, format_)


def _import(
    graph: Graph, paths: Sequence[Path], mapping: Path | None, dry_run: bool, rejects: Path | None, format_: str
) -> int:
    import pandas as pd

    with ProgressBars() as progress:
        report = graph.import_files(paths, mapping, dry_run, rejects, progress)
    rows = [
        {
            "file": item.file,
            "table": item.table,
            "read": item.read,
            "created": item.created,
            "updated": item.updated,
            "unchanged": item.unchanged,
            "rejected": item.rejected,
        }
        for item in report.files
    ]
    print_frame(pd.DataFrame(rows), format_)
    if report.rejected:
        click.echo(f"{report.rejected} rows were rejected: {report.rejects_path}", err=True)
    return SOME_REJECTED if report.rejected else 0


@cli.command()
@click.option("--parties", type=int, default=DEMO_PARTIES, show_default=True)
@click.option("--seed", type=int, default=DEMO_SEED, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files.")
def sample(parties: int, seed: int, out: Path) -> None:
    """Make up a company over three years, as canonical CSV files; the same seed gives the same bytes."""
    from graphcrm.sample import write_sample

    for name, rows in write_sample(out, parties, seed).items():
        click.echo(f"{out / name}: {rows:,} rows", err=True)


# ---- serving ---------------------------------------------------------------------------------------------

_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Other than loopback needs a token.")
_PORT = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)


@cli.command()
@_HOST
@_PORT
def serve(host: str, port: int) -> None:
    """Serve the pages and the HTTP interface; Ctrl-C ends it."""
    with _graph() as graph:
        _serve(graph, host, port)


@cli.command()
@_HOST
@_PORT
def demo(host: str, port: int) -> None:
    """Serve a sample company; it is loaded when the graph is still empty."""
    with _graph() as graph:
        if not any(graph.status()["labels"].values()):
            _load_sample(graph)
        _serve(graph, host, port)


def _load_sample(graph: Graph) -> None:
    from tempfile import TemporaryDirectory

    from graphcrm.sample import write_sample

    click.echo("Loading a sample company (once, under a minute) …", err=True)
    with TemporaryDirectory(prefix="graphcrm-") as folder:
        write_sample(Path(folder), DEMO_PARTIES, DEMO_SEED)
        with ProgressBars() as progress:
            graph.import_files([folder], progress=progress)


def _serve(graph: Graph, host: str, port: int) -> None:
    import uvicorn

    from api.app import create_app

    _guard(graph, host)
    with _listening(host, port) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(graph), log_level="warning", timeout_graceful_shutdown=3))
        # Connections wait at the listener from here on, so whoever reads the line is answered.
        click.echo(f"graphcrm is ready: http://{f'[{host}]' if ':' in host else host}:{port}")
        threading.Thread(target=_warm_up, args=(graph,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends, and no failure
            server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens at an address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        message = f"--port: cannot listen on {host}:{port} ({error.strerror}); choose another port"
        raise InvalidInput(message) from None
    return listener


def _warm_up(graph: Graph) -> None:
    """Have the network and its first ranking at hand before somebody asks."""
    with suppress(GraphCRMError):
        graph.influencers(limit=1)


def _guard(graph: Graph, host: str) -> None:
    """Refuse to listen where others can reach us while anyone may do anything."""
    from graphcrm.embedded import write_private

    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if loopback or graph.tokens.exist():
        return
    if not graph.settings.bootstrap_token:
        raise InvalidInput(
            f"--host {host}: others could reach the service, and no token exists; "
            "make one first: graphcrm token create NAME --role admin"
        )
    path = graph.settings.home / "admin-token"
    secret = graph.tokens.create("admin", "admin")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, secret)
    except OSError as error:
        graph.tokens.revoke("admin")  # nobody has seen it
        raise InvalidInput(f"cannot write {path}: {error.strerror}; set GRAPHCRM_HOME") from None
    click.echo(f"Made the token 'admin'; read it from {path}", err=True)


@cli.group()
def token() -> None:
    """Who may use the service; without any token it is open to this machine alone."""


@token.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "editor", "admin"]), required=True)
def token_create(name: str, role: str) -> None:
    """Make a token and show it, this once."""
    with _graph() as graph:
        click.echo(graph.tokens.create(name, role))


@token.command("list")
@_FORMAT
def token_list(format_: str) -> None:
    """Names and roles of the tokens."""
    import pandas as pd

    with _graph() as graph:
        print_frame(pd.DataFrame(graph.tokens.all(), columns=["name", "role", "created_at"]), format_)


@token.command("revoke")
@click.argument("name")
def token_revoke(name: str) -> None:
    """Take a token back."""
    with _graph() as graph:
        graph.tokens.revoke(name)


# ---- upkeep ----------------------------------------------------------------------------------------------


@cli.command()
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(format_: str) -> None:
    """Which engine, where, its version, and what the graph holds."""
    with _graph() as graph:
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


@cli.command()
def touch() -> None:
    """Make what another tool wrote to the database seen."""
    with _graph() as graph:
        click.echo(f"revision {graph.touch()}")


@cli.command()
def stop() -> None:
    """Stop the embedded engine of GRAPHCRM_HOME, whoever uses it."""
    from graphcrm import embedded

    settings = _settings()
    if settings.neo4j_uri:
        raise InvalidInput("GRAPHCRM_NEO4J_URI names a server that graphcrm does not manage; stop it where it runs")
    click.echo("stopped" if embedded.stop(settings.home) else "nothing was running")
