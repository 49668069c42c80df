"""Addresses in networks: IPv4, IPv6 (RFC 4291), MAC. Those that every machine has are left out. Pure."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from app.checks.detectors.sensitive.hits import Finder, Hit, before, by_pattern

# defaults of routers, open name servers
_ROUTERS = ("192.168.0.1", "192.168.1.1", "192.168.0.254", "192.168.1.254", "10.0.0.1")
_EVERYBODYS = frozenset((*_ROUTERS, "8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"))
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(rf"(?<![\w.])(?<!\d[-,])(?:{_OCTET}\.){{3}}{_OCTET}(?!\.?\w|-\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,40}(?:\.[0-9]{1,3}){0,3}(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})(?![\w:-])")
# four numbers that count something else
_NUMBERED = re.compile(
    r"(?:version|release|build|firmware|driver|revision|section|chapter|clause|paragraph|figure|article|abschnitt|kapitel"
    r"|§|\bv|\bver\.?)[ :#=]{0,3}\Z",
    re.I,
)


def _is_somebodys(match: re.Match[str]) -> bool:
    address = IPv4Address(match[0])
    common = address.is_loopback or address.is_unspecified or address.is_multicast or match[0].startswith("255.")
    return not (common or match[0] in _EVERYBODYS) and not _NUMBERED.search(before(match.string, match.start(), 20))


def _find_v6(text: str) -> Iterator[Hit]:
    for match in _V6.finditer(text):
        written = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
        if written.count(":") < 2:
            continue
        try:
            address = IPv6Address(written)
        except AddressValueError:
            continue
        # `dead::beef` may be a name in C++ or Rust: an abbreviated address has digits, and a long first group or many
        shortened = "::" in written
        groups = [group for group in written.split(":") if group]
        named = shortened and not (
            any(char.isdecimal() for char in written) and (len(groups[0]) > 2 or len(groups) > 3)
        )
        if not (named or address.is_loopback or address.is_unspecified):
            yield Hit("ip_address", match.start(), match.start() + len(written))


NETWORKS = (
    by_pattern("ip_address", _V4, _is_somebodys, r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"),
    Finder(_find_v6, r"[0-9A-Fa-f:]:[0-9A-Fa-f]{0,4}:"),
    by_pattern("mac_address", _MAC, None, r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]"),
)
