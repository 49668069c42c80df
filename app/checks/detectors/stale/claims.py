"""Sentences that claim something which changes: prices, dates, versions, periods of a policy, hours, rates. Pure.

Precision before recall: a person looks at each. A figure alone is no claim; the sentence must speak of what it is.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import re2


class Claim(NamedTuple):
    """``value`` stands at ``start`` to ``stop``."""

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
    r"\b(?:\d{1,2}(?::\d\d)? ?(?:[ap]m|[ap]\.m\.)? ?(?:-|–|to|until|bis) ?\d{1,2}(?::\d\d)? ?(?:[ap]m|[ap]\.m\.)"
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
_BREAK = re.compile(r"[.!?](?=\s|\Z)|\n|\\n")


class Kind(NamedTuple):
    """``gate``: what every text with a match has, for RE2; ``about``: what the rest of the sentence must speak of."""

    code: str
    gate: Any
    pattern: re.Pattern[str]
    about: re.Pattern[str] | None


_PERIODS = r"(?:day|hour|week|month|year|tag|werktag|stunde|woche|monat|jour|heure|semaine|mois|d.{1,2}a|hora|semana)"
_KINDS = tuple(
    Kind(code, re2.compile(gate), pattern, about)
    for code, gate, pattern, about in (
        ("price", r"[$€£¥₹]|[A-Z]{3}|(?i:dollar|euro|pound)", _PRICE, _COSTS),
        ("date", r"20[1-9][0-9]", _DATE, _VALID),
        ("version", r"(?i:[a-z.-] ?[0-9])", _VERSION, _REQUIRED),
        ("opening_hours", r"(?i:[0-9m.] ?(?:-|–|to|until|bis) ?[0-9])", _HOURS, _OPEN),
        ("policy_period", rf"(?i)[0-9][ -](?:business |working |calendar |consecutive )?{_PERIODS}", _PERIOD, _POLICY),
        ("rate", r"[0-9] ?%", _RATE, _RATED),
        ("current", r"(?i:currently|presently|as of|at present)", _CURRENT, None),
    )
)


def find_claims(text: str) -> Iterator[Claim]:
    """At most one of a kind in a sentence: its first, on which the others mostly rest. In the order of the kinds."""
    readable = text.encode("utf-8", "replace").decode()
    for code, gate, pattern, about in _KINDS:
        told_until = 0
        for match in pattern.finditer(text) if gate.search(readable) else ():
            if match.start() < told_until:
                continue
            start, stop = _sentence(text, match.start(), match.end())
            if about is None or about.search(text[start : match.start()] + " " + text[match.end() : stop]):
                told_until = stop
                yield Claim(code, *match.span(), match[0])


def _sentence(text: str, start: int, stop: int) -> tuple[int, int]:
    """Where the sentence with these characters begins and ends; at most 400 characters to each side."""
    begin = max(start - 400, 0)
    for ended in _BREAK.finditer(text, begin, start):
        begin = ended.end()
    ends = _BREAK.search(text, stop, min(stop + 400, len(text)))
    return begin, ends.end() if ends else min(stop + 400, len(text))
