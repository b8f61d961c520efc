"""Why a party stands where it stands: a few plain facts, and a sentence of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Integers, Projection

__all__ = ["LANGUAGES", "Facts", "describe", "facts_of"]

LANGUAGES = ("en", "zh")
_NAME_LENGTH = 60


@dataclass(frozen=True)
class Facts:
    """What a party's ties say about it.

    Attributes
    ----------
    party_id : str
        The party.
    referred : int
        Parties it referred itself.
    referred_label : str or None
        Their label, when all have the same.
    reached : int
        Parties it brought by referral in all, directly and through others.
    hops : int
        The most hops to any of them (each counted by the shortest way).
    ties : int
        Parties it has a tie with.
    communities : int
        Communities these belong to.
    strongest : str or None
        Name, or else id, of the party it has the strongest tie with; the least id among equals.
    """

    party_id: str
    referred: int
    referred_label: str | None
    reached: int
    hops: int
    ties: int
    communities: int
    strongest: str | None


def facts_of(network: Projection, communities: Integers, party_ids: Iterable[str]) -> list[Facts]:
    """Gather the facts of some parties.

    Parameters
    ----------
    network : Projection
        The projected network; without the layer `referral` nobody has referred.
    communities : ndarray of int, shape (n,)
        Each party's community, in the order of `network.ids`.
    party_ids : iterable of str
        Whom to describe.

    Returns
    -------
    list of Facts
        In the order of `party_ids`.

    Raises
    ------
    NotFound
        For an unknown party.
    """
    referrals = _referrals(network)
    return [_facts(network, communities, referrals, network.position(party)) for party in party_ids]


def _referrals(network: Projection) -> Any:
    rows = network.ties.layer == "referral"
    ends = (network.ties.source[rows], network.ties.target[rows])
    return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(len(network), len(network)))


def _facts(network: Projection, communities: Integers, referrals: Any, party: int) -> Facts:
    brought, hops = _brought(referrals, party)
    direct = _neighbors(referrals, party)
    labels = set(network.labels[direct])
    around = network.around
    row = slice(around.indptr[party], around.indptr[party + 1])
    neighbors, strengths = around.indices[row], around.data[row]
    strongest = None
    if len(neighbors):
        nearest = neighbors[strengths == strengths.max()].min()
        strongest = network.names[nearest] or network.ids[nearest]
    return Facts(
        party_id=network.ids[party],
        referred=len(direct),
        referred_label=labels.pop() if len(labels) == 1 else None,
        reached=brought,
        hops=hops,
        ties=len(neighbors),
        communities=len(np.unique(communities[neighbors])),
        strongest=strongest,
    )


def _neighbors(graph: Any, node: int) -> Integers:
    return np.asarray(graph.indices[graph.indptr[node] : graph.indptr[node + 1]], dtype=np.int64)


def _brought(referrals: Any, party: int) -> tuple[int, int]:
    """How many a party brought by referral over all hops, and the most hops."""
    seen = {party}
    frontier, hops = [party], 0
    while True:
        reached = {child for node in frontier for child in _neighbors(referrals, node).tolist()} - seen
        if not reached:
            return len(seen) - 1, hops
        seen |= reached
        frontier, hops = list(reached), hops + 1


def describe(facts: Facts, language: str = "en") -> str:
    """Put a party's facts into one plain sentence.

    Parameters
    ----------
    facts : Facts
        What its ties say.
    language : {"en", "zh"}
        English or Chinese.

    Returns
    -------
    str
        Never empty, without a full stop.

    Raises
    ------
    InvalidInput
        For another language.

    Examples
    --------
    >>> describe(Facts("C1", 14, "Customer", 45, 3, 9, 4, "Ann"))
    'referred 14 customers, who brought 31 more over 3 hops; ties to 9 parties in 4 communities, the strongest to Ann'
    >>> describe(Facts("C1", 14, "Customer", 45, 3, 9, 4, "李安"), "zh")
    '推荐了 14 位客户，由此又带来 31 位，共 3 层；与 4 个社群中的 9 方有联系，其中与李安最紧密'
    """
    if language not in LANGUAGES:
        raise InvalidInput(
            f"Reasons are given in {' or '.join(LANGUAGES)}, not {language!r}.",
            field="language",
            allowed=LANGUAGES,
        )
    return _english(facts) if language == "en" else _chinese(facts)


def _english(facts: Facts) -> str:
    parts = []
    if facts.referred:
        whom = {"Customer": "customer", "Contact": "contact"}.get(facts.referred_label or "")
        said = f"referred {_counted(facts.referred, whom) if whom else _counted(facts.referred, 'party', 'parties')}"
        if facts.reached > facts.referred:
            said += f", who brought {facts.reached - facts.referred:,} more over {facts.hops} hops"
        parts.append(said)
    if facts.ties:
        said = f"ties to {_counted(facts.ties, 'party', 'parties')}"
        if facts.communities > 1:
            said += f" in {_counted(facts.communities, 'community', 'communities')}"
        only = "" if facts.ties == 1 else "the strongest "
        parts.append(f"{said}, {only}to {_short(facts.strongest)}" if only else f"a tie to {_short(facts.strongest)}")
    return "; ".join(parts) or "no ties in the chosen layers"


def _chinese(facts: Facts) -> str:
    parts = []
    if facts.referred:
        whom = {"Customer": "位客户", "Contact": "位联系人"}.get(facts.referred_label or "", "方")
        said = f"推荐了 {facts.referred:,} {whom}"
        if facts.reached > facts.referred:
            said += f"，由此又带来 {facts.reached - facts.referred:,} 位，共 {facts.hops} 层"
        parts.append(said)
    if facts.ties == 1:
        parts.append(f"与{_short(facts.strongest)}有联系")
    elif facts.ties:
        where = f"{facts.communities:,} 个社群中的 " if facts.communities > 1 else ""
        parts.append(f"与 {where}{facts.ties:,} 方有联系，其中与{_short(facts.strongest)}最紧密")
    return "；".join(parts) or "在所选层中没有联系"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _short(name: str | None) -> str:
    text = " ".join((name or "").split())
    return text if len(text) <= _NAME_LENGTH else text[: _NAME_LENGTH - 1] + "…"
