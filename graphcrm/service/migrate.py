"""Moving a whole store into another, by way of a backup that is checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from graphcrm.errors import Conflict
from graphcrm.service.backup import Restored, check_empty, make_backup, restore_backup, restore_begun
from graphcrm.service.whole import Progress
from graphcrm.store import GraphStore

__all__ = ["forget_migrations", "migrate"]


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
        The target is not empty, or the backup of the migration that was begun into it is gone.
    InvalidInput, StoreError
        As for `make_backup` and `restore_backup`.
    """
    path = _folder(source) / f"{_name(target)}.backup"
    if not restore_begun(target):
        check_empty(target)
        path.unlink(missing_ok=True)
        make_backup(source, path, progress)
    elif not path.exists():
        raise Conflict(
            "the migration that was begun cannot go on, since its backup is gone: a source was erased meanwhile, or it "
            "was begun elsewhere; empty the target and run it again"
        )
    restored = restore_backup(target, path, progress)
    path.unlink(missing_ok=True)
    return restored


def forget_migrations(source: GraphStore) -> None:
    """Delete the backups that migrations which were cut off have left in a store's data folder.

    What is written to be a backup at the moment goes, too: such a migration fails and can be run again.

    Parameters
    ----------
    source : GraphStore
        From where they were to go.
    """
    for path in _folder(source).glob("*"):
        path.unlink(missing_ok=True)


def _folder(source: GraphStore) -> Path:
    return source.settings.home / "migrations"


def _name(target: GraphStore) -> str:
    """A name for the backup that goes to a target: the same for the same target."""
    settings = target.settings
    where = f"{settings.neo4j_uri} {settings.neo4j_database}" if settings.neo4j_uri else str(settings.home)
    return hashlib.sha256(where.encode()).hexdigest()[:16]
