"""What it took to make a candidate, beside what each answer costs."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.annotation import queries as annotation
from app.candidates.models import Candidate
from app.comparisons import queries
from app.projects.models import Project

DEFAULT_VOLUME = 10_000  # tasks


@dataclass(frozen=True)
class Fixed:
    """In US dollars: training, evaluation runs, and the paid time of the people whose reviewing made the training data.

    People are counted for tuned candidates only: the time of their decisions, skips and drafts at the project's hourly
    rate; without a rate they are not counted.
    """

    training: float
    evaluation: float
    people: float

    @property
    def total(self) -> float:
        return self.training + self.evaluation + self.people


def fixed(session: Session, project: Project, candidate: Candidate) -> Fixed:
    training, evaluation = queries.making(session, candidate.id)
    people = annotation.expert_minutes(session, project.id).cost if candidate.origin == "fine_tune" else None
    return Fixed(training, evaluation, people or 0.0)
