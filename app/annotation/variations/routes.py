"""Pages of variations."""

from app.annotation.assist.routes import router_of
from app.annotation.variations.kind import VARIATIONS

router = router_of(VARIATIONS)
