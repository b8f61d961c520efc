"""A receiver of webhooks for tests: a real HTTP server that keeps what it is sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """A real HTTP server that keeps what it is sent, and answers what it is told to."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request, of whatever kind."""
    answer: Callable[[dict[str, Any]], int] = lambda told: 204
    """From what it was told to the status of its answer."""

    @property
    def told(self) -> list[dict[str, Any]]:
        """The bodies."""
        return [json.loads(body) for _, body in self.requests]

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, in the order in which they came."""
        return [event for told in self.told for event in told["events"]]

    def wait(self, events: int, seconds: float = 60) -> list[dict[str, Any]]:
        """The events, as soon as there are so many."""
        until(lambda: len(self.events) >= events, seconds)
        return self.events


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver that listens on this machine."""
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.asked.append((self.command, self.path))
            self.send_response(204)
            self.end_headers()

        def do_POST(self) -> None:
            got.asked.append((self.command, self.path))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = got.answer(json.loads(body))
            got.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", f"{got.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    got.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
