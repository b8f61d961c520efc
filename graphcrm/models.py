"""The records that cross a border: one model a node label or relationship type, one table a canonical file.

The same models validate a row of a CSV file, an HTTP body and a call from Python, so a rule stands once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from graphcrm import limits
from graphcrm.errors import InvalidInput
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, tie_id

__all__ = ["MONEY_SCALE", "TABLES", "TIES", "Reference", "Row", "Table", "from_graph"]

MONEY_SCALE: Final = 10_000
"""Money is stored as an integer of this many parts of a currency unit."""


# ---- values ----------------------------------------------------------------------------------------------


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("instant", "must be an ISO 8601 time such as 2025-01-31T09:30:00Z") from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("instant", "must be an ISO 8601 time such as 2025-01-31T09:30:00Z")
    try:
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("instant", "must lie within the years 1 to 9999, UTC") from None
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("day", "must be an ISO 8601 date such as 2025-01-31") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError("day", "must be an ISO 8601 date such as 2025-01-31")
    return value


def _money(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PydanticCustomError("money", "must be an amount such as 12.50")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise PydanticCustomError("money", "must be an amount such as 12.50") from None
    if not amount.is_finite() or abs(amount) > limits.MAX_AMOUNT:
        raise PydanticCustomError("money", "must lie between -{most} and {most}", {"most": limits.MAX_AMOUNT})
    if amount * MONEY_SCALE % 1:
        raise PydanticCustomError("money", "must have at most 4 decimal places")
    return amount


def _strings(value: object) -> object:
    if isinstance(value, str):
        value = value.split("|")
    if isinstance(value, list):
        return [part.strip() if isinstance(part, str) else part for part in value if part != ""]
    return value


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("unicode", "must be valid Unicode text (it has a lone surrogate)") from None
    return value


def _extra(values: dict[str, object]) -> dict[str, object]:
    for key, value in values.items():
        if not re.fullmatch(r"\w{1,64}", key):
            raise PydanticCustomError("extra", "names of extra fields are 1 to 64 letters, digits and underscores")
        if isinstance(value, str):
            _encodable(value)
        if isinstance(value, int) and abs(value) >= 2**63:
            raise PydanticCustomError("extra", "whole numbers must fit 64 bits")
        if isinstance(value, float) and value - value != 0:
            raise PydanticCustomError("extra", "numbers must be finite")
    return values


_Checked = AfterValidator(_encodable)
Id = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_ID_LENGTH), _Checked]
Line = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_NAME_LENGTH), _Checked]
Text = Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_LENGTH), _Checked]
Country = Annotated[
    str,
    BeforeValidator(lambda v: v.upper() if isinstance(v, str) else v),
    StringConstraints(pattern=r"^[A-Z]{2}$"),
]
Currency = Annotated[
    str,
    BeforeValidator(lambda v: v.upper() if isinstance(v, str) else v),
    StringConstraints(pattern=r"^[A-Z]{3}$"),
]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Money = Annotated[Decimal, BeforeValidator(_money)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Ids = Annotated[list[Id], BeforeValidator(_strings), Field(max_length=limits.MAX_LIST_LENGTH), AfterValidator(_unique)]
Tags = Annotated[
    list[Line], BeforeValidator(_strings), Field(max_length=limits.MAX_LIST_LENGTH), AfterValidator(_unique)
]
Scalar = bool | int | float | Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_LENGTH)]


class Record(BaseModel):
    """What every record has: fields of the vocabulary, and `extra` for those beyond it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    extra: Annotated[dict[str, Scalar], Field(max_length=limits.MAX_EXTRA_FIELDS), AfterValidator(_extra)] = {}

    @model_validator(mode="before")
    @classmethod
    def _blank_is_absent(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            return {k: v for k, v in values.items() if v is not None and v != ""}
        return values


# ---- nodes -----------------------------------------------------------------------------------------------


class User(Record):
    """A member of staff."""

    id: Id
    name: Line
    email: Line | None = None
    role: Line | None = None
    reports_to_id: Id | None = None


class Customer(Record):
    """Whom we sell to."""

    id: Id
    name: Line
    kind: Literal["person", "organization"] | None = None
    email: Line | None = None
    phone: Line | None = None
    country: Country | None = None
    city: Line | None = None
    address: Line | None = None
    website: Line | None = None
    industry: Line | None = None
    language: Line | None = None
    birth_date: Day | None = None
    tags: Tags | None = None
    notes: Text | None = None
    created_at: Instant | None = None
    owner_id: Id | None = None


class Contact(Record):
    """A person we know: at a customer, or in someone's circle and not (yet) a customer."""

    id: Id
    name: Line
    email: Line | None = None
    phone: Line | None = None
    title: Line | None = None
    department: Line | None = None
    language: Line | None = None
    birth_date: Day | None = None
    tags: Tags | None = None
    notes: Text | None = None
    created_at: Instant | None = None
    customer_id: Id | None = None
    owner_id: Id | None = None


class Product(Record):
    """What is bought."""

    id: Id
    name: Line
    category: Line | None = None
    unit_price: Money | None = None
    currency: Currency | None = None


class Campaign(Record):
    """A marketing action."""

    id: Id
    name: Line
    channel: Line | None = None
    status: Line | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    budget: Money | None = None
    currency: Currency | None = None
    targeted_ids: Ids | None = None


class Segment(Record):
    """A named, dated group and the rule that made it."""

    id: Id
    name: Line
    rule: Text | None = None
    made_at: Instant | None = None


class Interaction(Record):
    """One touch between parties, or between staff and parties."""

    id: Id
    kind: Literal["call", "email", "meeting", "chat", "visit", "social", "web", "event"]
    at: Instant
    from_id: Id
    to_ids: Ids
    channel: Line | None = None
    subject: Line | None = None
    text: Text | None = None
    duration_s: Count | None = None
    campaign_id: Id | None = None


class Order(Record):
    """A purchase or, with a negative amount, its refund."""

    id: Id
    customer_id: Id
    at: Instant
    amount: Money | None = None
    currency: Currency | None = None
    status: Line | None = None


# ---- ties ------------------------------------------------------------------------------------------------


class Tie(Record):
    """A relationship between two records; `source_id` and `target_id` are its ends."""

    source_id: Id
    target_id: Id


class Referred(Tie):
    """The source brought the target."""

    at: Instant | None = None
    channel: Line | None = None
    campaign_id: Id | None = None


class Knows(Tie):
    """The two know one another."""

    kind: Literal["family", "friend", "colleague", "partner", "adviser", "other"] = "other"
    since: Day | None = None
    until: Day | None = None
    strength: Fraction | None = None
    count: Count | None = None


class WorksAt(Tie):
    """The source works at the target."""

    title: Line | None = None
    department: Line | None = None
    since: Day | None = None
    until: Day | None = None


class TookPartIn(Tie):
    """The source took part in an interaction."""

    role: Line = "to"


class Dated(Tie):
    """A tie with nothing but a time."""

    at: Instant | None = None


class RespondedTo(Tie):
    """The source responded to a campaign."""

    kind: Literal["opened", "clicked", "visited", "converted", "unsubscribed"]
    at: Instant | None = None
    value: Money | None = None
    currency: Currency | None = None


class Contains(Tie):
    """One line of an order."""

    line_no: Annotated[int, Field(ge=1, le=2**31)] = 1
    quantity: Number
    unit_price: Money | None = None
    discount: Fraction | None = None


class MemberOf(Tie):
    """The source belongs to a segment."""

    since: Day | None = None
    until: Day | None = None


_TIE_MODELS: dict[str, type[Tie]] = {
    "REFERRED": Referred,
    "KNOWS": Knows,
    "WORKS_AT": WorksAt,
    "TOOK_PART_IN": TookPartIn,
    "TARGETED": Dated,
    "RESPONDED_TO": RespondedTo,
    "CONTAINS": Contains,
    "MEMBER_OF": MemberOf,
}


# ---- tables ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """A column that names other records and stands for ties to them.

    Parameters
    ----------
    field : str
        The column; a list where it ends in ``_ids``.
    type : str
        The relationship type it stands for.
    labels : tuple of str
        Labels that the named record may have.
    outgoing : bool
        Whether the tie points from this record to the named one.
    role : str, optional
        The tie's `role`, where several columns stand for one type.
    replaces : bool
        Whether the column states all such ties, so that others are cut; otherwise it adds.
    creates : bool
        Whether a missing record is created with its id for a name.
    """

    field: str
    type: str
    labels: tuple[str, ...]
    outgoing: bool
    role: str | None = None
    replaces: bool = False
    creates: bool = False

    @property
    def many(self) -> bool:
        return self.field.endswith("_ids")


@dataclass(frozen=True)
class Row:
    """One valid row, ready for the graph.

    `properties` hold the graph's types (integers for money) and no None; `references` map each reference column that
    was given to the ids it names. A tie has `source_id` and `target_id`, and its id among the properties.
    """

    id: str
    properties: dict[str, Any]
    references: dict[str, list[str]] = field(default_factory=dict)
    source_id: str = ""
    target_id: str = ""


@dataclass(frozen=True)
class Table:
    """One kind of record: the model that validates it, and how it lies in the graph.

    Parameters
    ----------
    name : str
        The canonical file's stem and the API's resource; for ties the relationship type.
    model : type of Record
        What a row must satisfy.
    label : str, optional
        The node's label; None for ties.
    type : str, optional
        The relationship type; None for nodes.
    references : tuple of Reference
        Columns that stand for ties of a node.
    ends : tuple of str
        The columns that hold the source's and the target's id, for ties.
    """

    name: str
    model: type[Record]
    label: str | None = None
    type: str | None = None
    references: tuple[Reference, ...] = ()
    ends: tuple[str, str] = ("source_id", "target_id")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The vocabulary's columns, in order."""
        rename = dict(zip(("source_id", "target_id"), self.ends, strict=True)) if self.type else {}
        names = [rename.get(name, name) for name in self.model.model_fields if name != "extra"]
        return tuple(sorted(names, key=lambda name: name not in ("id", *self.ends)))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The columns that a row must have."""
        rename = {"source_id": self.ends[0], "target_id": self.ends[1]} if self.type else {}
        return tuple(rename.get(n, n) for n, f in self.model.model_fields.items() if f.is_required())

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """The columns that are properties of the node or tie itself, without its id and ends."""
        apart = {"id", *self.ends, *(ref.field for ref in self.references)}
        return tuple(name for name in self.columns if name not in apart)

    def row(self, values: Mapping[str, Any]) -> Row:
        """Validate one row.

        Parameters
        ----------
        values : mapping
            Column names to strings (from a file) or JSON values; blank and None mean absent. Fields beyond the
            vocabulary stand in `extra`.

        Returns
        -------
        Row
            What the graph is to hold.

        Raises
        ------
        InvalidInput
            The first rule that is broken, with its column in `field`.

        Examples
        --------
        >>> TABLES["relationships"].row({"source_id": "A", "target_id": "B", "kind": "friend"}).id
        'KNOWS:A:B:friend'
        """
        if self.type:
            source_field, target_field = self.ends
            values = {{source_field: "source_id", target_field: "target_id"}.get(k, k): v for k, v in values.items()}
        try:
            record = self.model.model_validate(values)
        except ValidationError as error:
            raise self._explain(error) from None
        return self._tie_row(record) if isinstance(record, Tie) else self._node_row(record)

    def _explain(self, error: ValidationError) -> InvalidInput:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        column = str(first["loc"][0]) if first["loc"] else "row"
        column = {"source_id": self.ends[0], "target_id": self.ends[1]}.get(column, column) if self.type else column
        reason = {
            "missing": "is required",
            "extra_forbidden": f"is no field of {self.name}; there are: {', '.join(self.columns)}, extra",
        }.get(first["type"], first["msg"][0].lower() + first["msg"][1:])
        allowed = self.columns if first["type"] == "extra_forbidden" else None
        return InvalidInput(f"{column}: {reason}", field=column, allowed=allowed)

    def _node_row(self, record: Record) -> Row:
        values = record.__dict__
        properties = _to_graph(values, ("id", *self.properties))
        properties |= self._extras(record)
        references = {
            ref.field: (values[ref.field] if ref.many else [values[ref.field]])
            for ref in self.references
            if values[ref.field] is not None
        }
        return Row(values["id"], properties, references)

    def _tie_row(self, record: Tie) -> Row:
        if record.source_id == record.target_id and self.type in _NEVER_TO_ITSELF:
            what = _NEVER_TO_ITSELF[self.type]
            raise InvalidInput(f"{self.ends[1]}: {what} (both ends are {record.source_id!r})", field=self.ends[1])
        since, until = getattr(record, "since", None), getattr(record, "until", None)
        if since is not None and until is not None and until < since:
            raise InvalidInput("until: must not lie before since", field="until")
        qualifier = TIE_TYPES[self.type or ""].qualifier
        id_ = tie_id(
            self.type or "",
            record.source_id,
            record.target_id,
            getattr(record, qualifier) if qualifier else None,
        )
        properties = {"id": id_} | _to_graph(record.__dict__, self.properties) | self._extras(record)
        return Row(id_, properties, {}, record.source_id, record.target_id)

    def _extras(self, record: Record) -> dict[str, Any]:
        for name in record.extra:
            if name in self.columns or name == "id":
                raise InvalidInput(f"extra: {name!r} is a field of its own", field="extra")
        return record.extra


_NEVER_TO_ITSELF = {
    "REFERRED": "nobody refers themselves",
    "KNOWS": "a relationship needs two parties",
    "WORKS_AT": "nobody works at themselves",
    "SUBSIDIARY_OF": "a company is no subsidiary of itself",
    "REPORTS_TO": "nobody reports to themselves",
}

_MONEY = frozenset({"amount", "unit_price", "budget", "value"})


def _to_graph(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: value for name in names if (value := values[name]) is not None}
    for name in _MONEY & found.keys():
        found[name] = int(found[name] * MONEY_SCALE)
    return found


def from_graph(name: str, value: Any) -> Any:
    """Give a property the form it has in JSON.

    Parameters
    ----------
    name : str
        The property; it decides whether an integer is money.
    value : object
        What the graph holds.

    Returns
    -------
    object
        An ISO 8601 string for times and days, a decimal string with two to four places for money, else the value.

    Examples
    --------
    >>> from_graph("amount", 125000)
    '12.50'
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if name in _MONEY and isinstance(value, int):
        amount = Decimal(value) / MONEY_SCALE
        places = max(2, -int(amount.normalize().as_tuple().exponent))
        return f"{amount:.{places}f}"
    return value


_OWNER = Reference("owner_id", "OWNS", ("User",), outgoing=False, replaces=True, creates=True)

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "users",
            User,
            "User",
            references=(Reference("reports_to_id", "REPORTS_TO", ("User",), True, replaces=True),),
        ),
        Table("customers", Customer, "Customer", references=(_OWNER,)),
        Table(
            "contacts",
            Contact,
            "Contact",
            references=(Reference("customer_id", "WORKS_AT", ("Customer",), outgoing=True), _OWNER),
        ),
        Table("products", Product, "Product"),
        Table(
            "campaigns",
            Campaign,
            "Campaign",
            references=(Reference("targeted_ids", "TARGETED", PARTY_LABELS, outgoing=True),),
        ),
        Table("segments", Segment, "Segment"),
        Table(
            "interactions",
            Interaction,
            "Interaction",
            references=(
                Reference("from_id", "TOOK_PART_IN", (*PARTY_LABELS, "User"), False, role="from", replaces=True),
                Reference("to_ids", "TOOK_PART_IN", (*PARTY_LABELS, "User"), False, role="to", replaces=True),
                Reference("campaign_id", "ABOUT", ("Campaign",), outgoing=True, replaces=True),
            ),
        ),
        Table(
            "orders",
            Order,
            "Order",
            references=(Reference("customer_id", "PLACED", ("Customer",), outgoing=False, replaces=True),),
        ),
        Table("order_lines", Contains, type="CONTAINS", ends=("order_id", "product_id")),
        Table("referrals", Referred, type="REFERRED", ends=("referrer_id", "referred_id")),
        Table("relationships", Knows, type="KNOWS"),
        Table("responses", RespondedTo, type="RESPONDED_TO", ends=("party_id", "campaign_id")),
    )
}
"""The canonical files, in the order in which they are loaded: what is named comes before what names it."""

TIES: Final[dict[str, Table]] = {
    name: Table(name, _TIE_MODELS.get(name, Tie), type=name) for name in TIE_TYPES if name != "DESCRIBES"
}
"""Every relationship type as a table whose ends are called `source_id` and `target_id`."""
