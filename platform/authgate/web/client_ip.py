"""Whose request it is by address: the peer, or the last hop that a trusted proxy did not add."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# Some proxies write the port as well: 192.0.2.1:4711, [2001:db8::1]:4711 (RFC 7239 section 6).
_WITH_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?\Z")
_MAPPED_BITS = 96
_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})


class ClientAddress:
    """Reads ``X-Forwarded-For`` from proxies that the operator trusts, from nobody else."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = tuple(_network(each) for each in trusted_proxies)

    def of(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The right-most address that is no trusted proxy (RFC 7239 section 7.4 on why).

        Written without port and scope, and as IPv4 where it is one, so that each client has one
        address.
        """
        if self._trusted and self.trusts(peer):
            forwarded = self._forwarded(headers)
            if forwarded is not None:
                return str(forwarded)
        return _written(peer)

    def trusts(self, peer: str) -> bool:
        """Whether the peer is a proxy whose word is believed."""
        address = _parsed(peer)
        return address is not None and self._is_trusted(address)

    def _forwarded(
        self, headers: Iterable[tuple[bytes, bytes]]
    ) -> IPv4Address | IPv6Address | None:
        hops = [
            hop.strip()
            for name, value in headers
            if name == b"x-forwarded-for"
            for hop in value.decode("latin-1").split(",")
        ]
        for hop in reversed(hops):
            address = _parsed(hop)
            if address is None:
                return None  # a proxy that forwards rubbish vouches for nothing
            if not self._is_trusted(address):
                return address
        return None

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    with_port = _WITH_PORT.match(text)
    try:
        address = ip_address((with_port[1] or with_port[2]) if with_port else text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # The scope is a name of the proxy's interface and says nothing about the client.
    return address.ipv4_mapped or IPv6Address(int(address))


@lru_cache(maxsize=4096)
def _written(peer: str) -> str:
    address = _parsed(peer)
    return peer if address is None else str(address)


@lru_cache(maxsize=4096)
def bucket(text: str) -> str:
    """What limits count an address under: itself, or its /64, which one customer has whole."""
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return text if address is None else str(address)


def is_handed_on(header_names: Iterable[str]) -> bool:
    """Whether a proxy says, by the names of headers in lower case, that another has asked it."""
    return not _FORWARDED.isdisjoint(header_names)


def is_from_here(ip: str, header_names: Iterable[str]) -> bool:
    """Whether a request comes from this machine itself, by its address and the names of its
    headers in lower case."""
    # A proxy on this machine speaks for strangers.
    if is_handed_on(header_names):
        return False
    address = _parsed(ip)
    return address is not None and address.is_loopback
