"""What it took to make a candidate, beside what each answer costs."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.comparisons import queries
from app.projects.models import Project

DEFAULT_VOLUME = 10_000  # tasks


@dataclass(frozen=True)
class Fixed:
    """In US dollars: training, evaluation runs, and the paid time of the people whose reviewing made the training data.

    People are counted for tuned candidates only, from the seconds noted with their decisions, at the project's hourly
    rate; without a rate they are not counted.
    """

    training: float
    evaluation: float
    people: float

    @property
    def total(self) -> float:
        return self.training + self.evaluation + self.people


def fixed(session: Session, project: Project, candidate: Candidate) -> Fixed:
    training, evaluation, seconds = queries.making(session, project.id, candidate.id)
    tuned = candidate.origin == "fine_tune"
    rate = project.expert_hourly_rate or 0.0
    return Fixed(training, evaluation, seconds / 3600 * rate if tuned else 0.0)
