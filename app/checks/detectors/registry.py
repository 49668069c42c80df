"""All detectors that look at one example at a time. A new one is a module here and a line below."""

from app.checks.detectors.base import Detector
from app.checks.detectors.secrets.detector import SECRET
from app.checks.detectors.sensitive.detector import SENSITIVE

DETECTORS: tuple[Detector, ...] = (SENSITIVE, SECRET)
