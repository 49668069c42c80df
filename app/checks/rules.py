"""What each kind of finding means, what fixes it, and who may decide it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Action:
    """One remedy. ``role`` is the least role that may use it; ``past`` is how a notice says that it was done."""

    key: str
    label: str
    past: str
    role: str = "annotator"
    needs_reason: bool = False
    for_many: str = ""  # the label over several, where it is another one


ACTIONS: Mapping[str, Action] = {
    action.key: action
    for action in (
        Action("mask", "Mask", "masked"),
        Action("remove", "Remove from training", "taken out of training (rejected)"),
        Action("approve", "Approve for training", "approved for training", role="engineer", needs_reason=True),
        Action("accept", "It is fine", "accepted as they are", for_many="They are fine"),
        Action("needs_work", "Needs work", "sent to needs work"),
        Action("keep_one", "Keep one", "folded into the one that is kept", for_many="Keep the best of each"),
        Action("not_duplicate", "Not a duplicate", "kept apart", for_many="Not duplicates"),
        Action("choose", "This answer is right", "settled"),
        Action("reopen", "Open again", "opened again"),
    )
}


@dataclass(frozen=True)
class Kind:
    """``blocks``: while one is open, the example stays out of dataset versions. ``together``: shown as clusters."""

    key: str
    title: str
    one: str
    many: str
    meaning: str
    fix: str
    actions: tuple[str, ...]
    blocks: bool = False
    together: bool = False
    held_back: str = ""  # the kind of reason for which a version leaves the example out


# worst first: what must never be trained on, then what teaches the model something wrong, then what wastes
KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "secret",
            "Secrets",
            "secret",
            "secrets",
            "A key or password stands in the text: a model can repeat it word for word.",
            "Mask it, and revoke it where it was issued.",
            ("mask", "remove", "approve"),
            blocks=True,
            held_back="open finding, secret",
        ),
        Kind(
            "sensitive",
            "Sensitive data",
            "piece of sensitive data",
            "pieces of sensitive data",
            "Something that points to a person: a model can learn it and say it to somebody else.",
            "Mask it, take the example out, or approve it for training with a reason and an end.",
            ("mask", "remove", "approve"),
            blocks=True,
            held_back="open finding, sensitive data",
        ),
        Kind(
            "leak",
            "Test cases in training",
            "test case in the training pool",
            "test cases in the training pool",
            "A test case stands among the training examples: its score would measure memory, not skill.",
            "Take the example out of training. Sealing the test set does the same for exact and near copies.",
            ("remove", "not_duplicate"),
            blocks=True,
            held_back="open finding, test case",
        ),
        Kind(
            "label_conflict",
            "Conflicting answers",
            "conflicting answer",
            "conflicting answers",
            "One request has several answers that do not agree: the model learns to guess.",
            "Choose the answer that is right; the others are rejected.",
            ("choose", "remove", "accept"),
            together=True,
        ),
        Kind(
            "format",
            "Format",
            "format problem",
            "format problems",
            "An answer breaks the form that production needs, and the model will copy that.",
            "Mend the answer, send it to needs work, or reject it.",
            ("needs_work", "remove", "accept"),
        ),
        Kind(
            "stale_fact",
            "Facts that may change",
            "fact that may change",
            "facts that may change",
            "A price, date, version or policy in an answer: weights keep it long after it has changed.",
            "Move the fact into retrieval and edit the answer, or reject it.",
            ("needs_work", "remove", "accept"),
        ),
        Kind(
            "duplicate",
            "Exact duplicates",
            "exact duplicate",
            "exact duplicates",
            "The same request and answer more than once: it counts twice, and only one goes into a version.",
            "Keep one of each; its tags are joined.",
            ("keep_one", "not_duplicate"),
            together=True,
        ),
        Kind(
            "near_duplicate",
            "Near-duplicates",
            "near-duplicate",
            "near-duplicates",
            "Almost the same request again: it adds weight, not knowledge.",
            "Keep the best of each cluster, or say that they are not duplicates.",
            ("keep_one", "not_duplicate"),
            together=True,
        ),
        Kind(
            "semantic_duplicate",
            "Same meaning",
            "request that means the same",
            "requests that mean the same",
            "Another wording of the same request. Variety is good; many copies of one meaning are not.",
            "Look, and keep what adds something.",
            ("keep_one", "accept"),
            together=True,
        ),
        Kind(
            "outlier",
            "Outliers",
            "outlier",
            "outliers",
            "Far from the rest in length or form: often a paste accident, at times the most valuable case.",
            "Look at it; accept it, or reject it.",
            ("accept", "needs_work", "remove"),
        ),
    )
}
WORDS: Mapping[str, str] = {
    "email": "e-mail address",
    "phone": "phone number",
    "iban": "IBAN",
    "ip": "IP address",
    "ssn": "US social security number",
    "not_json": "not JSON",
    "exact": "word for word",
    "near": "nearly the same",
    "semantic": "the same meaning",
}


def code_words(code: str) -> str:
    """A code for people: ``missing_key`` → ``missing key``."""
    return WORDS.get(code, code.replace("_", " "))


def blocks(kind: str, code: str) -> bool:
    """Whether an open finding keeps its example out of dataset versions. Alike in meaning alone does not."""
    return KINDS[kind].blocks and code != "semantic"


def actions(kind: str, code: str, *, maskable: bool, state: str = "open") -> list[Action]:
    """What may be done about a finding, the best first."""
    if state != "open":
        return [ACTIONS["reopen"]] if state == "accepted" else []
    found = [ACTIONS[key] for key in KINDS[kind].actions]
    if not maskable:
        found = [action for action in found if action.key != "mask"]
    if kind == "leak":  # a copy of a test case is one, whatever anybody says; likeness can be a mistake
        found = [action for action in found if action.key != "not_duplicate" or code == "near"]
        found += [ACTIONS["accept"]] if code == "semantic" else []
    return found


def holds(until: datetime | None, now: datetime) -> bool:
    """Whether an acceptance is still good; one without an end always is."""
    return until is None or until > now


def overall(kind: str, number: int) -> str:
    """``3 exact duplicates``, as lists and the overview say it."""
    facts = KINDS[kind]
    return f"{number:,} {facts.one if number == 1 else facts.many}"


def may_decide(action: Action, can: Callable[[str], bool], may_sign_off: bool) -> bool:
    """Approving for training takes a role, or the permission to sign off."""
    return can(action.role) or (action.key == "approve" and may_sign_off)
