"""How far a judge and people agree: people mark a sample blind, and the judge counts only once agreement is shown.

``service.state`` is what others ask: may this grader hold a gate? How and why: docs/decisions/judges.md.
"""
