"""The detector ``outlier``: requests and answers far longer or shorter than the rest. Pure."""

import math
from collections.abc import Iterator

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.typical import LEAST, summary

# Deviations from the median, in robust standard deviations of ln(characters). 3.5 is the usual bound (Iglewicz and
# Hoaglin, 1993); lengths have longer tails than the normal distribution, so one more is left.
FAR = 4.5
# at least this many times longer or shorter, however alike the others are
LEAST_RATIO = 4.0


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    """Nothing while fewer than ``LEAST`` examples have told what is typical."""
    own = summary(subject)
    for part, size in (("request", own.request), ("answer", own.answer)):
        usual = setting.typical.get(part)
        if not usual or usual["n"] < LEAST or size < 1:
            continue
        off = math.log(size) - usual["center"]
        if abs(off) > max(FAR * usual["spread"], math.log(LEAST_RATIO)):
            middle = round(math.exp(usual["center"]))
            how, code = ("long", "long") if off > 0 else ("short", "short")
            times = round(math.exp(abs(off)))
            words = f"The {part} is unusually {how}: {size:,} characters, where the middle one has {middle:,}."
            evidence = {"characters": size, "median": middle, "times": times}
            index = subject.target if part == "answer" else None
            yield Found("outlier", f"{part}_{code}", words, f"{part}_{code}", index, evidence=evidence)


OUTLIER = Detector("outlier", 1, ("outlier",), look)
