"""Graders: rules that score an output. Pure: no network, no database, no code from users.

``parse_spec`` checks a grader object, ``case_item`` prepares a case, ``grade`` scores an output.
"""

from app.evals.graders.base import Definition, Grade, NotGradable, Sample, TemplateError
from app.evals.graders.engine import grade
from app.evals.graders.item import case_item
from app.evals.graders.registry import GRADERS, GraderSpec, parse_definition, parse_spec

__all__ = [
    "GRADERS",
    "Definition",
    "Grade",
    "GraderSpec",
    "NotGradable",
    "Sample",
    "TemplateError",
    "case_item",
    "grade",
    "parse_definition",
    "parse_spec",
]
