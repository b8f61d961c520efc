"""Moving a whole store into another, by way of a backup that is checked."""

from __future__ import annotations

import hashlib

from graphcrm.service.backup import Restored, check_empty, make_backup, restore_backup, restore_begun
from graphcrm.service.whole import Progress
from graphcrm.store import GraphStore

__all__ = ["migrate"]


def migrate(source: GraphStore, target: GraphStore, progress: Progress | None = None) -> Restored:
    """Copy a store into an empty one, on whichever engine each is.

    Everything goes that a backup carries, tokens and receipts included, so that those who call the service need not
    notice. The source stays as it is. The copy is as of one moment; what is written to the source afterwards stays
    behind. A migration that was killed is simply run again: the backup it works from lies in the source's data folder
    until it is through.

    Parameters
    ----------
    source, target : GraphStore
        From where, and where to.
    progress : callable, optional
        Told what is being done, for how many nodes and ties, and for about what share of all.

    Returns
    -------
    dict of str to int
        Nodes by label and ties by type, as counted in the target.

    Raises
    ------
    Conflict
        The target is not empty.
    InvalidInput, StoreError
        As for `make_backup` and `restore_backup`.
    """
    path = source.settings.home / "migrations" / f"{_name(target)}.backup"
    if not restore_begun(target):
        check_empty(target)
        path.unlink(missing_ok=True)
        make_backup(source, path, progress)
    restored = restore_backup(target, path, progress)
    path.unlink()
    return restored


def _name(target: GraphStore) -> str:
    """A name for the backup that goes to a target: the same for the same target."""
    settings = target.settings
    where = f"{settings.neo4j_uri} {settings.neo4j_database}" if settings.neo4j_uri else str(settings.home)
    return hashlib.sha256(where.encode()).hexdigest()[:16]
