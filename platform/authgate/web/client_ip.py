"""Whose request it is by address: the peer, or the last hop that a trusted proxy did not add."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network


class ClientAddress:
    """Reads ``X-Forwarded-For`` from proxies that the operator trusts, from nobody else."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = tuple(ip_network(each, strict=False) for each in trusted_proxies)

    def of(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The right-most address that is no trusted proxy (RFC 7239 section 7.4 on why)."""
        if not self._trusted or not self._is_trusted(peer):
            return peer
        hops = [
            hop.strip()
            for name, value in headers
            if name == b"x-forwarded-for"
            for hop in value.decode("latin-1").split(",")
        ]
        for hop in reversed(hops):
            if _parsed(hop) is None:
                return peer  # a proxy that forwards rubbish vouches for nothing
            if not self._is_trusted(hop):
                return hop
        return peer

    def _is_trusted(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def bucket(text: str) -> str:
    """What limits count an address under: itself, or its /64, which one customer has whole."""
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, 64), strict=False))
    return text
