"""Answers computed from the relationship network: influencers, paths, referrals, neighbourhoods; and the search."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, WithJsonSchema

from api.answers import analytic, documented, json_response, offset_of, offset_page
from api.deps import GraphDep, only, parameters_of, require
from api.ids import ID
from api.network_schemas import (
    BrokersAnswer,
    CommunitiesAnswer,
    CompareAnswer,
    IntroductionsAnswer,
    ReachableAnswer,
    SeedSetAnswer,
)
from api.schemas import (
    ChainAnswer,
    ExplainAnswer,
    InfluencersAnswer,
    NeighborhoodAnswer,
    PathsAnswer,
    SearchAnswer,
    TreeAnswer,
)
from graphcrm.errors import MergedAway
from graphcrm.limits import (
    MAX_HOPS,
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_NEIGHBORHOOD,
    MAX_NEIGHBORHOOD_HOPS,
    MAX_PAGE,
    MAX_PATHS,
    MAX_QUERY_LENGTH,
    MAX_SEEDS,
    MAX_TREE,
    MAX_TREE_DEPTH,
)
from graphcrm.network.centrality import METRICS
from graphcrm.schema import LAYERS
from graphcrm.service.answers import moment_of
from graphcrm.service.ways import PathCriterion
from viz.language import choose_language

__all__ = ["Layer", "PartyQuery", "router"]

router = APIRouter(prefix="/api/v1")


Layer = Literal["referral", "knows", "works_with", "interaction"]
Layers = Annotated[list[Layer] | None, Query(description="Layers of the network, repeated; all if not given.")]
AsOf = Annotated[
    date | datetime | None,
    BeforeValidator(moment_of),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
    Query(description="A day (its end, UTC) or a moment; today if not given."),
]
Start = Annotated[
    date | datetime | None,
    BeforeValidator(partial(moment_of, field="start")),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
    Query(description="No step before this; a day means its beginning, UTC."),
]
Strict = Annotated[bool, Query(description="Steps are later than the one before, rather than not earlier.")]
PartyQuery = Annotated[str, Query(min_length=1, max_length=MAX_ID_LENGTH)]
PartyPath = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH, description="Id of a customer or contact.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="`next_cursor` of the page before.")]
Language = Annotated[
    Literal["en", "zh"] | None, Query(description="Language of `reason`; by `Accept-Language` if not given.")
]
AcceptLanguage = Annotated[str | None, Header(max_length=1_000)]


def _get(
    path: str, answer: type[BaseModel], *statuses: int
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Add a read to the router: for viewers, with its own query parameters alone."""

    def add(endpoint: Callable[..., Response]) -> Callable[..., Response]:
        router.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            operation_id=endpoint.__name__,
            tags=["analytics"],
            response_model=answer,
            dependencies=[Depends(require("viewer")), Depends(only(*parameters_of(endpoint)))],
            responses=documented(*statuses),
        )
        return endpoint

    return add


@_get("/influencers", InfluencersAnswer, 404)
def influencers(
    graph: GraphDep,
    metric: Annotated[str, Query(json_schema_extra={"enum": list(METRICS)})] = "pagerank",
    layers: Layers = None,
    as_of: AsOf = None,
    segment: Annotated[str | None, Query(max_length=MAX_ID_LENGTH, description="Only members of this segment.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    normalized: Annotated[bool, Query(description="Whether scores are normalised as networkx does.")] = True,
    cursor: Cursor = None,
    lang: Language = None,
    community: Annotated[int | None, Query(ge=0, lt=2**31, description="Only members of this community.")] = None,
    interval: Annotated[float | None, Query(gt=0, lt=1, description="What part of rank intervals holds.")] = None,
    hidden: Annotated[float, Query(gt=0, le=0.9, description="Share of ties taken to be missing.")] = 0.2,
    accept_language: AcceptLanguage = None,
) -> Response:
    """Parties by influence, with a reason for each; equal scores in the order of ids."""
    language = choose_language(accept_language, lang)
    question: dict[str, Any] = {
        "metric": metric,
        "layers": layers,
        "as_of": as_of,
        "segment": segment,
        "normalized": normalized,
    }
    question |= {"community": community}
    offset, first_as_of = offset_of(cursor, question)
    frame = graph.influencers(
        metric=metric,
        layers=layers,
        as_of=first_as_of or as_of,
        segment=segment,
        limit=offset + limit + 1,
        normalized=normalized,
        language=language,
        community=community,
        interval=interval,
        hidden=hidden,
    )
    more = len(frame) > offset + limit
    next_cursor = offset_page(offset + limit, frame.attrs["as_of"], question) if more else None
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return analytic(frame.iloc[offset : offset + limit], next_cursor, frame.attrs, headers)


@_get("/influencers/compare", CompareAnswer, 404)
def compare(
    graph: GraphDep,
    metric: Annotated[str, Query(json_schema_extra={"enum": list(METRICS)})] = "pagerank",
    other_metric: Annotated[str | None, Query(json_schema_extra={"enum": list(METRICS)})] = None,
    layers: Layers = None,
    as_of: AsOf = None,
    other_as_of: Annotated[
        date | datetime | None,
        BeforeValidator(partial(moment_of, field="other_as_of")),
        WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
        Query(description="With what to compare; the same as `as_of` if not given."),
    ] = None,
    segment: Annotated[str | None, Query(max_length=MAX_ID_LENGTH, description="Only members of this segment.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """Who rose and who fell between two dates, or ranks otherwise by another metric; who moved most first."""
    return analytic(graph.compare(metric, other_metric, layers, as_of, other_as_of, segment, limit))


@_get("/communities", CommunitiesAnswer)
def communities(
    graph: GraphDep,
    layers: Layers = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Response:
    """Groups with more and stronger ties inside than chance would make, the largest first."""
    return analytic(graph.communities(layers, as_of, limit))


@_get("/influencers/seed-set", SeedSetAnswer, 404)
def seed_set(
    graph: GraphDep,
    k: Annotated[int, Query(ge=1, le=MAX_SEEDS, description="Parties at most.")] = 10,
    layers: Layers = None,
    as_of: AsOf = None,
    segment: Annotated[str | None, Query(max_length=MAX_ID_LENGTH, description="Only members of this segment.")] = None,
    exclude: Annotated[list[str] | None, Query(max_length=MAX_PAGE, description="Not these, repeated.")] = None,
    channel: Annotated[
        str | None, Query(max_length=MAX_NAME_LENGTH, description="Only those who consent to this channel.")
    ] = None,
    purpose: Annotated[str, Query(max_length=MAX_NAME_LENGTH)] = "marketing",
    model: Annotated[Literal["cascade", "threshold"], Query(description="How word spreads.")] = "cascade",
    probability: Annotated[float, Query(gt=0, le=1, description="That word passes along a tie of strength 1.")] = 0.1,
    epsilon: Annotated[float, Query(ge=0.05, le=0.5, description="What the guarantee may lack.")] = 0.1,
    seed: Annotated[int, Query(ge=0, lt=2**31, description="Decides all that is random.")] = 7,
    lang: Language = None,
    accept_language: AcceptLanguage = None,
) -> Response:
    """The parties to begin a campaign with, so that word of it reaches as many as it can, and how good that is."""
    language = choose_language(accept_language, lang)
    frame = graph.seed_set(
        k,
        layers,
        as_of,
        segment,
        exclude or (),
        channel,
        purpose,
        model=model,
        probability=probability,
        epsilon=epsilon,
        seed=seed,
        language=language,
    )
    return analytic(frame, headers={"Content-Language": language, "Vary": "Accept-Language"})


@_get("/paths", PathsAnswer, 404)
def paths(
    graph: GraphDep,
    source: PartyQuery,
    target: PartyQuery,
    by: Annotated[
        PathCriterion, Query(description="`earliest`, `latest` and `fastest` are about paths in time.")
    ] = "hops",
    layers: Layers = None,
    k: Annotated[int, Query(ge=1, le=MAX_PATHS, description="Paths at most; in time there is one.")] = 1,
    max_hops: Annotated[int, Query(ge=1, le=MAX_HOPS, description="Hops of a path at most.")] = MAX_HOPS,
    as_of: AsOf = None,
    in_time: Annotated[bool, Query(description="Each step comes after the one before.")] = False,
    start: Start = None,
    strict: Strict = True,
) -> Response:
    """The best paths between two parties: shortest, strongest, or best of those in time; none is an empty list."""
    frame = graph.paths(source, target, by, layers, k, as_of, max_hops, in_time, start, strict)
    return analytic(frame, attrs=frame.attrs | {"metric": by})


@_get("/reachable", ReachableAnswer, 404)
def reachable(
    graph: GraphDep,
    party: PartyQuery,
    direction: Annotated[Literal["from", "to"], Query(description="From the party to others, or to it.")] = "from",
    layers: Layers = None,
    as_of: AsOf = None,
    start: Start = None,
    strict: Strict = True,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> Response:
    """Whom a party could have reached by `as_of`, each step after the one before, or who could have reached it."""
    return analytic(graph.reachable(party, direction, layers, as_of, start, strict, limit))


@_get("/introductions", IntroductionsAnswer, 404)
def introductions(
    graph: GraphDep,
    to: PartyQuery,
    from_: Annotated[
        str | None,
        Query(
            alias="from", min_length=1, max_length=MAX_ID_LENGTH, description="A user or a party; any of staff if none."
        ),
    ] = None,
    k: Annotated[int, Query(ge=1, le=MAX_PATHS, description="Ways at most, each through another.")] = 5,
    layers: Layers = None,
    as_of: AsOf = None,
    max_contacts: Annotated[
        int, Query(ge=1, le=10_000, description="Who had more with staff in 30 days is passed over.")
    ] = 10,
) -> Response:
    """The best ways to reach someone: through whom, how strong, when last in touch, what to mention."""
    return analytic(graph.introductions(to, from_, k, layers, as_of, max_contacts))


@_get("/risk/brokers", BrokersAnswer, 404)
def brokers(
    graph: GraphDep,
    root: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_ID_LENGTH, description="A user or a party; or any of staff."),
    ] = None,
    layers: Layers = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    currency: Annotated[str | None, Query(min_length=3, max_length=3, description="In which revenue ranks.")] = None,
) -> Response:
    """Who, by leaving, would cut which customers and how much revenue off from us."""
    return analytic(graph.brokers(root, layers, as_of, limit, currency))


@_get("/explain", ExplainAnswer, 404)
def explain(
    graph: GraphDep,
    source: PartyQuery,
    target: PartyQuery,
    layers: Layers = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Interactions at most, the latest first.")] = 100,
    as_of: AsOf = None,
) -> Response:
    """Why source is tied to target: each tie, who says so, and what it contributes to the strength."""
    frame = graph.explain(source, target, layers=layers, as_of=as_of, limit=limit)
    return analytic(frame)


@_get("/referrals/paths", PathsAnswer, 404)
def referral_paths(
    graph: GraphDep,
    source: PartyQuery,
    target: PartyQuery,
    max_hops: Annotated[int, Query(ge=1, le=MAX_HOPS)] = MAX_HOPS,
    k: Annotated[int, Query(ge=1, le=MAX_PATHS, description="Paths at most.")] = 10,
    as_of: AsOf = None,
) -> Response:
    """Paths of referrals from source to target, by hops, then strength, then ids."""
    frame = graph.referral_paths(source, target, max_hops=max_hops, k=k, as_of=as_of)
    return analytic(frame, attrs=frame.attrs | {"metric": "hops"})


@_get(f"/referrals/{ID}/chain", ChainAnswer, 308, 404)
def referral_chain(graph: GraphDep, id: PartyPath, as_of: AsOf = None) -> Response:
    """Who brought this party: from the first referrer down to the party itself."""
    frame = graph.referral_chain(id, as_of)
    _check_asked(id, frame.attrs["party_id"])
    return analytic(frame)


@_get(f"/referrals/{ID}/tree", TreeAnswer, 308, 404)
def referral_tree(
    graph: GraphDep,
    id: PartyPath,
    max_depth: Annotated[int, Query(ge=1, le=MAX_TREE_DEPTH, description="Generations.")] = MAX_TREE_DEPTH,
    limit: Annotated[int, Query(ge=1, le=MAX_TREE, description="Parties at most.")] = 1_000,
    as_of: AsOf = None,
) -> Response:
    """Whom this party brought, and whom those brought, with the revenue below each."""
    frame = graph.referral_tree(id, max_depth=max_depth, limit=limit, as_of=as_of)
    _check_asked(id, frame.attrs["root"])
    return analytic(frame)


@_get(f"/graph/neighborhood/{ID}", NeighborhoodAnswer, 308, 404)
def neighborhood(
    graph: GraphDep,
    id: PartyPath,
    hops: Annotated[int, Query(ge=1, le=MAX_NEIGHBORHOOD_HOPS)] = 1,
    layers: Layers = None,
    limit: Annotated[int, Query(ge=1, le=MAX_NEIGHBORHOOD, description="Parties at most, the strongest first.")] = 100,
    as_of: AsOf = None,
) -> Response:
    """What surrounds a party."""
    around = graph.neighborhood(id, hops=hops, layers=layers, limit=limit, as_of=as_of)
    _check_asked(id, around["center"])
    return json_response({"metric": None} | around)


def _check_asked(id: str, answered: str) -> None:
    """Send whoever asked for a party that was merged away to the one that stands for it."""
    if answered != id:
        raise MergedAway(f"{id!r} was merged into {answered!r}; ask about that one", into=answered)


@_get("/search", SearchAnswer)
def search(
    graph: GraphDep,
    q: Annotated[str, Query(min_length=1, max_length=MAX_QUERY_LENGTH)],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Cursor = None,
) -> Response:
    """Parties whose id, name, e-mail or phone holds a text, the closest first; a thousand at most."""
    question = {"q": q}
    offset, _ = offset_of(cursor, question)
    hits: list[dict[str, Any]] = graph.search(q, limit=min(offset + limit + 1, MAX_PAGE))
    next_cursor = offset_page(offset + limit, None, question) if len(hits) > offset + limit else None
    return json_response({"items": hits[offset : offset + limit], "next_cursor": next_cursor})


assert Layer.__args__ == LAYERS  # type: ignore[attr-defined]
