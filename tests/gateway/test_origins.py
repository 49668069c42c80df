"""Addresses that may be registered, and those that never are."""

import pytest

from app.core.errors import Invalid
from app.gateway.origins import REFUSED, is_private, is_refused_address, origin_of, tidy_base_url


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://127.0.0.1:8401/v1",
        "http://localhost:11434/v1",
        "http://[::1]:8000/v1",
        "http://10.1.2.3/v1",
        "http://vllm:8000/v1",
        "https://a-b.example.com.:8443/openai/v1",
    ],
)
def test_ordinary_addresses_pass(url: str) -> None:
    assert tidy_base_url(f" {url}/ ") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "ftp://example.com",
        "http://",
        "http://a@127.0.0.1/v1",
        "http://user:pass@example.com/v1",
        "http://127.1/v1",
        "http://0x7f000001/v1",
        "http://2130706433/v1",
        "http://0177.0.0.1/v1",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/v1",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/v1",
        "http://0.0.0.0/v1",
        "http://224.0.0.1/v1",
        "http://100.100.100.200/",
        "http://example.com/v1?x=1",
        "http://example.com/v1#x",
        "http://example.com:0/v1",
        "http://example.com:99999/v1",
        "http://exa mple.com/v1",
        "http://example.com\\@evil.com/v1",
        "http://example.com/v1\r\nX: y",
        "http://ex\N{KELVIN SIGN}ample.com/",
        "https://" + "a" * 600 + ".com",
    ],
)
def test_the_refusal_is_the_same_for_all(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        tidy_base_url(url)
    assert (str(refused.value), refused.value.errors[0].loc) == (REFUSED, "base_url")


def test_an_origin_names_scheme_host_and_port() -> None:
    assert origin_of("https://API.example.com/v1") == "https://api.example.com:443"
    assert origin_of("http://[::1]:9/v1") == "http://[::1]:9"
    assert origin_of("http://a/v1") != origin_of("https://a/v1")


def test_addresses_behind_a_name_are_judged() -> None:
    assert not is_refused_address("127.0.0.1")
    assert not is_refused_address("203.0.113.7")
    for address in ("169.254.169.254", "::ffff:169.254.1.1", "fe80::1%eth0", "0.0.0.0", "ff02::1", "nonsense"):
        assert is_refused_address(address), address


def test_private_is_read_off_the_address() -> None:
    assert all(is_private(u) for u in ("http://localhost/v1", "http://127.0.0.1/v1", "http://192.168.0.9/v1"))
    assert not is_private("https://api.openai.com/v1")
