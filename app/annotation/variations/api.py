"""Variations under ``/api/v1``."""

from app.annotation.assist.api import router_of
from app.annotation.variations.kind import VARIATIONS

router = router_of(VARIATIONS)
