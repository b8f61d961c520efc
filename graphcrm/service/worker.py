"""The worker of a service: takes uploaded imports out of the book of jobs, one at a time, and does them."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graphcrm.errors import GraphCRMError, StoreError
from graphcrm.service.jobs import Claim

if TYPE_CHECKING:
    from graphcrm.service.graph import Graph

__all__ = ["Worker"]

_log = logging.getLogger(__name__)

_LOOK_S: Final = 5.0
"""Seconds after which the book is looked at again unasked: for what a process left that has ended since."""


class Worker:
    """A thread that does the uploaded imports of one data folder.

    Parameters
    ----------
    graph : Graph
        Where to. It is used until `stop`.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._wake = threading.Event()
        self._stopping = False
        self._claim: Claim | None = None
        self._thread = threading.Thread(target=self._work, name="graphcrm-worker", daemon=True)

    def start(self) -> None:
        """Begin; jobs that an earlier process left are gone on with."""
        self._thread.start()

    def wake(self) -> None:
        """Have it look for a job at once."""
        self._wake.set()

    def stop(self) -> None:
        """End after the batch that is being written; the import goes on when a service starts again."""
        self._stopping = True
        self._wake.set()
        if self._claim is not None:
            self._claim.stop.set()
        self._thread.join()

    def _work(self) -> None:
        with suppress(GraphCRMError, OSError):
            self._graph.jobs.sweep()
        while not self._stopping:
            self._wake.clear()
            try:
                claim = self._graph.jobs.claim()
            except (GraphCRMError, OSError) as error:
                _log.warning("the book of jobs cannot be read: %s", error)
                claim = None
            self._claim = claim
            if claim is None or not self._do(claim):
                self._wake.wait(_LOOK_S)

    def _do(self, claim: Claim) -> bool:
        """Do one import; its entry says how it ended. Whether it makes sense to go on at once."""
        if self._stopping:  # it was asked to before it could be told of the claim
            claim.stop.set()
        uploads = self._graph.jobs.uploads
        try:
            files, mapping = uploads.files(claim.id), uploads.mapping(claim.id)
            self._graph.import_files(files, mapping, claim=claim, **claim.request)
        except StoreError as error:
            _log.warning("import %s: %s", claim.id, error.message)
            return False
        except GraphCRMError as error:
            _log.info("import %s ended: %s", claim.id, type(error).__name__)
            self._close(claim, error)
        except Exception as error:
            _log.error("import %s failed: %s", claim.id, type(error).__qualname__)
            self._close(claim, error)
        return True

    def _close(self, claim: Claim, error: Exception) -> None:
        with suppress(GraphCRMError):  # the lease then runs out, and the job is begun again
            self._graph.jobs.fail(claim, error)
