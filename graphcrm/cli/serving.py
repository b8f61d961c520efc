"""Commands that serve: serve, demo."""

from __future__ import annotations

import ipaddress
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphcrm.cli.common import open_graph
from graphcrm.cli.intake import DEMO_PARTIES, DEMO_SEED
from graphcrm.console import ProgressBars
from graphcrm.errors import GraphCRMError, InvalidInput

if TYPE_CHECKING:
    from graphcrm.service.graph import Graph

__all__ = ["demo", "serve"]

_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Other than loopback needs a token.")
_PORT = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)


@click.command()
@_HOST
@_PORT
def serve(host: str, port: int) -> None:
    """Serve the pages and the HTTP interface; Ctrl-C ends it."""
    with open_graph() as graph:
        _serve(graph, host, port)


@click.command()
@_HOST
@_PORT
def demo(host: str, port: int) -> None:
    """Serve a sample company; it is loaded when the graph is still empty."""
    with open_graph() as graph:
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
