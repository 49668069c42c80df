"""Pages of suggestions."""

from app.annotation.assist.routes import router_of
from app.annotation.suggestions import queries
from app.annotation.suggestions.kind import SUGGESTIONS

router = router_of(SUGGESTIONS, queries.rates)
