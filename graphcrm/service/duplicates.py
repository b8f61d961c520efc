"""Parties recorded more than once: finding them, and remembering which pairs are not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from graphcrm import limits
from graphcrm.errors import InvalidInput, NotFound
from graphcrm.identity.thresholds import REVIEW_PROBABILITY
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import roots
from graphcrm.service.listing import Page
from graphcrm.service.planning import resolve_labels
from graphcrm.service.verdicts import in_order, pair_id, tell_apart
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DUPLICATE_COLUMNS", "Duplicates"]

DUPLICATE_COLUMNS: Final = (
    "left_id",
    "left_name",
    "right_id",
    "right_name",
    "probability",
    "weight",
    "group",
    "evidence",
)
"""Columns of what `Duplicates.find` gives."""

_ROWS_A_SHARD: Final = 5_000
_PAGE: Final = 10_000


class Duplicates:
    """The duplicates of a graph; those of no label but `PARTY_LABELS` are looked for."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def find(self, threshold: float = REVIEW_PROBABILITY) -> pd.DataFrame:
        """Find the parties that are recorded more than once.

        Parameters
        ----------
        threshold : float
            The least probability of a pair, above 0 and below 1.

        Returns
        -------
        DataFrame
            One row a pair, `left_id` before `right_id` in UTF-8 order; the most probable first, then by ids. `weight`
            is the sum of the `evidence`, a list of ``{field, level, weight}``. `group` is the first id of the group to
            which both belong, None where the pair links no group because of what else is known. `attrs` say what the
            answer was computed from: `revision`, `parties`, the `groups` (lists of ids), whether the data `trained`
            the model, the `prior` probability, and the values `skipped` because too many share them. Pairs that were
            told apart are left out.

        Raises
        ------
        InvalidInput
            A threshold out of bounds.
        """
        # Imported here, since splink takes longer to load than most commands take to run.
        import pandas as pd

        from graphcrm.identity.duplicates import find_duplicates

        revision = self._store.revision()
        parties = self.parties()
        apart = self._apart()
        found = find_duplicates(parties, threshold, apart)
        names = dict(zip(parties["id"], parties["name"], strict=True))
        group_of = {member: group[0] for group in found.groups for member in group}
        pairs = found.pairs
        ends = list(zip(pairs["left_id"], pairs["right_id"], strict=True))
        joined = [group_of.get(left) if group_of.get(left) == group_of.get(right) else None for left, right in ends]
        table = pd.DataFrame(
            {
                **{column: pairs[column] for column in pairs},
                "left_name": pd.Series([names[left] for left, _ in ends], dtype=object),
                "right_name": pd.Series([names[right] for _, right in ends], dtype=object),
                "group": pd.Series(joined, dtype=object),
            },
            columns=list(DUPLICATE_COLUMNS),
        )
        table.attrs.update(
            revision=revision,
            parties=len(parties),
            groups=found.groups,
            trained=found.trained,
            prior=found.prior,
            skipped=found.skipped,
        )
        return table

    def parties(self) -> pd.DataFrame:
        """Every party as `identity.duplicates.find_duplicates` takes them, with its `label`; in no order."""
        import pandas as pd

        parts = [
            pd.DataFrame({name: values for name, values in part.items() if name != "shard"}, dtype=object).assign(
                label=label
            )
            for label in PARTY_LABELS
            for part in self._store.read("duplicates/read_parties", words={"LABEL": label}, shards=self._shards(label))
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"id": [], "name": []}, dtype=object)

    def verdicts(self) -> Iterator[dict[str, Any]]:
        """The pairs that were told apart: `left_id`, `right_id`, `at`; in the order of their ids."""
        after = ""
        while page := self._store.read("duplicates/list_verdicts", after_id=after, row_limit=_PAGE):
            yield from map(_verdict, page)
            after = page[-1]["id"]

    def page_of_verdicts(self, cursor: str | None = None, limit: int = 100) -> Page:
        """A page of the pairs that were told apart: `items` as `verdicts` gives them, and `next_cursor`."""
        if not 1 <= limit <= limits.MAX_PAGE:
            raise InvalidInput(f"limit: must lie between 1 and {limits.MAX_PAGE}", field="limit")
        rows = self._store.read("duplicates/list_verdicts", after_id=cursor or "", row_limit=limit + 1)
        items = [_verdict(row) for row in rows[:limit]]
        return Page(items, rows[limit - 1]["id"] if len(rows) > limit else None)

    def _apart(self) -> list[tuple[str, str]]:
        """The pairs that were told apart, by those who stand for them now."""
        told = [(verdict["left_id"], verdict["right_id"]) for verdict in self.verdicts()]
        stands = roots(self._store.read, {id_ for pair in told for id_ in pair})
        return [(stands.get(left, left), stands.get(right, right)) for left, right in told]

    def tell_apart(self, one: str, other: str) -> dict[str, Any]:
        """Remember that two parties are not the same; `find` will not name the pair, nor join them in one group.

        Parameters
        ----------
        one, other : str
            Ids of parties, in either order.

        Returns
        -------
        dict
            `left_id`, `right_id` and `at`.

        Raises
        ------
        InvalidInput
            Both ids are one.
        NotFound
            One of them is no party's.
        """
        left, right = in_order(one, other)
        at = datetime.now(UTC)

        def work(tx: Transaction) -> None:
            known = resolve_labels(tx, PARTY_LABELS, [left, right], {})
            for id_ in (left, right):
                if id_ not in known:
                    raise NotFound(f"there is no party {id_!r}; `graphcrm search` finds ids")
            tell_apart(tx, [(left, right)], at)

        self._store.write(work, [left, right], repeatable=True)
        return {"left_id": left, "right_id": right, "at": from_graph("at", at)}

    def forget(self, one: str, other: str) -> None:
        """Take back that two parties are not the same; NotFound where nobody said so."""
        left, right = in_order(one, other)

        def work(tx: Any) -> int:
            return int(tx.run("duplicates/delete_verdict", ids=[pair_id(left, right)])[0]["written"])

        if not self._store.write(work):
            raise NotFound(f"{left} and {right} were not told apart")

    def _shards(self, label: str) -> int:
        total = self._store.read("store/count_nodes", words={"LABEL": label})[0]["total"]
        return int(total) // _ROWS_A_SHARD + 1


def _verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"left_id": row["left_id"], "right_id": row["right_id"], "at": from_graph("at", row["at"])}
