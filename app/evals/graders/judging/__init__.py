"""What a judge is asked and what it may answer. Pure: the call itself is made by ``app.evals.judges``.

``asks`` says what one judgement needs, ``prompt`` makes the request, ``verdict`` reads the answer and ``signs`` looks
for outputs that speak to the judge. How and why: docs/decisions/judges.md.
"""

from app.evals.graders.judging.asks import Ask, Judge, JudgeFields, Judgement, Labels, Price, Range, Shape, judged
from app.evals.graders.judging.prompt import request_body
from app.evals.graders.judging.verdict import Unreadable, Verdict, read_verdict

__all__ = [
    "Ask",
    "Judge",
    "JudgeFields",
    "Judgement",
    "Labels",
    "Price",
    "Range",
    "Shape",
    "Unreadable",
    "Verdict",
    "judged",
    "read_verdict",
    "request_body",
]
