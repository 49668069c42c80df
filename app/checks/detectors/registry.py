"""All detectors that look at one example at a time. A new one is a module here and a line below."""

from app.checks.detectors.base import Detector
from app.checks.detectors.formats.detector import FORMAT
from app.checks.detectors.outliers import OUTLIER
from app.checks.detectors.secrets.detector import SECRET
from app.checks.detectors.sensitive.detector import SENSITIVE
from app.checks.detectors.sensitive.names import NAMES, available
from app.checks.detectors.stale.detector import STALE_FACT

ALWAYS = (SENSITIVE, SECRET, FORMAT, STALE_FACT, OUTLIER)
DETECTORS: tuple[Detector, ...] = (*ALWAYS, *((NAMES,) if available() else ()))
