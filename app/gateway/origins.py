"""Which addresses may be called at all. Pure: no name is looked up here.

Only an instance admin registers a provider, so a registered origin is an allowed one, private and loopback
addresses included. What no provider lives at is refused even then: other schemes, credentials in the address,
spellings of an address that programs read differently, link-local addresses (cloud metadata), multicast.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from app.core.errors import Invalid

# One text for every refusal: it must not tell an attacker what lies behind an address.
REFUSED = (
    "This address cannot be called. Write http:// or https://, a host name or a plain IP address, "
    "and the path that ends in /v1, like https://api.example.com/v1."
)
METADATA = (ip_network("169.254.0.0/16"), ip_network("fe80::/10"), ip_network("fd00:ec2::/32"))
ALIBABA_METADATA = ip_address("100.100.100.200")
MAX_LENGTH = 500


def tidy_base_url(text: str) -> str:
    """The address without a trailing slash; raises Invalid with one and the same text for all that is refused."""
    url = text.strip().rstrip("/")
    if len(url) > MAX_LENGTH or not url.isascii() or any(c.isspace() or ord(c) < 33 or c == "\\" for c in url):
        raise Invalid.field("base_url", REFUSED)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid.field("base_url", REFUSED) from error
    fine = (
        parts.scheme in ("http", "https")
        and parts.hostname
        and "@" not in parts.netloc
        and not parts.query
        and not parts.fragment
        and port != 0
    )
    if not fine or not _is_plain_host(parts.hostname or ""):
        raise Invalid.field("base_url", REFUSED)
    return url


def origin_of(base_url: str) -> str:
    """``https://api.example.com:443``: scheme, host in small letters, and the port always written out."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_private(base_url: str) -> bool:
    """Whether the host is written as a loopback or private address (such calls never go through a proxy)."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def is_refused_address(address: str) -> bool:
    """Whether a resolved IP address may never be connected to, whoever registered the name."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    inside = any(ip in network for network in METADATA if network.version == ip.version)
    return inside or ip == ALIBABA_METADATA or ip.is_multicast or ip.is_unspecified


def _is_plain_host(host: str) -> bool:
    try:
        ip = ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        # '127.1', '0x7f000001' and '2130706433' are addresses to some programs and names to others
        numeric = labels[-1].isdigit() or labels[-1].lower().startswith("0x")
        return not numeric and all(label and all(c.isalnum() or c in "-_" for c in label) for label in labels)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return False
    return not is_refused_address(host)
