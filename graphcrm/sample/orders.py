"""What the sample business sold: products, orders with their lines, and a few refunds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from graphcrm.sample import words
from graphcrm.sample.campaigns import Response
from graphcrm.sample.draw import DAY, SPAN, Draw, Weighted, money, when
from graphcrm.sample.people import Party

__all__ = ["Line", "Order", "line_rows", "make_orders", "order_ids", "order_rows", "order_values", "product_rows"]

# Days between two orders: everybody has a rhythm of their own, and some never buy (0).
_RHYTHM = Weighted((0, 14, 30, 60, 90, 180, 365), (20, 1, 4, 9, 17, 25, 24))
_LINES = Weighted((1, 2, 3, 4, 5), (46, 27, 15, 8, 4))
_DISCOUNT = Weighted((0, 5, 10, 15), (70, 15, 10, 5))
MAX_ORDERS: Final = 60
CNY_PER_USD: Final = 7


class Line(NamedTuple):
    """One line: which product (position), how many, the price in cents, the discount in hundredths."""

    product: int
    quantity: int
    price: int
    discount: int

    @property
    def amount(self) -> int:
        """Ten-thousandths of the currency unit, exactly."""
        return self.quantity * self.price * (100 - self.discount)


class Order(NamedTuple):
    """A purchase or, with negative quantities, its refund; sorts by time."""

    at: int
    party: int
    refund: bool
    currency: str
    lines: tuple[Line, ...]

    @property
    def amount(self) -> int:
        """Ten-thousandths of the currency unit: the sum of the lines."""
        return sum(line.amount for line in self.lines)


def make_orders(seed: int, parties: Sequence[Party], responses: Iterable[Response]) -> list[Order]:
    """Let customers buy, each at a rhythm of their own until they perhaps stop, and once for each conversion.

    Returns
    -------
    list of Order
        By time, then party.
    """
    draw = Draw(seed, "orders")
    conversions: dict[int, list[int]] = {}
    for response in responses:
        if response.kind == "converted":
            conversions.setdefault(response.party, []).append(response.at)
    orders = []
    for position, party in enumerate(parties):
        if not party.customer:
            continue
        favourites = [draw.below(len(words.PRODUCTS)) for _ in range(3)]
        times = {*_order_times(draw, party), *conversions.get(position, ())}
        for at in sorted(times):
            order = _make_order(draw, party, position, at, favourites)
            orders.append(order)
            returned = at + draw.between(2, 20) * DAY
            if returned <= SPAN and draw.chance(0.02):
                orders.append(_refund(draw, order, returned))
    return sorted(orders)


def _order_times(draw: Draw, party: Party) -> list[int]:
    rhythm = _RHYTHM.pick(draw) * DAY
    if not rhythm:
        return []
    first = party.joined + draw.below(30 * DAY)
    # Three in ten are lost on the way.
    last = first + int((SPAN - first) * draw.random()) if draw.chance(0.3) else SPAN
    steady = draw.chance(0.6)
    times: list[int] = []
    at = first
    while at <= last and at <= SPAN and len(times) < MAX_ORDERS:
        times.append(at)
        gap = 0.8 + 0.4 * draw.random() if steady else 0.2 + 1.6 * draw.random()
        at += int(rhythm * gap) + 1
    return times


def _make_order(draw: Draw, party: Party, position: int, at: int, favourites: Sequence[int]) -> Order:
    chinese = words.CITIES[party.city].country == "CN"
    products: list[int] = []
    for _ in range(_LINES.pick(draw)):
        product = draw.pick(favourites) if draw.chance(0.6) else draw.below(len(words.PRODUCTS))
        if product not in products:
            products.append(product)
    lines = []
    for product in products:
        price = words.PRODUCTS[product][2] * (CNY_PER_USD if chinese else 1)
        quantity = draw.between(4, 40) if party.organization else draw.pick((1, 1, 1, 2, 2, 3))
        lines.append(Line(product, quantity, price, _DISCOUNT.pick(draw)))
    return Order(at, position, False, "CNY" if chinese else "USD", tuple(lines))


def _refund(draw: Draw, order: Order, at: int) -> Order:
    """Take back one line, or all of the order."""
    lines = order.lines if draw.chance(0.4) else (draw.pick(order.lines),)
    back = tuple(line._replace(quantity=-line.quantity) for line in lines)
    return Order(at, order.party, True, order.currency, back)


def order_ids(orders: Sequence[Order]) -> list[str]:
    """Ids in the orders' own order."""
    width = max(5, len(str(len(orders))))
    return [f"O{i:0{width}d}" for i in range(1, len(orders) + 1)]


def order_values(orders: Iterable[Order]) -> dict[tuple[int, int], tuple[str, str]]:
    """Amount and currency of what a party (position) bought at a second."""
    return {(o.party, o.at): (money(o.amount), o.currency) for o in orders if not o.refund}


def product_rows() -> list[tuple[str, ...]]:
    """Rows of products.csv, by id."""
    return [
        (_product_id(i), name, category, money(price * 100), "USD")
        for i, (category, name, price) in enumerate(words.PRODUCTS)
    ]


def order_rows(parties: Sequence[Party], orders: Sequence[Order], ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Rows of orders.csv, by id."""
    return [
        (id_, parties[o.party].id, when(o.at), money(o.amount), o.currency, _status(o))
        for id_, o in zip(ids, orders, strict=True)
    ]


def line_rows(orders: Sequence[Order], ids: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Rows of order_lines.csv, by order and line."""
    for id_, order in zip(ids, orders, strict=True):
        for number, line in enumerate(order.lines, 1):
            yield (
                id_,
                _product_id(line.product),
                str(line.quantity),
                str(number),
                money(line.price * 100),
                f"0.{line.discount:02d}",
            )


def _product_id(position: int) -> str:
    return f"SKU{position + 1:03d}"


def _status(order: Order) -> str:
    if order.refund:
        return "refunded"
    age = SPAN - order.at
    return "placed" if age < 2 * DAY else "shipped" if age < 7 * DAY else "completed"
