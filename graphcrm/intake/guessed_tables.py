"""What a file holds: customers, people at companies, orders with their lines, deals or products."""

from __future__ import annotations

import re
from typing import Final

from graphcrm.intake.guesses import Column, is_named, looks_like, number_mark
from graphcrm.intake.guessing import (
    ENDS_OF_IDS,
    Block,
    decide_date,
    decide_id,
    decide_name,
    decide_number,
    decide_plain,
    list_mark,
    name_parts,
    reached_by,
    shown,
    text_of,
)
from graphcrm.intake.recognition import column_key

__all__ = ["guess_blocks"]

_TELLING: Final = ("national_id", "street", "street_number", "suburb", "postcode", "state")
"""Properties beyond the vocabulary by which the search for duplicates tells people apart."""
_COMPANY_NAMES: Final = ("accountname", "customername", "客户名称", "名称")
"""Names of columns that hold companies as well as people."""
_DEAL: Final = re.compile(r"deal|opportunit|商机|verkaufschance")
_PLAIN_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_LATER: Final = "1970-01-01"


def guess_blocks(columns: list[Column], file: str = "rows") -> list[Block]:
    """Guess what a file holds.

    Parameters
    ----------
    columns : list of Column
        Its columns, with the values that are not empty.
    file : str
        What the mapping calls the file.

    Returns
    -------
    list of Block
        The tables to be filled from it, the one that its rows are first.
    """
    block = Block("customers", columns, file=file)
    if (block.named("order") or (block.named("at") and block.named("amount"))) and _who(block):
        return _orders(block)
    if (block.named("product") or block.named("product_name")) and block.named("price"):
        block.table = "products"
        _products(block)
        return [block]
    if block.named("stage") and any(_DEAL.search(column_key(column.name)) for column in columns):
        return _deals(block)
    company = block.named("company")
    person = block.named("last") or _full_name(block, company)
    title = block.named("title")
    if company and company.values and person and (len(company.values) * 2 >= company.rows or (title and title.values)):
        block.table = "contacts"
        return _people(block, company)
    _customers(block)
    return [block]


def _full_name(block: Block, company: Column | None) -> Column | None:
    """A column of people's names beside one of companies."""
    column = block.named("name")
    if column is None or column is company or column_key(column.name) in _COMPANY_NAMES or _is_of_contact(column):
        return None
    return column


def _is_of_contact(column: Column) -> bool:
    """Whether a column names somebody to speak to, so that the row is a company."""
    return column_key(column.name).startswith(("contact", "联系人"))


def _customers(block: Block) -> None:
    is_person = block.named("first") is not None and block.named("last") is not None
    name = block.named("name")
    if not is_person and (name is None or _is_of_contact(name)) and (column := block.named("company")):
        block.used.add(column.name)
        block.lines.append(("kind", '{ value = "organization" }', "likely: there is a company"))
        _party(block, [column])
    else:
        _party(block)
    if is_person:
        block.take("kind", '{ value = "person" }', [], "likely: there are first and last names")
    _common(block)


def _common(block: Block) -> None:
    """What customers have beyond what all parties do."""
    if found := block.find("country"):
        block.take("country", f'{{ column = {text_of(found[0].name)}, code = "country" }}', [found[0]], found[1])
    if found := block.find("website"):
        block.take("website", text_of(found[0].name), [found[0]], found[1])
    decide_date(block, "birth_date")
    decide_plain(block)
    for what in _TELLING:
        if column := block.named(what):
            block.used.add(column.name)
            why = f"likely, by its name; tells people apart: {shown(column)}"
            block.extra.append((what, text_of(column.name), why))


def _people(block: Block, company: Column) -> list[Block]:
    """People at companies: contacts of customers that are known by their names."""
    block.used.add(company.name)
    _party(block)
    decide_date(block, "birth_date")
    decide_plain(block)
    return [block, _companies(block, company)]


def _companies(block: Block, company: Column) -> Block:
    """The companies that rows name, and those rows as theirs."""
    block.take("customer_id", text_of(company.name), [company], f"likely, by its name: {shown(company)}")
    firms = Block("customers", block.columns, file=block.file, once=company.name)
    firms.take("id", text_of(company.name), [company], "companies are known by their names")
    firms.take("name", text_of(company.name), [company], f"likely, by its name: {shown(company)}")
    firms.take("kind", '{ value = "organization" }', [], "companies")
    return firms


def _party(block: Block, parts: list[Column] | None = None) -> None:
    parts = parts or name_parts(block)
    reached = reached_by(block)
    id_ = decide_id(block, ("id",), parts, reached)
    decide_name(block, parts, reached, id_)
    for what in ("email", "phone"):
        if found := block.find(what):
            block.take(what, text_of(found[0].name), [found[0]], found[1])
    decide_date(block, "created_at")
    if (column := block.named("tags")) and (mark := list_mark(column)):
        source = f"{{ column = {text_of(column.name)}, list = {text_of(mark)} }}"
        block.take("tags", source, [column], f"likely, by its name: {shown(column)}")


def _who(block: Block) -> Column | None:
    """The column that says who ordered."""
    return next((column for what in ("customer", "email", "phone", "name") if (column := block.named(what))), None)


def _orders(block: Block) -> list[Block]:
    block.table = "orders"
    who = _who(block)
    assert who is not None
    order = block.named("order")
    if order is not None and order is not who:
        is_lines = not order.is_unique
        block.lines.append(("id", text_of(order.name), f"likely, by its name: {shown(order)}"))
        block.used.add(order.name)
    else:
        is_lines = False
        decide_id(block, ("order", "id"), [who])
    block.once = order.name if order is not None and is_lines else None
    buyers = _buyers(block, who)
    lower = looks_like(who, "email")
    source = f'{{ column = {text_of(who.name)}, case = "lower" }}' if lower else text_of(who.name)
    there = "" if buyers else "; these customers must be there"
    block.take("customer_id", source, [who], f"likely, by its name: {shown(who)}{there}")
    _order_date(block)
    lines = _lines(block, order) if order is not None and is_lines else []
    _amount(block, order if is_lines else None)
    if found := block.find("currency"):
        block.take("currency", f'{{ column = {text_of(found[0].name)}, code = "currency" }}', [found[0]], found[1])
    decide_plain(block)
    return [block, *buyers, *lines]


def _buyers(orders: Block, who: Column) -> list[Block]:
    """The customers of orders, where the file says more of them than their ids."""
    block = Block("customers", orders.columns, {*orders.used, who.name}, orders.file, who.name)
    says_name = not ENDS_OF_IDS.search(column_key(who.name)) and not looks_like(who, "phone")
    parts = [who] if says_name and is_named(who, "customer") else name_parts(block)
    reached = reached_by(block)
    if not parts and not reached and not says_name:
        return []
    lower = looks_like(who, "email")
    source = f'{{ column = {text_of(who.name)}, case = "lower" }}' if lower else text_of(who.name)
    block.lines.append(("id", source, f"who ordered: {shown(who)}"))
    if lower:
        block.lines.append(("email", text_of(who.name), f"sure: {shown(who)}"))
    elif is_named(who, "phone", loosely=True):
        block.lines.append(("phone", text_of(who.name), f"likely, by its name: {shown(who)}"))
    decide_name(block, parts, [*reached, who], source)
    for what in ("email", "phone"):
        if not block.has(what) and (found := block.find(what)):
            block.take(what, text_of(found[0].name), [found[0]], found[1])
    _common(block)
    orders.used |= block.used - {who.name}
    return [block]


def _order_date(block: Block) -> None:
    for what in ("at", "created_at"):
        column = block.named(what)
        if column is not None and len(column.values) == column.rows and not block.has("at"):
            decide_date(block, what, "at")
    if not block.has("at"):
        block.lines.append(("at", f"{{ value = {text_of(_LATER)} }}", "MEND: no column is surely a date"))
        block.notes.append("at: no column is surely a date. Mend it before you import.")


def _amount(block: Block, lines_of: Column | None) -> None:
    column = block.named("amount")
    if column is None or not (mark := number_mark(column)):
        return
    name = text_of(column.name)
    # With several lines it is either said once, in one of them, or each line has its own.
    if lines_of is None or len(column.values) < column.rows:
        source = f"{{ column = {name}, number = {text_of(mark)} }}"
        block.take("amount", source, [column], f"likely, by its name: {shown(column)}")
    elif all(_PLAIN_NUMBER.fullmatch(value) for value in column.values):
        key = text_of(lines_of.name)
        source = f"{{ column = {key}, file = {text_of(block.file)}, key = {key}, sum = [{name}] }}"
        block.take("amount", source, [column], f"likely: the sum of its lines, such as {shown(column)}")


def _lines(orders: Block, order: Column) -> list[Block]:
    """Products and order lines, where a row is a line of an order."""
    block = Block("order_lines", orders.columns, set(orders.used), orders.file)
    code, called, quantity = block.named("product"), block.named("product_name"), block.named("quantity")
    product = code if code and len(code.values) == code.rows else called or code
    if product is None or quantity is None or not (mark := number_mark(quantity)):
        return []
    goods = Block("products", orders.columns, set(orders.used), orders.file, product.name)
    goods.take("id", text_of(product.name), [product], f"likely, by its name: {shown(product)}")
    name = called or product
    goods.take("name", text_of(name.name), [name], f"likely, by its name: {shown(name)}")
    decide_plain(goods)
    block.take("order_id", text_of(order.name), [order], f"the order: {shown(order)}")
    block.take("product_id", text_of(product.name), [product], f"the product: {shown(product)}")
    block.take("line_no", f"{{ count = {text_of(order.name)} }}", [], "numbers the lines of each order")
    source = f"{{ column = {text_of(quantity.name)}, number = {text_of(mark)} }}"
    block.take("quantity", source, [quantity], f"likely, by its name: {shown(quantity)}")
    for what, property_ in (("price", "unit_price"), ("discount", "discount")):
        decide_number(block, property_, what)
    orders.used |= goods.used | block.used
    return [goods, block]


def _deals(block: Block) -> list[Block]:
    block.table = "opportunities"
    names = [column for what in ("deal_name", "name") if (column := block.named(what))][:1]
    id_ = decide_id(block, ("id",), names)
    decide_name(block, names, [], id_)
    decide_number(block, "amount", "amount")
    if found := block.find("currency"):
        block.take("currency", f'{{ column = {text_of(found[0].name)}, code = "currency" }}', [found[0]], found[1])
    decide_plain(block)
    decide_date(block, "close_on")
    company = block.named("company")
    return [block, _companies(block, company)] if company and company.values else [block]


def _products(block: Block) -> None:
    names = [column for what in ("product_name", "name") if (column := block.named(what))][:1]
    id_ = decide_id(block, ("product", "id"), names)
    decide_name(block, names, [], id_)
    decide_number(block, "unit_price", "price")
    if column := block.named("currency"):
        source = f'{{ column = {text_of(column.name)}, code = "currency" }}'
        block.take("currency", source, [column], f"likely, by its name: {shown(column)}")
    decide_plain(block)
