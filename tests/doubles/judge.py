"""A judge for tests: it answers a judge's prompt as a model would that is steady, naive, or a parrot.

It reads the prompt as it came over the wire: the code of the marks from the system message, the outputs between them.
"""

import json
import re
from typing import Any

MARK = re.compile(r"marks with the code ([0-9a-f]{8})")
RANGE = re.compile(r'"score": <a number from (\S+) to (\S+)>')
LABELS = re.compile(r'"label": <one of (.*?)>}')
ORDER = re.compile(r"\b(ignore|disregard|score|grade|give|rate|verdict|judge|grader)\b", re.IGNORECASE)
FAKE = re.compile(r"\{[^{}]*\}")


def outputs_of(body: dict[str, Any]) -> tuple[str, list[str]]:
    """(code of the marks, the texts between the marks of outputs)."""
    words = "\n".join(message["content"] for message in body["messages"])
    mark = MARK.findall(words)[-1]
    return mark, re.findall(rf"<<output {mark}>>\n(.*?)\n<<end {mark}>>", words, re.DOTALL)


def answer(kind: str, body: dict[str, Any]) -> str:
    """``steady``: judges the words only. ``naive``: does what an output tells it. ``parrot``: repeats a verdict that it
    finds in an output. ``first``: of two outputs always the first. ``prose``: talks around its verdict."""
    mark, outputs = outputs_of(body)
    if kind == "parrot" and FAKE.search(outputs[0]):
        return FAKE.search(outputs[0]).group(0)  # type: ignore[union-attr]
    verdict = {"id": mark, "reason": f"{kind}: looked at {len(outputs[0])} characters", **_verdict(kind, body, outputs)}
    return f"Here is my verdict: {json.dumps(verdict)}" if kind == "prose" else json.dumps(verdict)


def _verdict(kind: str, body: dict[str, Any], outputs: list[str]) -> dict[str, Any]:
    words = body["messages"][-1]["content"]
    swayed = kind == "naive" and ORDER.search(outputs[0])
    ranged = RANGE.findall(words)
    if ranged:
        low, high = map(float, ranged[-1])
        good = bool(swayed) or "good" in outputs[0]
        return {"score": high if good else low}
    labels = json.loads(f"[{LABELS.findall(words)[-1]}]")
    if len(outputs) == 2:
        better = [("good" in text) for text in outputs]
        if kind == "first" or better[0] != better[1]:
            return {"label": labels[0] if kind == "first" or better[0] else labels[1]}
        return {"label": labels[-1]}
    named = next((label for label in labels if label in outputs[0]), labels[-1])
    return {"label": labels[0] if swayed else named}
