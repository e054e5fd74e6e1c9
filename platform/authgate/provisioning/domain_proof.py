"""Whether a host is a tenant's own: a TXT record that only its owner can make says so.

The record is looked up below a name of its own, so it stands beside whatever else the host has, and
carries a random token that belongs to one tenant's claim: a record left over from another claim
proves nothing.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from authgate_tenants.domains import Domain

# Every program knows this module, and next to none of them looks anything up.
if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.nameserver import Do53Nameserver

_SECONDS = 5.0
_DNS_PORT = 53


class NotProven(RuntimeError):
    """There is no record that proves the tenant's claim."""


class ProofUnreachable(RuntimeError):
    """The DNS could not be asked: nothing is known of the proof."""


class DomainProof:
    """Looks records up, at the system's name servers or at those that are given."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._nameservers = nameservers

    async def check(self, domain: Domain) -> None:
        """Raises ``NotProven`` and ``ProofUnreachable``."""
        wanted = value(domain)
        if wanted not in await self._texts(record(domain.host)):
            raise NotProven(f"No TXT record {record(domain.host)} says {wanted!r}.")

    async def _texts(self, name: str) -> list[str]:
        from dns.exception import DNSException
        from dns.rdtypes.ANY.TXT import TXT
        from dns.resolver import NXDOMAIN, NoAnswer

        try:
            found = await self._resolver().resolve(
                f"{name}.", "TXT", lifetime=_SECONDS, search=False
            )
        except (NXDOMAIN, NoAnswer):
            return []
        except DNSException as error:
            raise ProofUnreachable(f"{name} could not be looked up: {error}") from error
        return [
            b"".join(each.strings).decode("ascii", "replace")
            for each in found
            if isinstance(each, TXT)
        ]

    def _resolver(self) -> "Resolver":
        from dns.asyncresolver import Resolver

        if not self._nameservers:
            return Resolver()
        resolver = Resolver(configure=False)
        resolver.nameservers = [_nameserver(each) for each in self._nameservers]
        return resolver


def record(host: str) -> str:
    """The name of the TXT record that proves a claim of this host."""
    return f"_authgate-challenge.{host}"


def value(domain: Domain) -> str:
    """What the record has to say."""
    return f"authgate-domain={domain.token}"


def _nameserver(text: str) -> "Do53Nameserver":
    from dns.nameserver import Do53Nameserver

    parts = urlsplit(f"//{text}")
    return Do53Nameserver(str(ip_address(parts.hostname or "")), parts.port or _DNS_PORT)
