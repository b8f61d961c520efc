"""Merging by itself what is surely one party: decided as a whole first, then carried out batch by batch.

What was decided is kept in the graph until it is carried out (`graphcrm.service.decisions`). A run that is cut off
leaves the rest of its decisions, and the next one of the same threshold begins with them, so that both end as one
undisturbed run would have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.identity.thresholds import MERGE_PROBABILITY, REVIEW_PROBABILITY
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import kept_apart
from graphcrm.service.changes import acting
from graphcrm.service.decisions import (
    AUTOMATIC,
    Decided,
    Waiting,
    begin,
    changed_since,
    check_own,
    end,
    forget,
    keep,
    numbered,
    still_decided,
    waiting,
)
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.merging import Grounds, Merge, may_merge, merge_parties
from graphcrm.service.source_records import FILES, own_fields, trust_of, trusts
from graphcrm.service.verdicts import RUN, in_order
from graphcrm.store import GraphStore, Transaction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AUTOMATIC", "MERGED_COLUMNS", "merge_surely", "survivor"]

MERGED_COLUMNS: Final = ("id", "name", "into", "into_name", "probability", "compared_with", "evidence")
"""Columns of what `merge_surely` gives."""

Progress = Callable[[int, int], None]
"""Told how many merges are made, of how many."""

_BATCH: Final = 200
_READ: Final = 5_000
_NAMES: Final = frozenset(["given_name", "surname", "name_suffix", "kind", "country", "legal_form"])
"""What agrees by the name alone, or says nothing of who it is."""
_SAME_TOWN: Final = "same area"
"""The level of addresses of which no more than the town is known to agree."""


def merge_surely(
    store: GraphStore,
    threshold: float = MERGE_PROBABILITY,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Merge each group of parties that are surely one into the member that `survivor` names.

    Parameters
    ----------
    store : GraphStore
        The graph.
    threshold : float
        The least probability of a pair that links a group, from `REVIEW_PROBABILITY` to below 1.
    dry_run : bool
        Only say what would be merged.
    progress : callable, optional
        Told how many of how many merges are made.

    Returns
    -------
    DataFrame
        The columns `MERGED_COLUMNS`, one row for each party that went, in the order in which they did. `attrs` say
        whether the run `resumed` what an earlier one of the same threshold had decided (nothing new is looked for
        then), and how many decisions were `skipped`, since somebody changed, merged or told apart the parties of their
        groups after they were decided; they are forgotten.

    Raises
    ------
    InvalidInput
        A threshold out of bounds.
    Conflict
        Another run began to decide meanwhile, or a source was erased on whose words what was found may rest.
    """
    import pandas as pd

    if not REVIEW_PROBABILITY <= threshold < 1:
        raise InvalidInput(f"threshold: must lie between {REVIEW_PROBABILITY} and 1, and below 1", field="threshold")
    decided = waiting(store, threshold)
    resumed = decided is not None
    if decided is None:
        # Before anything is read: who erases a source takes the run's entry away, and it comes to nothing.
        begun = Decided([], datetime.now(UTC)) if dry_run else begin(store, threshold)
        merges = _decided(store, threshold)
        decided = Decided(numbered(merges), begun.at) if dry_run else keep(store, begun, merges)
    rows: list[dict[str, Any]] = []
    done = 0
    for batch in _batches(decided.merges):
        ids = {id_ for _, merge in batch for id_ in (merge.id, merge.into)}
        if dry_run:
            rows += store.reading(partial(_possible, batch=batch, at=decided.at))[1]
        else:
            rows += store.write(partial(_carry_out, batch=batch, run=decided.run, at=decided.at), {*ids, RUN})
        done += len(batch)
        if progress:
            progress(done, len(decided.merges))
    if not dry_run:
        end(store, decided.run)
    frame = pd.DataFrame(rows, columns=list(MERGED_COLUMNS))
    frame.attrs.update(resumed=resumed, skipped=len(decided.merges) - len(rows))
    return frame


def survivor(members: Iterable[tuple[str, Mapping[str, Any]]], trust: Mapping[str, int]) -> str:
    """Of the parties that are one, the id of the one that stays.

    Parameters
    ----------
    members : iterable of (str, mapping)
        Label and properties of each.
    trust : mapping of str to int
        Trust by source, as people have set it.

    Returns
    -------
    str
        A customer before a contact, then whom the most trusted source describes, then who has most fields, then who
        was created first, then the first id in UTF-8 order.

    Examples
    --------
    >>> ann, anna = {"id": "C2", "name": "Ann", "city": "Ulm"}, {"id": "C1", "name": "Anna"}
    >>> survivor([("Customer", anna), ("Customer", ann)], {})
    'C2'
    >>> survivor([("Customer", anna), ("Contact", ann)], {})
    'C1'
    """

    def rank(member: tuple[str, Mapping[str, Any]]) -> tuple[Any, ...]:
        label, properties = member
        most = max(trust_of(source, trust) for source in properties.get("_sources") or [FILES])
        created = properties.get("created_at")
        # Who has no such time comes after all who have one.
        since = created.timestamp() if created is not None else float("inf")
        fields = len(own_fields(properties))
        return PARTY_LABELS.index(label), -most, -fields, since, properties["id"].encode()

    return str(min(members, key=rank)[1]["id"])


# ---- deciding --------------------------------------------------------------------------------------------


def _decided(store: GraphStore, threshold: float) -> list[Merge]:
    """The merges to make; those into one party follow each other."""
    found = Duplicates(store).find(threshold)
    groups: list[list[str]] = found.attrs["groups"]
    best = _best_pairs(found, groups)
    members = {id_ for group in groups for id_ in group}
    parties = store.reading(partial(_read, ids=sorted(members)))
    trust = store.reading(trusts)
    merges: list[Merge] = []
    for group in groups:
        there = [id_ for id_ in group if id_ in parties]
        if len(there) < 2:
            continue  # somebody deleted or merged them meanwhile
        into = survivor((parties[id_] for id_ in there), trust)
        alike = [id_ for id_ in there if id_ != into and _numbers(parties[id_]) == _numbers(parties[into])]
        decided = [Merge(id_, into, AUTOMATIC, best.get((id_, into)) or best[id_, ""]) for id_ in alike]
        merges += [merge for merge in decided if merge.grounds and _agree_in_more(merge.grounds.evidence)]
    return merges


def _agree_in_more(evidence: Iterable[Mapping[str, Any]]) -> bool:
    """Whether more agrees than the names of two people and the town, as of many who are two."""
    return any(
        entry["weight"] > 0 and entry["field"] not in _NAMES and entry["level"] != _SAME_TOWN for entry in evidence
    )


def _numbers(party: tuple[str, Mapping[str, Any]]) -> list[str]:
    """The numbers in a party's name: Shop 1 and Shop 2 look alike, and nobody but a person may make one of them."""
    return re.findall(r"\d+", party[1]["name"])


def _best_pairs(found: pd.DataFrame, groups: Sequence[Sequence[str]]) -> dict[tuple[str, str], Grounds]:
    """What each member was merged for: by itself and another of its group, and with '' by its best pair there."""
    group_of = {id_: number for number, group in enumerate(groups) for id_ in group}
    best: dict[tuple[str, str], Grounds] = {}
    for pair in found.to_dict("records"):
        left, right = pair["left_id"], pair["right_id"]
        if left in group_of and group_of.get(left) == group_of.get(right):
            for one, other in ((left, right), (right, left)):
                best[one, other] = Grounds(pair["probability"], pair["evidence"], other)
                best.setdefault((one, ""), best[one, other])
    return best


def _read(tx: Transaction, ids: Sequence[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Label and properties of those parties that are there, by id."""
    return {
        properties["id"]: (label, properties)
        for label in PARTY_LABELS
        for start in range(0, len(ids), _READ)
        for properties in tx.run("nodes/read_many", words={"LABEL": label}, ids=ids[start : start + _READ])[0][
            "records"
        ]
    }


# ---- carrying out ----------------------------------------------------------------------------------------


def _batches(merges: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    """Merges by the transaction; those of one group are made together."""
    batch: list[Waiting] = []
    for _, group in groupby(merges, key=lambda waits: waits[1].into):
        batch += group
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _possible(tx: Transaction, *, batch: Sequence[Waiting], at: datetime) -> tuple[list[Merge], list[dict[str, Any]]]:
    """Those merges of a batch that can still be made, and what is told of each.

    A group of which anybody is no longer as the search has seen it is left as a whole, since each of its merges rests
    on what was known of the others.
    """
    groups = [[merge for _, merge in group] for _, group in groupby(batch, key=lambda waits: waits[1].into)]
    members = [[group[0].into, *(merge.id for merge in group)] for group in groups]
    parties = _read(tx, sorted({id_ for ids in members for id_ in ids}))
    changed = changed_since(tx, {id_: properties for id_, (_, properties) in parties.items()}, at)
    apart = kept_apart(tx.run, {in_order(*pair) for ids in members for pair in combinations(ids, 2)})
    merges = [
        merge
        for group, ids in zip(groups, members, strict=True)
        if parties.keys() >= set(ids)
        and changed.isdisjoint(ids)
        and apart.isdisjoint(in_order(*pair) for pair in combinations(ids, 2))
        and all(may_merge(parties[merge.id][0], parties[merge.into][0]) for merge in group)
        for merge in group
    ]
    return merges, [_row(merge, parties) for merge in merges]


def _carry_out(tx: Transaction, *, batch: Sequence[Waiting], run: str, at: datetime) -> list[dict[str, Any]]:
    """Make those merges of a batch that still can be made, and forget all of them as decisions."""
    ids = [id_ for id_, _ in batch]
    decided = still_decided(tx, ids)
    if not decided:
        return []
    check_own(tx, run)
    forgotten = set(ids) - decided
    left = {merge.into for id_, merge in batch if id_ in forgotten}
    merges, rows = _possible(tx, batch=[waits for waits in batch if waits[1].into not in left], at=at)
    forget(tx, ids)
    if merges:
        with acting(AUTOMATIC):
            merge_parties(tx, merges, datetime.now(UTC))
    return rows


def _row(merge: Merge, parties: Mapping[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {
        "id": merge.id,
        "name": parties[merge.id][1]["name"],
        "into": merge.into,
        "into_name": parties[merge.into][1]["name"],
        "probability": merge.grounds.probability if merge.grounds else None,
        "compared_with": merge.grounds.compared_with if merge.grounds else None,
        "evidence": merge.grounds.evidence if merge.grounds else None,
    }
