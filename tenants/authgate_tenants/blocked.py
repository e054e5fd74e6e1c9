"""Networks from which nobody is let in to a tenant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Self

from authgate_tenants.unfit import Unfit

WIDEST = {4: 8, 6: 16}
"""By version, the shortest prefix that is taken: whoever blocks more locks everybody out."""

_MAPPED_BITS = 96


class BadNetwork(Unfit):
    """What is no address and no network, or too many of them. The text may be told."""


def network(text: str) -> IPv4Network | IPv6Network:
    """An address or a network (CIDR), as IPv4 where it is one. Raises ``BadNetwork``."""
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise BadNetwork("This is no address, such as 192.0.2.7 or 2001:db8::/48.") from error
    if isinstance(found, IPv6Network) and found.prefixlen >= _MAPPED_BITS:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            found = IPv4Network((mapped, found.prefixlen - _MAPPED_BITS))
    if found.prefixlen < WIDEST[found.version]:
        raise BadNetwork("This is too wide: /%(widest)s at the most.", widest=WIDEST[found.version])
    return found


def written(found: IPv4Network | IPv6Network) -> str:
    """An address alone, or a network with its prefix."""
    is_one = found.prefixlen == found.max_prefixlen
    return str(found.network_address) if is_one else str(found)


@dataclass(frozen=True, slots=True)
class BlockedNetworks:
    """All of a tenant, found in by the lengths of their prefixes, of which there are few."""

    of_version: Mapping[int, tuple[tuple[int, frozenset[int]], ...]]
    """By version, how far an address is shifted, and what is blocked of what is left."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self | None:
        """These networks; nothing where there are none. What is none of them is left out."""
        found: dict[int, dict[int, set[int]]] = {
            4: defaultdict(set),
            6: defaultdict(set),
        }
        for text in texts:
            try:
                each = network(text)
            except BadNetwork:
                continue
            shift = each.max_prefixlen - each.prefixlen
            found[each.version][shift].add(int(each.network_address) >> shift)
        if not any(found.values()):
            return None
        return cls(
            {
                version: tuple((shift, frozenset(them)) for shift, them in shifts.items())
                for version, shifts in found.items()
            }
        )

    @classmethod
    def from_json(cls, stored: Any) -> Self | None:
        """As a tenant's row has them."""
        return cls.of(stored) if isinstance(stored, dict) else None

    def holds(self, address: str) -> bool:
        """Whether nobody is let in from there."""
        parsed = _parsed(address)
        if parsed is None:
            return False
        number = int(parsed)
        return any(number >> shift in them for shift, them in self.of_version[parsed.version])


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
