"""The product in processes of their own: what they are told of a graph, and the service, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from graphcrm.settings import Settings

__all__ = ["GRAPHCRM", "Service", "environment"]

GRAPHCRM = Path(sys.executable).with_name("graphcrm")


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that works on the same graph."""
    found = {"GRAPHCRM_HOME": str(settings.home), "GRAPHCRM_EMBEDDED_HEAP": settings.embedded_heap}
    if settings.neo4j_uri:
        found |= {
            "GRAPHCRM_NEO4J_URI": settings.neo4j_uri,
            "GRAPHCRM_NEO4J_USER": settings.neo4j_user,
            "GRAPHCRM_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value(),
            "GRAPHCRM_NEO4J_DATABASE": settings.neo4j_database,
        }
    return os.environ | found


class Service:
    """The command `graphcrm serve` in a process of its own; it is ready when this is made."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.process = subprocess.Popen(
            [GRAPHCRM, "serve", "--port", str(port)], env=environment(settings), stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline().startswith("graphcrm is ready")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def end(self) -> None:
        """End it in good order."""
        self.process.terminate()
        self.process.wait(60)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
