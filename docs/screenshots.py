"""Take the pictures of the documents anew: ``python docs/screenshots.py``.

Needs what the tests need (``make test`` installs it) and a Chromium on the PATH. The sample company is served by
``graphcrm demo`` from GRAPHCRM_HOME where that is set, else from a folder that is thrown away afterwards.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PICTURES = {"map.png": "/map/C0019?layers=referral&layers=knows"}
"""File names, and the pages that they show."""


@contextmanager
def demo(home: str) -> Iterator[str]:
    """Serve the sample company; the address of the service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-c", "from graphcrm.cli import main; main()", "demo", "--port", port]
    environ = os.environ | {"GRAPHCRM_HOME": home}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            ready = next((line for line in service.stdout if "ready" in line), None)
            if ready is None:
                raise SystemExit("the service did not start")
            yield ready.split()[-1]
        finally:
            service.terminate()


def take(address: str, executable: str) -> None:
    """Photograph every page of `PICTURES`."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        for name, path in PICTURES.items():
            page.goto(address + path, wait_until="networkidle")
            page.wait_for_selector("canvas")
            page.wait_for_timeout(1500)  # the drawing settles after its data is there
            page.screenshot(path=IMAGES / name)
        browser.close()


def main() -> None:
    """Start the service, take the pictures, stop it."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise SystemExit(f"there is no browser: none of {', '.join(BROWSERS)} is on the PATH")
    with TemporaryDirectory(prefix="graphcrm-") as folder, demo(os.environ.get("GRAPHCRM_HOME") or folder) as address:
        take(address, executable)


if __name__ == "__main__":
    main()
