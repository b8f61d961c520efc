"""The tables: each canonical file, API resource and relationship type, its model, and how it lies in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError, create_model

from graphcrm import models
from graphcrm.errors import InvalidInput
from graphcrm.models import Record, Tie
from graphcrm.schema import PARTY_LABELS, TIE_TYPES, End, tie_id
from graphcrm.values import Id, Ids, to_graph

__all__ = ["END_LABELS", "INCOMPLETE", "TABLES", "TIES", "Reference", "Row", "Table"]

END_LABELS: Final[dict[End, str]] = {"source": "source_label", "target": "target_label"}
"""The columns in which a tie says of which label its open end is, where it is no party."""


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


@dataclass(slots=True)
class Row:
    """One valid row, ready for the graph.

    `properties` hold the graph's types (integers for money) and no None; `references` map each reference column that
    was given to the ids it names. A tie has `source_id` and `target_id`, and its id among the properties;
    `end_label` is what it says of its type's open end (`graphcrm.schema.TieType`).
    """

    id: str
    properties: dict[str, Any]
    references: dict[str, list[str]] = field(default_factory=dict)
    source_id: str = ""
    target_id: str = ""
    end_label: str | None = None


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
        apart = {"id", *self.ends, *END_LABELS.values(), *(ref.field for ref in self.references)}
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
        names = self._names
        given = {names.get(name, name): value for name, value in values.items() if value is not None and value != ""}
        try:
            record = self.model.model_validate(given)
        except ValidationError as error:
            raise self._explain(error) from None
        return self._tie_row(record) if isinstance(record, Tie) else self._node_row(record)

    @cached_property
    def _names(self) -> dict[str, str]:
        """What the model calls the columns that hold the ends, where that is something else."""
        named = zip(self.ends, ("source_id", "target_id"), strict=True) if self.type else ()
        return {column: name for column, name in named if column != name}

    def _explain(self, error: ValidationError) -> InvalidInput:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        column = str(first["loc"][0]) if first["loc"] else "row"
        column = {"source_id": self.ends[0], "target_id": self.ends[1]}.get(column, column) if self.type else column
        if column == "extra" and len(first["loc"]) > 1:
            message = f"extra: {first['loc'][1]!r} must be a text, a number, true or false"
            return InvalidInput(message, field="extra")
        reason = {
            "missing": "is required",
            "extra_forbidden": f"is no field of {self.name}; there are: {', '.join(self.columns)}, extra",
        }.get(first["type"], first["msg"][0].lower() + first["msg"][1:])
        allowed = self.columns if first["type"] == "extra_forbidden" else None
        return InvalidInput(f"{column}: {reason}", field=column, allowed=allowed)

    def _node_row(self, record: Record) -> Row:
        values = record.__dict__
        properties = to_graph(values, ("id", *self.properties))
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
        values = record.__dict__
        since, until = values.get("since"), values.get("until")
        if since is not None and until is not None and until < since:
            raise InvalidInput("until: must not lie before since", field="until")
        kind = TIE_TYPES[self.type or ""]
        label = values[END_LABELS[kind.open_end]] if kind.open_end else None
        id_ = tie_id(
            kind.name,
            record.source_id,
            record.target_id,
            values[kind.qualifier] if kind.qualifier else None,
            label,
        )
        properties = {"id": id_} | to_graph(values, self.properties) | self._extras(record)
        return Row(id_, properties, {}, record.source_id, record.target_id, label)

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

_OWNER = Reference("owner_id", "OWNS", ("User",), outgoing=False, replaces=True, creates=True)
_RAISED_BY = Reference("customer_id", "RAISED", PARTY_LABELS, outgoing=False, replaces=True)
_GIVEN_BY = Reference("party_id", "GAVE", PARTY_LABELS, outgoing=False, replaces=True)

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "users",
            models.User,
            "User",
            references=(Reference("reports_to_id", "REPORTS_TO", ("User",), True, replaces=True),),
        ),
        Table("customers", models.Customer, "Customer", references=(_OWNER,)),
        Table(
            "contacts",
            models.Contact,
            "Contact",
            references=(Reference("customer_id", "WORKS_AT", ("Customer",), outgoing=True, replaces=True), _OWNER),
        ),
        Table("products", models.Product, "Product"),
        Table(
            "campaigns",
            models.Campaign,
            "Campaign",
            references=(Reference("targeted_ids", "TARGETED", PARTY_LABELS, outgoing=True),),
        ),
        Table("segments", models.Segment, "Segment"),
        Table("opportunities", models.Opportunity, "Opportunity", references=(_RAISED_BY, _OWNER)),
        Table("cases", models.Case, "Case", references=(_RAISED_BY, _OWNER)),
        Table(
            "interactions",
            models.Interaction,
            "Interaction",
            references=(
                Reference("from_id", "TOOK_PART_IN", (*PARTY_LABELS, "User"), False, role="from", replaces=True),
                Reference("to_ids", "TOOK_PART_IN", (*PARTY_LABELS, "User"), False, role="to", replaces=True),
                Reference("campaign_id", "ABOUT", ("Campaign",), outgoing=True, replaces=True),
                Reference("opportunity_id", "ABOUT", ("Opportunity",), outgoing=True, replaces=True),
                Reference("case_id", "ABOUT", ("Case",), outgoing=True, replaces=True),
            ),
        ),
        Table(
            "orders",
            models.Order,
            "Order",
            references=(Reference("customer_id", "PLACED", ("Customer",), outgoing=False, replaces=True),),
        ),
        Table("feedback", models.Feedback, "Feedback", references=(_GIVEN_BY,)),
        Table("consents", models.Consent, "Consent", references=(_GIVEN_BY,)),
        Table(
            "tasks",
            models.Task,
            "Task",
            references=(Reference("party_id", "CONCERNS", PARTY_LABELS, outgoing=True, replaces=True), _OWNER),
        ),
        Table("order_lines", models.Contains, type="CONTAINS", ends=("order_id", "product_id")),
        Table("referrals", models.Referred, type="REFERRED", ends=("referrer_id", "referred_id")),
        Table("relationships", models.Knows, type="KNOWS"),
        Table("responses", models.RespondedTo, type="RESPONDED_TO", ends=("party_id", "campaign_id")),
    )
}
"""The canonical files, in the order in which they are loaded: what is named comes before what names it."""

TIES: Final[dict[str, Table]] = {
    name: Table(name, models.TIE_MODELS.get(name, Tie), type=name) for name in TIE_TYPES if name != "DESCRIBES"
}
"""Every relationship type as a table whose ends are called `source_id` and `target_id`."""


def _incomplete(table: Table) -> Table:
    missing = {ref.field: (Ids | None if ref.many else Id | None, None) for ref in table.references}
    fields: dict[str, Any] = {name: kind for name, kind in missing.items() if name in table.required}
    model = create_model(f"Incomplete{table.model.__name__}", __base__=table.model, **fields)
    return replace(table, name=f"{table.name}_incomplete", model=model)


INCOMPLETE: Final[dict[str, Table]] = {
    made.name: made
    for table in TABLES.values()
    if any(ref.field in table.required for ref in table.references)
    for made in (_incomplete(table),)
}
"""Tables whose records must name others, for those that were left without: an export has them, and an import takes
them back. Nobody else makes such records."""
