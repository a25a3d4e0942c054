"""Which addresses are public, in whatever spelling, and what an operator can allow."""

from ipaddress import ip_address

import pytest

from service.errors import FetchForbiddenError
from service.ingest.fetching.addresses import Guard, is_public, literal

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::200e"]
REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1"],
    "carrier": ["100.64.0.1", "100.127.255.255"],
    "link-local": ["169.254.1.1", "fe80::1", "fec0::1"],
    "metadata": ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "unspecified and broadcast": ["0.0.0.0", "0.1.2.3", "255.255.255.255", "::"],
    "reserved": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1", "2001:db8::1", "3fff::1"],
    "IPv4 within IPv6": [
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
}


@pytest.mark.parametrize("text", [*PUBLIC, "64:ff9b::808:808"])
def test_a_public_address_is_public(text):
    assert is_public(ip_address(text))
    assert Guard([]).permits("example.com", ip_address(text))


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts])
def test_no_other_address_is(kind, text):
    assert not is_public(ip_address(text)), kind
    assert not Guard([]).permits("example.com", ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "1.2.3",
        "1.2.3.4.5",
        "0x",
        "999.1.1.1",
    ],
)
def test_an_address_in_an_odd_spelling_is_refused_whatever_it_means(host):
    with pytest.raises(FetchForbiddenError, match="usual spelling"):
        literal(host)


@pytest.mark.parametrize(
    "host", ["example.com", "localhost", "a.b.", "0x7f.example", "1password.com", "xn--bcher-kva.de"]
)
def test_a_name_is_no_literal(host):
    assert literal(host) is None


def test_a_zone_does_not_hide_an_address():
    assert literal("fe80::1%eth0") == ip_address("fe80::1")


@pytest.mark.parametrize(
    ("allow", "host", "address"),
    [
        ("10.1.0.0/16", "wiki", "10.1.2.3"),
        ("10.1.2.3", "wiki", "10.1.2.3"),
        ("fd12::/16", "wiki", "fd12::5"),
        ("wiki.corp.example", "wiki.corp.example", "10.1.2.3"),
        ("WIKI.corp.example", "wiki.CORP.example.", "10.1.2.3"),
        ("*.corp.example", "a.b.corp.example", "192.168.0.5"),
        ("localhost", "localhost", "127.0.0.1"),
        ("localhost", "localhost", "::1"),
        ("wiki", "wiki", "64:ff9b::808:808"),
        ("64:ff9b:1::/96", "wiki", "64:ff9b:1::a01:203"),
        ("169.254.0.0/16", "odd", "169.254.7.7"),
    ],
)
def test_an_operator_can_allow(allow, host, address):
    assert Guard([allow]).permits(host, ip_address(address))


@pytest.mark.parametrize(
    ("allow", "host", "address"),
    [
        ("10.1.0.0/16", "wiki", "10.2.0.1"),
        ("wiki.corp.example", "evil.example", "10.1.2.3"),
        ("*.corp.example", "corp.example", "10.1.2.3"),
        ("*.corp.example", "evilcorp.example", "10.1.2.3"),
        ("wiki", "wiki", "169.254.169.254"),
        ("wiki", "wiki", "fe80::1"),
        ("wiki", "wiki", "fd00:ec2::254"),
        ("wiki", "wiki", "0.0.0.0"),
        ("wiki", "wiki", "::ffff:169.254.169.254"),
        ("wiki", "wiki", "::ffff:168.63.129.16"),
        ("wiki", "wiki", "64:ff9b::a9fe:a9fe"),
        ("wiki", "wiki", "64:ff9b:1::a9fe:a9fe"),
        ("wiki", "wiki", "2002:a9fe:a9fe::1"),
        ("wiki", "wiki", "2001:0:53aa:64c::5601:5601"),
        ("wiki", "wiki", "2001:0:a9fe:a9fe::5601:5601"),
    ],
)
def test_an_operator_allows_no_more_than_was_said(allow, host, address):
    assert not Guard([allow]).permits(host, ip_address(address))
