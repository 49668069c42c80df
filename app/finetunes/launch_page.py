"""The launch page: what the form begins with, and the preflight that stands below it while it is filled in."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.core.errors import Invalid
from app.finetunes import preflight, queries
from app.finetunes.estimates import SMALL_MODEL
from app.finetunes.forms import NewFineTune
from app.finetunes.models import FineTune
from app.finetunes.preflight import Preflight, Remark
from app.finetunes.rules import METHODS
from app.gateway import queries as gateway
from app.gateway.models import Provider
from app.projects.access import Access
from app.web.forms import FormState, parse
from app.web.words import duration, money, plural

NESTED = "hyperparameters."
ADAPTER = "hyperparameters.adapter."
FIELDS = (
    "dataset_version_id",
    "provider_id",
    "base_model",
    "method",
    "hyperparameters.n_epochs",
    "hyperparameters.batch_size",
    "hyperparameters.learning_rate_multiplier",
    "hyperparameters.adapter.r",
    "hyperparameters.adapter.alpha",
    "hyperparameters.adapter.dropout",
    "hyperparameters.adapter.learning_rate",
    "budget",
    "training_price",
    "override_reason",
)


@dataclass(frozen=True)
class Check:
    """A line of the preflight, as ``check_list`` shows it."""

    word: str
    label: str
    more: str
    url: str
    measured: str = ""


@dataclass(frozen=True)
class Panel:
    """What the launch will take and what stands in its way. ``why_not`` is empty when it can be launched."""

    checks: Sequence[Check]
    takes: Sequence[tuple[str, str]]
    why_not: str
    can_override: bool = False


@dataclass(frozen=True)
class LaunchPage:
    slug: str
    versions: Sequence[tuple[str, str]]
    providers: Sequence[tuple[str, str]]
    models: Sequence[str]
    start: Mapping[str, Any]
    form: FormState
    panel: Panel
    form_token: str
    methods: Sequence[tuple[str, str, str]] = field(default=METHODS)
    title: str = "Launch a fine-tune"


def new(
    session: Session, access: Access, asked: Mapping[str, Any], form: FormState | None = None, source: str | None = None
) -> LaunchPage:
    """``asked`` holds fields as they were typed, from the address or from a refused form; the rest is proposed."""
    found = queries.versions(session, access.project.id)
    providers = gateway.active(session)
    start = proposed(session, access, source, providers) | {key: asked[key] for key in FIELDS if key in asked}
    if found:
        start["dataset_version_id"] = start.get("dataset_version_id") or found[0].id
    state = form or FormState()
    return LaunchPage(
        slug=access.project.slug,
        versions=[(v.id, f"v{v.number} {v.name} – {plural(v.size, 'example')}") for v in found],
        providers=[(p.id, p.name) for p in providers],
        models=_base_models(providers),
        start={name: start.get(name, "") for name in FIELDS},
        form=state,
        panel=panel(session, access, start),
        form_token=str(asked.get("form_token") or secrets.token_urlsafe(16)),
    )


def proposed(session: Session, access: Access, source: str | None, providers: Sequence[Provider]) -> dict[str, Any]:
    """An earlier launch's fields, or else the baseline's model and the method that its provider takes."""
    if source:
        return _fields_of(queries.fine_tune(session, access.project.id, source))
    baseline = candidates.baseline(session, access.project.id)
    usable = {provider.id: provider for provider in providers}
    chosen = usable.get(baseline.provider_id or "") if baseline else None
    chosen = chosen or next(iter(providers), None)
    if chosen is None:
        return {}
    local = chosen.kind == "local_engine"
    model = baseline.model if baseline and baseline.provider_id == chosen.id else SMALL_MODEL if local else ""
    return {"provider_id": chosen.id, "base_model": model, "method": "lora" if local else "api"}


def _fields_of(row: FineTune) -> dict[str, Any]:
    wanted, adapter = row.hyperparameters, row.hyperparameters.get("adapter") or {}
    fields: dict[str, Any] = {name: getattr(row, name) for name in ("provider_id", "base_model", "method")}
    fields |= {"dataset_version_id": row.dataset_version_id, "budget": row.budget}
    fields["training_price"] = row.estimate.get("training_price")
    fields |= {NESTED + key: value for key, value in wanted.items() if key != "adapter"}
    fields |= {ADAPTER + key: value for key, value in adapter.items()}
    return {key: value for key, value in fields.items() if value is not None}


def parse_fields(values: Mapping[str, Any]) -> NewFineTune:
    """The launch that a form's flat fields mean. Fields that the method has no use for are left out."""
    nested: dict[str, Any] = {}
    adapter: dict[str, Any] = {}
    flat: dict[str, Any] = {}
    for name in FIELDS:
        value = values.get(name)
        if value in (None, ""):
            continue
        if name.startswith(ADAPTER):
            key = name.removeprefix(ADAPTER)
            if values.get("method") == "lora" or (values.get("method") == "full" and key == "learning_rate"):
                adapter[key] = value
        elif name.startswith(NESTED):
            nested[name.removeprefix(NESTED)] = value
        else:
            flat[name] = value
    if adapter:
        nested["adapter"] = adapter
    return parse(NewFineTune, flat | {"hyperparameters": nested})


def panel(session: Session, access: Access, values: Mapping[str, Any]) -> Panel:
    try:
        wanted = parse_fields(values)
        found = preflight.check(session, access.project, wanted)
    except Invalid as error:
        said = " ".join(_named(e.loc, e.msg) for e in error.errors) or str(error)
        return Panel((), (), said)
    refusals = found.refusals(wanted.override_reason)
    why_not = " ".join(remark.sentence for remark in refusals)
    overridable = bool(found.blockers) and all(blocker.can_override for blocker in found.blockers)
    return Panel(_checks(found, refusals), _takes(found), why_not, overridable)


def _named(loc: str, message: str) -> str:
    missing = {
        "dataset_version_id": "Choose a version.",
        "provider_id": "Choose a provider.",
        "base_model": "Name the base model.",
        "method": "Choose a method.",
    }
    if message == "This is needed." and loc in missing:
        return missing[loc]
    if loc.startswith(NESTED):
        return f"{loc.rsplit('.', 1)[-1].replace('_', ' ').capitalize()}: {message}"
    return message if message.endswith(".") else f"{message}."


LABELS = {
    "leakage": "Leakage",
    "version_changed": "Version",
    "test_set": "Test set",
    "baseline": "Baseline",
    "budget": "Budget",
    "few_examples": "Examples",
    "size": "Size",
    "price_unknown": "Price",
    "already_running": "Twice",
}


def _checks(found: Preflight, refusals: Sequence[Remark]) -> list[Check]:
    def line(word: str, remark: Remark) -> Check:
        return Check(word, LABELS[remark.key], remark.sentence, remark.link)

    return [
        *(line("blocked" if blocker in refusals else "overridden", blocker) for blocker in found.blockers),
        *(line("look", warning) for warning in found.warnings),
        *(line("pass", remark) for remark in found.passed),
    ]


def _takes(found: Preflight) -> list[tuple[str, str]]:
    """The estimate, each number with how it was made."""
    e = found.estimate
    steps = f", {plural(e.steps, 'step')}" if e.steps else ""
    seconds = f"about {duration(_round(e.seconds))}" if e.seconds is not None else "not known"
    cost = f"about {money(round(e.cost, 2) if e.cost > 1 else e.cost)}" if e.cost is not None else "not known"
    return [
        ("Tokens", f"about {_rounded(e.tokens):,}{steps} · {e.basis['tokens']}"),
        ("Time", f"{seconds} · {e.basis['seconds']}"),
        ("Cost", f"{cost} · {e.basis['cost']}"),
        ("SHA-256", found.scan.sha256),
    ]


def _round(seconds: float) -> float:
    """To what an estimate can know: minutes from two on."""
    return seconds if seconds < 60 else round(seconds / 30) * 30 if seconds < 600 else round(seconds / 60) * 60


def _rounded(tokens: int) -> int:
    return tokens if tokens < 1000 else round(tokens, -2)


def _base_models(providers: Sequence[Provider]) -> list[str]:
    """Models that can be tuned, as far as the providers say what is a base model."""
    listed = [model for provider in providers for model in provider.models if isinstance(model, dict)]
    return sorted({str(model["id"]) for model in listed if model.get("kind") in (None, "base")})
