"""A small routing task with a pattern that can be learned: what a message is about, from its words."""

import csv
import io
import json
from itertools import product

LABELS = ("billing", "technical", "sales")
SYSTEM = "Answer with one word: billing, technical or sales."
_SUBJECTS = {
    "billing": ("the invoice", "my last payment", "the refund", "our credit note", "the VAT line", "the card charge"),
    "technical": ("the login page", "the export", "the mobile app", "the webhook", "the search box", "the upload"),
    "sales": ("the team plan", "a quote", "a demo call", "the volume discount", "the pricing page", "a trial"),
}
_FRAMES = {
    "billing": ("Could you check {} for October?", "There is a mistake in {}.", "When will {} arrive?"),
    "technical": ("Since yesterday {} shows an error.", "{} is very slow for us.", "How do I reset {}?"),
    "sales": ("We would like to know more about {}.", "Who can talk to us about {}?", "Is {} open to schools?"),
}


def rows() -> list[tuple[str, str]]:
    """(message, label), 54 of them, each message once."""
    return [(f.format(s).capitalize(), label) for label in LABELS for s, f in product(_SUBJECTS[label], _FRAMES[label])]


def line(message: str, label: str) -> dict[str, object]:
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": message},
        {"role": "assistant", "content": label},
    ]
    return {"messages": messages, "expected": {"label": label, "behavior": "answer"}, "tags": [label]}


def jsonl() -> bytes:
    """All rows, one exact duplicate, and three lines to be refused."""
    lines = [json.dumps(line(*row)) for row in rows()]
    broken = ['{"messages": [', json.dumps({"messages": []}), json.dumps({"prompt": "no messages"})]
    return "\n".join([*lines[:10], broken[0], *lines[10:], lines[3], *broken[1:]]).encode()


def csv_file() -> bytes:
    """Six more rows as a CSV of text and label."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["text", "team"])
    for number in range(6):
        label = LABELS[number % 3]
        writer.writerow([f"Please help with {_SUBJECTS[label][number % 6]}, ticket {number}.", label])
    return out.getvalue().encode()
