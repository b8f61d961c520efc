"""What graphcrm does with a graph: the object behind ``graphcrm.connect()``, the API and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphcrm.errors import InvalidInput
from graphcrm.service.archive import Archive
from graphcrm.service.candidates import Candidates
from graphcrm.service.import_checks import check_import
from graphcrm.service.influence import Influence
from graphcrm.service.introducing import Introducing
from graphcrm.service.jobs import Claim, Jobs
from graphcrm.service.merging import Merging
from graphcrm.service.records import Records
from graphcrm.service.referring import Referring
from graphcrm.service.risk import Risk
from graphcrm.service.search import find_parties
from graphcrm.service.seeding import Seeding
from graphcrm.service.sources import Sources
from graphcrm.service.status import status_of
from graphcrm.service.tokens import Tokens
from graphcrm.service.webhooks import Webhooks
from graphcrm.settings import Settings
from graphcrm.store import GraphStore

if TYPE_CHECKING:
    from graphcrm.intake.importer import ImportReport, Progress

__all__ = ["Graph", "connect"]


def connect(settings: Settings | None = None) -> Graph:
    """Open the graph.

    Parameters
    ----------
    settings : Settings, optional
        By default from the environment: Neo4j where ``GRAPHCRM_NEO4J_URI`` names one, else the embedded engine in
        ``GRAPHCRM_HOME``.

    Returns
    -------
    Graph
        Close it when done, or use it in a ``with`` statement.

    Raises
    ------
    StoreError
        The database does not answer, or was written by a newer graphcrm.
    """
    return Graph(settings or Settings())


class Graph(Influence, Introducing, Referring, Risk, Seeding):
    """An open graph; safe to share between threads.

    Tables that it gives back are DataFrames whose rows are what the API lists; their `attrs` hold what the answer was
    computed from: `revision`, `as_of`, `layers`, and how many `parties` and `ties` were seen. What is asked of a party
    that was merged away is answered of the one that stands for it; the answer names it, and a warning is logged.
    """

    def __init__(self, settings: Settings) -> None:
        store = GraphStore(settings)
        self.jobs = Jobs(store, settings.home)
        super().__init__(settings, store, Merging(store), Sources(store, self.jobs, settings.region))
        self.records = Records(self.store, region=settings.region)
        self.archive = Archive(self.store)
        self.tokens = Tokens(self.store)
        self.candidates = Candidates(self.store, self.jobs.holder)
        self.webhooks = Webhooks(self.store, settings.webhooks_allow_private)

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the embedded engine stops with its last user."""
        self.jobs.holder.close()
        self.store.close()

    # ---- finding, importing, keeping ----

    def search(self, query: str, limit: int = 20) -> list[dict[str, Any]]:
        """Find parties by a part of their id, name, e-mail or phone, in any case.

        Parameters
        ----------
        query : str
            1 to `limits.MAX_QUERY_LENGTH` characters.
        limit : int
            Hits, 1 to `limits.MAX_PAGE`.

        Returns
        -------
        list of dict
            `id`, `label`, `name` and `matched` (the field that matched): an equal id first, then names that begin with
            the query, names that hold it, and the rest; customers before contacts, then by name and id. The id of a
            party that was merged away finds the one that stands for it (`matched` is ``merged_id``).
        """
        return find_parties(self.store, query, limit)

    def import_files(
        self,
        paths: Iterable[str | Path],
        mapping: str | Path | None = None,
        dry_run: bool = False,
        rejects: str | Path | None = None,
        progress: Progress | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        source: str = "files",
        claim: Claim | None = None,
        preset: str | None = None,
        region: str | None = None,
        merge_duplicates: bool = False,
        date_order: str | None = None,
    ) -> ImportReport:
        """Load files (see `graphcrm.intake.importer.import_files`) and leave an entry in `jobs`.

        `region` is the settings' unless given. With `merge_duplicates` parties that are surely one are merged when all
        rows are in, as `graphcrm duplicates merge --auto` does; the report's `merged` counts those that went.
        """
        from graphcrm.intake.importer import import_files
        from graphcrm.service.left_open import nobodies

        paths = list(paths)
        given = Path(mapping) if mapping else None
        check_import([Path(path) for path in paths], source, given, preset, encoding, delimiter, date_order)
        if dry_run and merge_duplicates:
            raise InvalidInput("merge_duplicates: contradicts dry_run, which writes nothing", field="merge_duplicates")
        if not dry_run:
            self.sources.add(source)
        options: dict[str, Any] = {
            "delimiter": delimiter,
            "encoding": encoding,
            "preset": preset,
            "region": region or self.settings.region,
            "date_order": date_order,
            "nobodies": partial(nobodies, self.store),
        }
        load: Callable[..., ImportReport] = partial(
            import_files, self.records.of(source), paths, mapping, dry_run, **options
        )
        if merge_duplicates:
            from graphcrm.service.importing import merging_after

            load = merging_after(load, self.store)
        return self.jobs.recorded(load, paths, source, rejects, progress, dry_run, claim)

    def revision(self) -> int:
        """A number that every write raises."""
        return self.store.revision()

    def touch(self) -> int:
        """Make what another tool wrote to the database seen; give back the new revision."""
        return self.store.touch()

    def status(self) -> dict[str, Any]:
        """Which engine, where, its version, the schema, the revision, and counts by label and type."""
        return status_of(self.store, self.settings)
