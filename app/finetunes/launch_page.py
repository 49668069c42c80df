"""The launch page: what the form begins with, and the preflight that stands below it while it is filled in."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.finetunes import dialects, preflight, queries, settings
from app.finetunes.dialects import Dialect
from app.finetunes.estimates import SMALL_MODEL
from app.finetunes.forms import NewFineTune
from app.finetunes.material import queries as materials
from app.finetunes.memory import GB
from app.finetunes.models import FineTune
from app.finetunes.preflight import Preflight
from app.finetunes.remarks import Remark
from app.finetunes.rules import METHODS, OBJECTIVES, method_problem
from app.finetunes.settings import PREFIX, SETTINGS, Field
from app.gateway import queries as gateway
from app.gateway import shutdowns
from app.gateway.models import Provider
from app.projects.access import Access
from app.web.forms import FormState, parse
from app.web.words import duration, money, plural

NESTED = PREFIX
ADAPTER = PREFIX + "adapter."
FIELDS = (
    "dataset_version_id",
    "provider_id",
    "base_model",
    "method",
    "objective",
    *(setting.field for setting in SETTINGS),
    "validation_version_id",
    "validation_share",
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
    methods: Sequence[tuple[str, str, str]]
    settings: Sequence[Field]
    dialect: str
    ends: str
    objectives: Sequence[tuple[str, str, str]] = OBJECTIVES
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
    provider = next((p for p in providers if p.id == start.get("provider_id")), None)
    dialect = dialects.of(provider.kind, provider.base_url) if provider else dialects.OPENAI
    start = _fitting(start, provider)
    return LaunchPage(
        slug=access.project.slug,
        versions=[(v.id, f"v{v.number} {v.name} – {plural(v.size, 'example')}") for v in found],
        providers=[(p.id, p.name) for p in providers],
        models=_base_models(providers),
        start={name: start.get(name, "") for name in FIELDS},
        form=state,
        panel=panel(session, access, start),
        form_token=str(asked.get("form_token") or secrets.token_urlsafe(16)),
        methods=[one for one in METHODS if provider is None or not method_problem(provider.kind, one[0])],
        settings=settings.fields(dialect, str(start.get("method", "")), str(start["objective"])),
        dialect=dialect.name,
        ends=_ends(provider, str(start.get("base_model") or "")),
    )


def _ends(provider: Provider | None, model: str) -> str:
    """The shutdown date of the chosen base model, however far; empty where none is known."""
    found = shutdowns.shutdown(provider.base_url, provider.models, model) if provider else None
    return found.sentence(utcnow().date()) if found else ""


def _fitting(start: dict[str, Any], provider: Provider | None) -> dict[str, Any]:
    """Another provider was chosen: the method follows, where it cannot do the one that stands there."""
    start = {"objective": "supervised"} | start
    if provider is not None and method_problem(provider.kind, str(start.get("method", ""))):
        start["method"] = "lora" if provider.kind == "local_engine" else "api"
    return start


def proposed(session: Session, access: Access, source: str | None, providers: Sequence[Provider]) -> dict[str, Any]:
    """An earlier launch's fields, or else the baseline's model and the method that its provider takes."""
    if source:
        return _fields_of(session, queries.fine_tune(session, access.project.id, source))
    baseline = candidates.baseline(session, access.project.id)
    usable = {provider.id: provider for provider in providers}
    chosen = usable.get(baseline.provider_id or "") if baseline else None
    chosen = chosen or next(iter(providers), None)
    if chosen is None:
        return {}
    local = chosen.kind == "local_engine"
    model = baseline.model if baseline and baseline.provider_id == chosen.id else SMALL_MODEL if local else ""
    return {"provider_id": chosen.id, "base_model": model, "method": "lora" if local else "api"}


def _fields_of(session: Session, row: FineTune) -> dict[str, Any]:
    wanted, adapter = row.hyperparameters, row.hyperparameters.get("adapter") or {}
    fields: dict[str, Any] = {name: getattr(row, name) for name in ("provider_id", "base_model", "method", "objective")}
    fields |= {"dataset_version_id": row.dataset_version_id, "budget": row.budget}
    kept = materials.validation(session, row.id)
    if kept is not None:
        fields |= {"validation_version_id": kept.dataset_version_id, "validation_share": kept.share}
    fields["training_price"] = row.estimate.get("training_price")
    fields |= {NESTED + key: value for key, value in wanted.items() if key != "adapter"}
    fields |= {ADAPTER + key: ", ".join(value) if isinstance(value, list) else value for key, value in adapter.items()}
    return {key: value for key, value in fields.items() if value is not None}


def parse_fields(values: Mapping[str, Any], dialect: Dialect = dialects.ENGINE) -> NewFineTune:
    """The launch that a form's flat fields mean. Settings that the provider, or the method, has no use for are left
    out: the form was filled in before another was chosen."""
    nested: dict[str, Any] = {}
    adapter: dict[str, Any] = {}
    method, objective = str(values.get("method", "")), str(values.get("objective") or "supervised")
    known = {one.name for one in settings.fields(dialect, method, objective)}
    given = {name: values[name] for name in FIELDS if values.get(name) not in (None, "")}
    flat = {name: value for name, value in given.items() if not name.startswith(NESTED)}
    for name, value in given.items():
        if name not in known:
            continue
        if name.startswith(ADAPTER):
            adapter[name.removeprefix(ADAPTER)] = _modules(value) if name.endswith("target_modules") else value
        else:
            nested[name.removeprefix(NESTED)] = value
    if adapter:
        nested["adapter"] = adapter
    return parse(NewFineTune, flat | {"hyperparameters": nested})


def _modules(typed: Any) -> Any:
    """``q_proj, v_proj`` as a list; a single name, such as ``all-linear``, as it is."""
    names = [name for name in str(typed).replace(",", " ").split() if name]
    return names if len(names) > 1 else "".join(names)


def dialect_of(session: Session, provider_id: Any) -> Dialect:
    """The dialect of a provider that was chosen in a form, if there is such a one."""
    try:
        provider = gateway.usable(session, str(provider_id or ""))
    except NotFound:
        return dialects.ENGINE
    return dialects.of(provider.kind, provider.base_url)


def panel(session: Session, access: Access, values: Mapping[str, Any]) -> Panel:
    try:
        wanted = parse_fields(values, dialect_of(session, values.get("provider_id")))
        found = preflight.check(session, access.project, wanted)
    except (Invalid, Conflict) as error:
        errors = error.errors if isinstance(error, Invalid) else []
        return Panel((), (), " ".join(_named(e.loc, e.msg) for e in errors) or str(error))
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
    "validation_leakage": "Validation",
    "validation": "Validation",
    "semantic": "Meaning",
    "checklist": "Checklist",
    "too_long": "Too long",
    "memory": "Memory",
    "version_changed": "Version",
    "test_set": "Test set",
    "baseline": "Baseline",
    "budget": "Budget",
    "project_budget": "Month",
    "few_examples": "Examples",
    "size": "Size",
    "price_unknown": "Price",
    "already_running": "Twice",
    "shutdown": "Shutdown",
    "last_job": "Last job",
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
    room = f" of {e.memory_room / GB:.0f} GB" if e.memory_room else ""
    memory = f"about {e.memory / GB:.1f} GB{room}" if e.memory is not None else "not known"
    return [
        ("Tokens", f"about {_rounded(e.tokens):,}{steps} · {e.basis['tokens']}"),
        ("Trained tokens", f"about {_rounded(e.trained_tokens):,} carry loss: those of the answers"),
        ("Memory", f"{memory} · {e.basis['memory']}"),
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
