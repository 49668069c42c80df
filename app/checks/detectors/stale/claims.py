"""Sentences that claim something which changes: prices, dates, versions, periods of a policy, hours, rates. Pure.

Precision before recall: a person looks at each. A figure alone is no claim; the sentence must speak of what it is.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import re2

# a figure of any kind, or a word that dates what is said
_GATE = re2.compile(r"[0-9]|(?i:current|as of|at present|derzeit|actuellement|actualmente)")


class Claim(NamedTuple):
    """``value`` stands at ``start`` to ``stop``; ``figures`` are the numbers in it, as written without separators."""

    code: str
    start: int
    stop: int
    value: str


_NUMBER = r"\d{1,3}(?:[ ,.’'\u00a0\u202f]\d{3})*(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?"
_CODES = r"(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|NZD|INR|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|SGD|HKD|CNY)"
_PRICE = re.compile(
    rf"(?<![\w.])(?:(?:US|CA|A|NZ)?[$€£¥₹] ?(?:{_NUMBER})(?: ?(?:k|m|million|billion)\b)?|{_CODES} ?(?:{_NUMBER})"
    rf"|(?:{_NUMBER}) ?(?:[€£¥₹]|{_CODES}\b|dollars?\b|euros?\b|pounds?\b|Euro\b))"
)
_COSTS = re.compile(
    r"\b(?:costs?|priced?|prices|pricing|fees?|charges?|charged|rates?|plans?|subscription|tariff|per|each"
    r"|monthly|yearly|annual(?:ly)?"
    r"|a (?:month|year|seat|user|day|week|night)|(?:/|per )(?:mo|month|yr|year|seat|user)|starts? (?:at|from)"
    r"|starting (?:at|from)"
    r"|from (?=[$€£])|discount|shipping|postage|deposit|minimum (?:order|spend)|free (?:for|over|above)"
    r"|tickets?|admission|salary"
    r"|kostet|kosten|preis|gebühr|pro|monatlich|jährlich|coûte|prix|frais|par|mensuel|annuel|cuesta|precio"
    r"|tarifa|cuota|por|al mes)\b",
    re.I,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b(?:{_MONTH}\.? {_DAY},? 20[1-9]\d|{_DAY}\.? (?:of )?{_MONTH}\.?,? 20[1-9]\d|{_MONTH},? 20[1-9]\d"
    r"|20[1-9]\d-[01]\d-[0-3]\d|\d{1,2}[./]\d{1,2}[./]20[1-9]\d|20[2-9]\d)\b"
)
_VALID = re.compile(
    r"\b(?:as of|until|till|through|valid|effective|expires?|expiring|deadline|due|by the end of|no later than"
    r"|will|scheduled|upcoming"
    r"|starts?|starting|begins?|opens?|closes?|launch(?:es|ing)?|available (?:from|until)|from|next|this year"
    r"|current(?:ly)?|latest"
    r"|gültig|ab|bis|jusqu|à partir|válido|hasta|a partir)\b",
    re.I,
)
_VERSION = re.compile(
    r"\b(?:(?:version|release|v\.?) ?\d+(?:\.\d+){0,3}|(?:iOS|iPadOS|macOS|Android|Windows|Ubuntu|Chrome"
    r"|Firefox|Safari|Edge|Python|Java"
    r"|Node(?:\.js)?|PHP|Ruby|\.NET|PostgreSQL|MySQL|Office|Excel|Outlook|GPT-?|Kotlin|Swift|Go|Rust|Django"
    r"|React|Angular|Vue)"
    r" ?\d+(?:\.\d+){0,2})\b"
)
_REQUIRED = re.compile(
    r"\b(?:latest|newest|current(?:ly)?|recent|requires?|required|minimum|at least|supported?|supports"
    r"|compatible|up(?:grade|date)"
    r"|or (?:later|newer|higher|above)|and (?:later|newer|up|above)|since|as of|neueste|aktuelle?|mindestens"
    r"|dernière|última)\b",
    re.I,
)
_PERIOD = re.compile(
    r"\b(?:\d{1,3}(?: ?(?:-|–|to) ?\d{1,3})?[ -](?:business |working |calendar |consecutive )?(?:days?|hours?"
    r"|weeks?|months?|years?)"
    r"|\d{1,3} (?:Werktage?n?|Tage?n?|Stunden?|Wochen?|Monate?n?|jours?(?: ouvr[ée]s)?|heures|semaines|mois"
    r"|días(?: hábiles)?|horas|semanas))\b",
    re.I,
)
_POLICY = re.compile(
    r"\b(?:refund(?:s|ed|able)?|returns?|returned|cancel\w*|exchange[sd]?|warrant\w+|guarante\w+|trial|notice"
    r"|grace|renew\w*|expir\w+"
    r"|deliver\w*|ship\w*|dispatch\w*|process\w*|respond|response time|retention|retained|kept for"
    r"|deleted after|policy|policies|eligib\w+"
    r"|money[- ]back|reactivate|invoice[sd]?|claims?|within|erstatt\w+|rückgabe|kündig\w+|liefer\w+|garantie"
    r"|rembours\w+|retour|livraison"
    r"|annul\w+|reembols\w+|devoluci\w+|env[ií]o|garant[ií]a)\b",
    re.I,
)
_HOURS = re.compile(
    r"\b(?:\d{1,2}(?::\d\d)? ?(?:a\.?m\.?|p\.?m\.?)? ?(?:-|–|to|until|bis) ?\d{1,2}(?::\d\d)? ?(?:a\.?m\.?|p\.?m\.?)"
    r"|\d{1,2}:\d\d ?(?:-|–|to|until|bis) ?\d{1,2}:\d\d|\d{1,2} (?:bis|-|–) \d{1,2} Uhr)",
    re.I,
)
_OPEN = re.compile(
    r"\b(?:open(?:ing)?|hours|available|reach|call|close[sd]?|weekdays|weekends?|mon(?:day)?s?|tue\w*|wed\w*"
    r"|thu\w*|fri(?:day)?s?|sat\w*"
    r"|sun(?:day)?s?|geöffnet|öffnungszeiten|mo|montags?|ouvert|lundi|abierto|lunes)\b",
    re.I,
)
_RATE = re.compile(r"(?<![\w.,])\d{1,2}(?:[.,]\d{1,2})? ?%")
_RATED = re.compile(
    r"\b(?:VAT|tax|GST|APR|APY|interest|fee|commission|discount|surcharge|off|MwSt|USt|TVA|IVA|remise|rabatt"
    r"|zinssatz|descuento)\b",
    re.I,
)
_CURRENT = re.compile(
    r"\b(?:we|our (?:team|store|company|service|plans?)|it|this|the \w+) (?:(?:is|are|do|does|can|have"
    r"|has)(?: not|n't)? )?currently\b"
    r"|\bwe (?:currently|presently)\b|\bas of (?:now|today|this writing|my last|20\d\d|"
    + _MONTH
    + r")\b|\bat present,? we\b",
    re.I,
)
_KINDS = (
    ("price", _PRICE, _COSTS),
    ("date", _DATE, _VALID),
    ("version", _VERSION, _REQUIRED),
    ("opening_hours", _HOURS, _OPEN),
    ("policy_period", _PERIOD, _POLICY),
    ("rate", _RATE, _RATED),
    ("current", _CURRENT, None),
)
_SENTENCE = re.compile(r"[^.!?\n\\]*(?:(?:[.!?](?=\S)|\\(?!n))[^.!?\n\\]*)*(?:[.!?\n]|\\n|\Z)")


def find_claims(text: str) -> Iterator[Claim]:
    """At most one of a kind in a sentence: its first, on which the others mostly rest."""
    if not _GATE.search(text.encode("utf-8", "replace").decode()):
        return
    for start, stop in _sentences(text):
        sentence = text[start:stop]
        for code, pattern, about in _KINDS:
            match = pattern.search(sentence)
            if match and (about is None or about.search(sentence[: match.start()] + " " + sentence[match.end() :])):
                yield Claim(code, start + match.start(), start + match.end(), match[0])


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        match = _SENTENCE.match(text, start)
        stop = match.end() if match and match.end() > start else start + 1
        yield start, stop
        start = stop
