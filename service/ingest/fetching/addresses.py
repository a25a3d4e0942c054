"""Which addresses may be connected to: public ones, and those that the operator allows."""

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from service.errors import FetchForbiddenError

Address = IPv4Address | IPv6Address

# Never opened by the name of a host, only by a network that names them: what answers there gives out credentials, or
# is nobody's own.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "100.100.100.200/32",  # Alibaba's
        "168.63.129.16/32",  # Azure's, amid public addresses
        "192.0.0.192/32",  # Oracle's
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fd00:ec2::/32",  # Amazon's over IPv6
        "fe80::/10",
        "ff00::/8",
        # Ways to an IPv4 address, which may be one of those above.
        "::ffff:0:0/96",
        "64:ff9b::/96",  # NAT64, and the one of local use
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
    )
)
_RESERVED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Within 2000::/3; all outside of it is refused.
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to any IPv4 address
        "3fff::/20",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_LOOKS_NUMERIC = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet.

    Written out, as `ipaddress.is_global` differs between Python's releases and passes addresses that only lead to
    others: IPv4-mapped, 6to4 and Teredo ones. NAT64 is how a network without IPv4 reaches all of it, so there the
    address within decides.
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    return not any(address in network for network in _RESERVED)


def literal(host: str) -> Address | None:
    """Return the address that a host is spelled as; None when it is a name.

    Raises:
        FetchForbiddenError: it is spelled in a way that only some programs read as an address, such as `127.1`,
            `0x7f000001`, `2130706433` or `0177.0.0.1`.

    """
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if _LOOKS_NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
        msg = "expected a host name or an address in its usual spelling, got a number"
        raise FetchForbiddenError(msg)
    return None


class Guard:
    """Decides about each address before it is connected to."""

    def __init__(self, allow: Sequence[str]) -> None:
        """Make a guard.

        Args:
            allow: host names, `*.suffix` patterns, addresses and networks that the operator vouches for.

        """
        self._hosts: set[str] = set()
        self._suffixes: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allow:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                name = _plain(entry)
                if name.startswith("*."):
                    self._suffixes.append(name[1:])
                else:
                    self._hosts.add(name)

    def permits(self, host: str, address: Address) -> bool:
        """Tell whether a connection for the host may go to the address."""
        if is_public(address) or any(address in network for network in self._networks):
            return True
        return self._vouched(host) and not any(address in network for network in _NEVER)

    def check_literal(self, host: str) -> None:
        """Check a host that is spelled as an address: no resolver is asked for it.

        Raises:
            FetchForbiddenError: it may not be connected to.

        """
        address = literal(host)
        if address is not None and not self.permits(host, address):
            raise forbidden_address()

    def _vouched(self, host: str) -> bool:
        name = _plain(host)
        return name in self._hosts or any(name.endswith(suffix) for suffix in self._suffixes)


def forbidden_address() -> FetchForbiddenError:
    """Return the error; it does not tell the address, so that nobody learns by it what a name means inside."""
    return FetchForbiddenError(
        "expected a server with a public address, got one with a private or reserved one; "
        "if it is yours, allow it by DOCGRAPH_FETCH_ALLOW"
    )


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
