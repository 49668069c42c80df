"""From how things stand to the path of stages and the one next thing to do. Pure."""

from dataclasses import dataclass

from app.web.words import plural


@dataclass(frozen=True)
class Standing:
    """Counts and ids of every stage of one project."""

    examples: int
    to_review: int
    approved: int
    test_sets: int
    sealed_sets: int
    sealed_cases: int
    draft_cases: int
    versions: int
    candidates: int
    baseline_id: str | None
    runs: int
    runs_open: int
    baseline_run_id: str | None
    fine_tunes: int
    fine_tunes_open: int
    tuned: int
    open_fine_tune_id: str | None
    tuned_candidate_id: str | None
    tuned_run_id: str | None
    rounds: int
    rounds_open: int
    people: int
    scanned: bool
    findings: int  # open ones; counting stops at a thousand
    rounds_waiting_for_me: int
    assigned_to_me: int  # examples that this person was asked to review and has not
    verdicts: int = 0  # that somebody signed
    collections: int = 0  # of documents to search
    mentions: int = 0  # of this person in comments, not seen yet


@dataclass(frozen=True)
class Step:
    label: str
    state: str  # done | part | todo
    note: str
    url: str
    current: bool = False


@dataclass(frozen=True)
class NextThing:
    """The one primary action of the overview, and the sentence that says why it is next."""

    label: str
    url: str
    why: str


ENOUGH_APPROVED = 1


def state(done: bool, begun: bool) -> str:
    return "done" if done else "part" if begun else "todo"


def path(base: str, s: Standing) -> list[Step]:
    """The seven stages of the work in order."""
    curated = s.approved >= ENOUGH_APPROVED and s.to_review == 0
    return [
        Step("Curate", state(curated, s.examples > 0), _curate(s), f"{base}/examples"),
        Step("Test set", state(s.sealed_sets > 0, s.test_sets > 0), _test_set(s), f"{base}/test-sets"),
        Step(
            "Baseline", state(bool(s.baseline_run_id), s.runs > 0 or bool(s.baseline_id)), _baseline(s), f"{base}/runs"
        ),
        Step("Tune", state(s.tuned > 0, s.fine_tunes > 0), _tune(s), f"{base}/fine-tunes"),
        Step("Compare", state(bool(s.tuned_run_id and s.baseline_run_id), False), _compare(s), f"{base}/compare"),
        Step("Blind review", state(s.rounds > s.rounds_open, s.rounds > 0), _rounds(s), f"{base}/rounds"),
        Step("Decide", state(s.verdicts > 0, False), "signed" if s.verdicts else "not signed", f"{base}/decide"),
    ]


def _curate(s: Standing) -> str:
    if not s.examples:
        return "no example yet"
    return f"{s.approved:,} approved" + (f" · {s.to_review:,} to review" if s.to_review else "")


def _test_set(s: Standing) -> str:
    if s.sealed_sets:
        return f"{plural(s.sealed_cases, 'case')} sealed"
    return f"{plural(s.draft_cases, 'case')}, not sealed" if s.test_sets else "none yet"


def _baseline(s: Standing) -> str:
    if s.baseline_run_id:
        return "measured"
    if not s.baseline_id:
        return "none chosen"
    return "being measured" if s.runs_open else "not measured"


def _tune(s: Standing) -> str:
    if s.fine_tunes_open:
        return "training"
    return f"{s.tuned} tuned" if s.tuned else "none yet"


def _compare(s: Standing) -> str:
    if s.tuned_run_id and s.baseline_run_id:
        return "ready to read"
    return "measure the tuned model" if s.tuned else "needs a tuned model"


def _rounds(s: Standing) -> str:
    if s.rounds_open:
        return f"{plural(s.rounds_open, 'round')} open"
    return f"{plural(s.rounds, 'round')} closed" if s.rounds else "none yet"


def next_thing(base: str, s: Standing, role: str) -> NextThing:
    """What this person should do next; the first rule that fits wins."""
    if s.rounds_waiting_for_me:
        return NextThing("Vote blind", f"{base}/rounds", "A round waits for your votes.")
    if s.assigned_to_me:
        examples = plural(s.assigned_to_me, "example")
        return NextThing(f"Review your {examples}", f"{base}/review", f"You were asked to look at {examples}.")
    if s.mentions:
        why = f"{plural(s.mentions, 'comment')} on examples name you."
        return NextThing("Read what names you", f"{base}/mentions", why)
    if role in ("viewer", "annotator"):
        if s.to_review and role == "annotator":
            return NextThing(f"Review {plural(s.to_review, 'example')}", f"{base}/review", "They wait for a person.")
        return NextThing("Browse the examples", f"{base}/examples", "Nothing waits for you right now.")
    return _engineers_next(base, s)


def _engineers_next(base: str, s: Standing) -> NextThing:
    if not s.examples:
        return NextThing(
            "Import examples", f"{base}/imports/new", "Everything starts with realistic requests and answers."
        )
    if not s.sealed_sets:
        why = "The test set is written and sealed first: what cannot be measured cannot be known to have improved."
        return NextThing("Seal a test set", f"{base}/test-sets", why)
    if not s.baseline_run_id:
        return _measure(base, s)
    if not s.versions and s.to_review and not s.approved:
        return NextThing(f"Review {plural(s.to_review, 'example')}", f"{base}/review", "Only approved examples train.")
    if not s.versions:
        return NextThing(
            "Freeze a dataset version", f"{base}/versions", "A tune trains on a frozen version, never on moving data."
        )
    if s.open_fine_tune_id:
        return NextThing("Watch the fine-tune", f"{base}/fine-tunes/{s.open_fine_tune_id}", "It is training now.")
    if not s.tuned:
        return NextThing(
            "Launch a fine-tune", f"{base}/fine-tunes/new", "The baseline is measured and the data is frozen."
        )
    if not s.tuned_run_id:
        url = f"{base}/runs/new?candidate={s.tuned_candidate_id}"
        return NextThing("Measure the tuned model", url, "On the same sealed cases as the baseline.")
    if not s.rounds:
        url = f"{base}/rounds/new?run={s.baseline_run_id}&run={s.tuned_run_id}"
        return NextThing("Open a blind round", url, "Let people choose between the outputs, without names.")
    if s.rounds_open:
        return NextThing("Look at the round", f"{base}/rounds", "People are voting.")
    if not s.verdicts:
        return NextThing("Decide", f"{base}/decide", "Everything is measured: read the verdict, and sign it.")
    return NextThing("Compare", f"{base}/compare", "Everything is measured: read what it shows.")


def _measure(base: str, s: Standing) -> NextThing:
    why = "Prompting first: measure what the base model does before any training."
    if not s.candidates:
        return NextThing("Make a candidate", f"{base}/candidates/new", why)
    if not s.baseline_id:
        return NextThing("Choose the baseline", f"{base}/candidates", why)
    if s.runs_open:
        return NextThing("Watch the eval run", f"{base}/runs", "The baseline is being measured.")
    return NextThing("Measure the baseline", f"{base}/runs/new?candidate={s.baseline_id}", why)
