"""Who is asked for a judgement, and at what price: settled when a run starts, and written into its graders."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.errors import Invalid
from app.evals.graders import GraderSpec
from app.evals.graders.judging import JudgeFields, Price
from app.gateway import queries as gateway
from app.gateway.models import Provider

FREE = Price(input=0, output=0)


def settled(session: Session, project_id: str, spec: GraderSpec, loc: str = "grader") -> GraderSpec:
    """The grader with the id of the provider and the price of each judge in it. Invalid says which is missing."""
    if not spec.definition.asks:
        return spec

    def fields(judge: JudgeFields) -> Mapping[str, Any]:
        provider = provider_of(session, judge, loc)
        price = judge.price or price_of(session, project_id, provider, judge.model)
        return {"provider": provider.id, "price": price}

    return spec.model_copy(update={"definition": spec.definition.with_judges(fields)})


def provider_of(session: Session, judge: JudgeFields, loc: str) -> Provider:
    """The connected provider that the judge names, or the only one that lists its model."""
    active = gateway.active(session)
    if judge.provider is not None:
        wanted = judge.provider.casefold()
        named = next((p for p in active if wanted in (p.id, p.name.casefold())), None)
        if named is None:
            names = ", ".join(f"“{p.name}”" for p in active) or "none yet"
            raise Invalid.field(f"{loc}.provider", f"No provider “{judge.provider}” is connected. Connected: {names}.")
        return named
    listing = [p for p in active if any(model.get("id") == judge.model for model in p.models)]
    if len(listing) == 1:
        return listing[0]
    found = f"{len(listing)} connected providers list" if listing else "no connected provider lists"
    raise Invalid.field(f"{loc}.provider", f"Say which provider has “{judge.model}”: {found} it.")


def price_of(session: Session, project_id: str, provider: Provider, model: str) -> Price | None:
    """A local model costs nothing; for others, what the newest candidate with that model is priced at."""
    if provider.kind == "local_engine":
        return FREE
    query = select(Candidate.price).where(
        Candidate.project_id == project_id,
        Candidate.provider_id == provider.id,
        Candidate.model == model,
        Candidate.price.is_not(None),
    )
    price = session.scalar(query.order_by(Candidate.id.desc()).limit(1))
    return Price(input=price["input"], output=price["output"]) if price else None
