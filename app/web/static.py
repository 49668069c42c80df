"""Static files under a path that names their content."""

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"


@lru_cache
def static_version() -> str:
    """A hash over every static file. It stands in the path, not in a query, so that stylesheets and modules
    which name each other by relative addresses are fetched anew together."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return "v-" + digest.hexdigest()[:12]


def static_url(path: str) -> str:
    """``/static/v-…/css/app.css``: browsers may keep it for ever."""
    return f"/static/{static_version()}/{path}"
