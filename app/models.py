"""Every table, imported in one place: what Alembic compares with and what tests walk."""

from app.accounts import models as accounts
from app.annotation import models as annotation
from app.annotation.assignments import models as assignments
from app.annotation.assist import models as assist
from app.annotation.comments import models as comments
from app.candidates import models as candidates
from app.candidates.few_shot import models as few_shot
from app.candidates.knowledge import models as knowledge
from app.candidates.knowledge.embedding import models as embeddings
from app.checks import models as checks
from app.checks.readiness import models as readiness
from app.checks.semantic import models as semantic
from app.comparisons import models as comparisons
from app.core.db import Base
from app.datasets import models as datasets
from app.datasets.near import models as near
from app.decisions import models as decisions
from app.decisions.adviser import models as adviser
from app.decisions.links import models as verdict_links
from app.erasure import models as erasure
from app.evals import models as evals
from app.evals.calibration import models as calibration
from app.evals.judges import models as judges
from app.evals.playground import models as playground
from app.evals.tries import models as tries
from app.examples import models as examples
from app.finetunes import models as finetunes
from app.finetunes.checkpoints import models as checkpoints
from app.finetunes.development import models as development
from app.finetunes.doctor import models as doctor
from app.finetunes.material import models as material
from app.finetunes.preview import models as launch_previews
from app.finetunes.samples import models as samples
from app.finetunes.series import models as series
from app.gateway import models as gateway
from app.overview import models as overview
from app.preferences import models as preferences
from app.preferences.guests import models as guests
from app.preferences.imported import models as imported_votes
from app.preferences.judged import models as round_judges
from app.preferences.results import models as preference_results
from app.projects import models as projects
from app.projects.notifications import models as notifications
from app.traffic import models as traffic
from app.web import models as web

metadata = Base.metadata

__all__ = [
    "accounts",
    "adviser",
    "annotation",
    "assignments",
    "assist",
    "calibration",
    "candidates",
    "checkpoints",
    "checks",
    "comments",
    "comparisons",
    "datasets",
    "decisions",
    "development",
    "doctor",
    "embeddings",
    "erasure",
    "evals",
    "examples",
    "few_shot",
    "finetunes",
    "gateway",
    "guests",
    "imported_votes",
    "judges",
    "knowledge",
    "launch_previews",
    "material",
    "metadata",
    "near",
    "notifications",
    "overview",
    "playground",
    "preference_results",
    "preferences",
    "projects",
    "readiness",
    "round_judges",
    "samples",
    "semantic",
    "series",
    "traffic",
    "tries",
    "verdict_links",
    "web",
]
