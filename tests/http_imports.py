"""Imports over HTTP as a client makes them: files sent, the end waited for, and the service killed meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from neo4j_server import free_port
from processes import Service

from graphcrm import Graph
from graphcrm.service.jobs import MAX_RUNS
from graphcrm.settings import Settings

__all__ = ["API", "HALF", "discarded_uploads", "ended", "import_under_kills", "until", "upload"]

API = "/api/v1/imports"
HALF = b'--x\r\nContent-Disposition: form-data; name="files"; filename="customers.csv"\r\n\r\nid,name\r\n'
"""How an upload begins that never ends."""


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def discarded_uploads(graph: Graph) -> list[str]:
    """Delete all uploads, which the next test is not to find; their ids."""
    ids = graph.jobs.uploads.ids()
    for id_ in ids:
        graph.jobs.uploads.discard(id_)
    return ids


def upload(client: Any, *files: tuple[str, bytes], headers: dict[str, str] | None = None, **fields: Any) -> Any:
    """Send files; the answer."""
    parts: list[Any] = [("files", file) for file in files]
    if (mapping := fields.pop("mapping", None)) is not None:
        parts.append(("mapping", ("mapping.toml", mapping)))
    return client.post(API, files=parts, data=fields, headers=headers)


def ended(client: Any, id_: str, seconds: float = 60) -> dict[str, Any]:
    """The import as it is told when it has ended."""
    deadline = time.monotonic() + seconds
    while True:
        answer = client.get(f"{API}/{id_}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        if job["state"] not in ("queued", "running"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def import_under_kills(settings: Settings, folders: Sequence[Path], kills: int, seed: int) -> int:
    """Import folders one after the other, by a service that is killed at random moments.

    Who sends the files does what a careful client does: when no answer comes, it sends them again with the same key.

    Parameters
    ----------
    settings : Settings
        Of the graph.
    folders : sequence of Path
        Folders of files; the first is imported undisturbed, to see how long one takes.
    kills : int
        How often to kill, as long as there are folders.
    seed : int
        Chooses the moments.

    Returns
    -------
    int
        How often the service was killed before an import had ended.
    """
    chance, struck, usual_s = random.Random(seed), 0, 0.0
    for folder in folders:
        for attempt in range(MAX_RUNS):
            # Some moments lie within the upload, or right after the answer.
            latest_s = usual_s if chance.random() < 0.7 else usual_s / 10
            is_last = attempt == MAX_RUNS - 1  # one more cut, and the import is given up
            moment_s = chance.uniform(0, latest_s) if usual_s and struck < kills and not is_last else None
            job, took_s = _import_until(settings, folder, moment_s)
            if job:
                break
            struck += 1
        assert job, "an import came to no end"
        assert (job["state"], job["progress"], job["rejected"]) == ("done", 1.0, 0), job
        usual_s = usual_s or took_s
    return struck


def _import_until(
    settings: Settings, folder: Path, killed_after_s: float | None
) -> tuple[dict[str, Any] | None, float]:
    """The import when it has ended, or nothing if the service was killed before; and how long that took."""
    files = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
    port = free_port()
    service = Service(settings, port)
    killing = threading.Timer(killed_after_s or 0, service.kill)
    begun = time.monotonic()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            if killed_after_s is not None:
                killing.start()
            answer = upload(client, *files, headers={"Idempotency-Key": folder.name})
            assert answer.status_code == 202, answer.text
            job = ended(client, answer.json()["id"], 120)
        return job, time.monotonic() - begun
    except httpx.TransportError:
        assert killed_after_s is not None
        return None, time.monotonic() - begun
    finally:
        killing.cancel()
        if killed_after_s is not None:
            killing.join()
        if service.process.poll() is None:
            service.end()
