"""Whose leaving would cut customers off from us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.brokers import Walk, walk_from
from graphcrm.network.graph import Integers, Projection
from graphcrm.service.answers import When, amounts, basis, standing
from graphcrm.service.questions import Questions
from graphcrm.service.staff import STAFF_LABEL, node_of, user_of
from graphcrm.values import MONEY_SCALE

__all__ = ["Risk"]

_LISTED: Final = 10
"""Customers that are named of those whom a broker holds."""


class Risk(Questions):
    """Questions about what could be lost."""

    def brokers(
        self,
        root: str | None = None,
        layers: Iterable[str] | None = None,
        as_of: When = None,
        limit: int | None = None,
        currency: str | None = None,
    ) -> pd.DataFrame:
        """Who, by leaving, would cut which customers and how much revenue off from us.

        Parameters
        ----------
        root : str, optional
            From whom customers must be reached: a member of staff or a party; by default from any member of staff,
            each of whom may leave, too.
        layers : iterable of str, optional
            See `network`; users are tied by `interaction` to whom they dealt with, by `works_with` to whom they own.
            Ties are followed whichever way they point.
        as_of
            See `network`.
        limit : int, optional
            Rows; all by default.
        currency : str, optional
            In which revenue ranks; by default that in which most customers bought.

        Returns
        -------
        pandas.DataFrame
            `rank`, `party_id`, `label` (`Customer`, `Contact` or `User`), `name`, `customers` and `parties` that would
            be cut off, their `revenue` by currency, `bridges` (ties of it that are the only way to some of them) and
            `cut_off` (ids of the customers with most revenue, ten at most). By revenue in the currency, then customers,
            then parties, then id; only those who would cut anyone off. What a broker bought itself is not counted.
            `attrs` has the `root`, the `currency`, and how many customers are `out_of_reach` already.

        Raises
        ------
        NotFound
            An unknown root.
        InvalidInput
            No root, and no member of staff in the graph.
        """
        if limit is not None and limit < 1:
            raise InvalidInput("limit: must be at least 1", field="limit")
        snapshot, network = self._staffed(layers, as_of)
        roots = self._roots(network, root)
        revenue = self._resident.revenue(snapshot, network.as_of)
        currency = currency or _commonest(revenue)
        walk = walk_from(network.around, roots)
        customers = (network.labels == "Customer").astype(np.int64)
        ranked = _worth(network, revenue, currency)
        held = {"customers": walk.below(customers), "parties": walk.below((network.labels != STAFF_LABEL) * 1)}
        at_risk = walk.below(ranked)
        brokers = np.unique(walk.broker)
        brokers = brokers[held["parties"][brokers] > 0]
        order = _ordered(network, brokers, (at_risk, held["customers"], held["parties"]))
        chosen = order[:limit]
        worth = {name: walk.below(_worth(network, revenue, name)) for name in _currencies(revenue)}
        frame = pd.DataFrame(
            {
                "rank": np.arange(1, len(chosen) + 1),
                "party_id": [_id(node) for node in network.ids[chosen]],
                "label": network.labels[chosen],
                "name": network.names[chosen],
                "customers": held["customers"][chosen],
                "parties": held["parties"][chosen],
                "revenue": [_money({name: int(sums[node]) for name, sums in worth.items()}) for node in chosen],
                "bridges": [int(np.count_nonzero(walk.bridge & (walk.broker == node))) for node in chosen],
                "cut_off": [_dearest(network, walk, ranked, node) for node in chosen],
            }
        )
        reached = int(customers[walk.order].sum())
        said = {"root": root, "currency": currency or None, "out_of_reach": int(customers.sum()) - reached}
        parties = int(np.count_nonzero(network.labels != STAFF_LABEL))
        frame.attrs.update(basis(snapshot, network) | {"parties": parties, "total": len(order)} | said)
        return frame

    def _roots(self, network: Projection, root: str | None) -> Integers:
        if root is None:
            staff = np.flatnonzero(network.labels == STAFF_LABEL)
            if not len(staff):
                message = "root: the graph has no members of staff to reach customers from; name a party instead"
                raise InvalidInput(message, field="root")
            return staff
        try:
            return np.array([network.position(node_of(root))])
        except NotFound:
            return np.array([network.position(standing(network, root, self.merging.root))])


def _id(node: str) -> str:
    return user_of(node) or node


def _ordered(network: Projection, brokers: Integers, most: tuple[Integers, ...]) -> Integers:
    """Brokers by what they hold, the first sums first, then by id."""

    def key(node: int) -> tuple[Any, ...]:
        return (*(-sums[node] for sums in most), _id(str(network.ids[node])))

    return np.array(sorted(brokers.tolist(), key=key), dtype=np.int64)


def _currencies(revenue: Mapping[str, Mapping[str, Decimal]]) -> list[str]:
    return sorted({currency for money in revenue.values() for currency in money})


def _commonest(revenue: Mapping[str, Mapping[str, Decimal]]) -> str:
    """The currency in which most customers bought, the first by name of several."""
    bought = Counter(currency for money in revenue.values() for currency in money)
    return min(bought, key=lambda name: (-bought[name], name), default="")


def _worth(network: Projection, revenue: Mapping[str, Mapping[str, Decimal]], currency: str) -> Integers:
    """Revenue of every node in a currency, in ten-thousandths."""
    found = (revenue.get(id_, {}).get(currency, 0) for id_ in network.ids)
    return np.fromiter((int(amount * MONEY_SCALE) for amount in found), np.int64, len(network))


def _money(held: dict[str, int]) -> list[dict[str, Any]]:
    return amounts({name: Decimal(value) / MONEY_SCALE for name, value in held.items() if value})


def _dearest(network: Projection, walk: Walk, worth: Integers, node: int) -> list[str]:
    held = walk.held_by(node)
    held = held[network.labels[held] == "Customer"]
    return list(network.ids[held[np.lexsort((held, -worth[held]))][:_LISTED]])
