"""Whether a host is a tenant's own: a TXT record, or a file that its server shows, says so.

Both carry a random token that belongs to one tenant's claim: what is left over from another claim
proves nothing. The record is looked up below a name of its own, so it stands beside whatever else
the host has. It has to be there wherever it is asked for: who deceives one name server proves
nothing either, and one that remembers that there was nothing is told of as such.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from authgate.languages import text
from authgate.plugin_api import HttpClient, HttpFailure
from authgate_tenants.domains import Domain, DomainProven

# Every program knows this module, and next to none of them looks anything up.
if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

PATH = "/.well-known/authgate-challenge"
"""Where the file lies. A host that is proven shows it by itself, once it leads here."""

_log = structlog.get_logger(__name__)

_SECONDS = 5.0
_DNS_PORT = 53
_MOST_SERVERS = 4
_LARGEST = 4096


class NotProven(RuntimeError):
    """There is no record and no file that proves the tenant's claim."""


class ProofUnreachable(RuntimeError):
    """Nobody could be asked: nothing is known of the proof."""


class Outcome(StrEnum):
    """What became of looking in one place."""

    FOUND = "found"
    MISSING = "missing"
    """There is an answer, and what is looked for is not in it."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Step:
    """What one place was asked, and what it said."""

    kind: DomainProven
    place: str
    """The number of a name server, or the address of the file."""
    outcome: Outcome
    said: str
    """For people."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What looking for a proof has shown."""

    steps: tuple[Step, ...]

    @property
    def proof(self) -> DomainProven | None:
        """What proves the claim; nothing where nothing does."""
        by_dns = {each.outcome for each in self._of(DomainProven.DNS)} - {Outcome.UNREACHABLE}
        if by_dns == {Outcome.FOUND}:
            return DomainProven.DNS
        by_http = [each.outcome for each in self._of(DomainProven.HTTP)]
        return DomainProven.HTTP if by_http == [Outcome.FOUND] else None

    @property
    def outcome(self) -> Outcome:
        """All of it in a word. Where one place is silent, the proof may be just there."""
        if self.proof is not None:
            return Outcome.FOUND
        dns = {each.outcome for each in self._of(DomainProven.DNS)}
        return Outcome.MISSING if Outcome.MISSING in dns else Outcome.UNREACHABLE

    def _of(self, kind: DomainProven) -> Iterable[Step]:
        return (each for each in self.steps if each.kind is kind)


class DomainProof:
    """Looks for proofs: at the system's name servers or at those that are given, then at the host
    itself."""

    def __init__(self, http: HttpClient, nameservers: Sequence[str] = ()) -> None:
        self._http = http
        self._nameservers = nameservers

    async def look(self, domain: Domain) -> Findings:
        """Where the proof was looked for, and what was there."""
        steps = await self._records(domain)
        if Findings(steps).proof is None:
            steps += (await self._file(domain),)
        return Findings(steps)

    async def _records(self, domain: Domain) -> tuple[Step, ...]:
        from dns.exception import DNSException

        try:
            resolvers = self._resolvers()
        except DNSException as error:
            return (_silent(1, "resolv.conf", error),)
        asked = enumerate(resolvers.items(), start=1)
        found = await asyncio.gather(*(_asked(number, *each, domain) for number, each in asked))
        return tuple(found)

    def _resolvers(self) -> "dict[str, Resolver]":
        """One for each name server, so that each is asked: one of several would do otherwise."""
        from dns.asyncresolver import Resolver

        servers = self._nameservers or [str(each) for each in Resolver().nameservers]
        return {each: _resolver(each) for each in servers[:_MOST_SERVERS]}

    async def _file(self, domain: Domain) -> Step:
        url = address(domain.host)

        def step(outcome: Outcome, said: str) -> Step:
            return Step(DomainProven.HTTP, url, outcome, said)

        try:
            # No redirect is followed, and no address is asked that is not public.
            answer = await self._http.get(url, headers={"accept": "text/plain"})
        except HttpFailure as failure:
            return step(Outcome.UNREACHABLE, str(failure))
        if answer.status != 200 or len(answer.body) > _LARGEST:
            return step(
                Outcome.MISSING,
                text(
                    "Status %(status)s, %(bytes)s bytes.",
                    status=str(answer.status),
                    bytes=len(answer.body),
                ),
            )
        lines = [line.strip() for line in answer.body.decode("ascii", "replace").splitlines()]
        if value(domain) not in lines:
            return step(Outcome.MISSING, text("The file says something else."))
        return step(Outcome.FOUND, text("The file is there."))


def record(host: str) -> str:
    """The name of the TXT record that proves a claim of this host."""
    return f"_authgate-challenge.{host}"


def address(host: str) -> str:
    """The address of the file that does."""
    return f"https://{host}{PATH}"


def value(domain: Domain) -> str:
    """What either has to say."""
    return f"authgate-domain={domain.token}"


async def _asked(number: int, server: str, resolver: "Resolver", domain: Domain) -> Step:
    from dns.exception import DNSException
    from dns.rdtypes.ANY.TXT import TXT
    from dns.resolver import NXDOMAIN, NoAnswer

    def step(outcome: Outcome, said: str) -> Step:
        return Step(DomainProven.DNS, str(number), outcome, said)

    name = f"{record(domain.host)}."
    try:
        answer = await resolver.resolve(name, "TXT", lifetime=_SECONDS, search=False)
    except (NXDOMAIN, NoAnswer):
        return step(Outcome.MISSING, text("There is no such record."))
    except DNSException as error:
        return _silent(number, server, error)
    texts = [
        b"".join(each.strings).decode("ascii", "replace")
        for each in answer
        if isinstance(each, TXT)
    ]
    if value(domain) not in texts:
        return step(Outcome.MISSING, text("The record says something else."))
    return step(Outcome.FOUND, text("The record is there."))


def _silent(number: int, server: str, error: Exception) -> Step:
    # Which servers the installation asks is for who runs it, and no tenant's business.
    _log.warning("name server silent", number=number, server=server, reason=str(error))
    said = text("The record could not be looked up.")
    return Step(DomainProven.DNS, str(number), Outcome.UNREACHABLE, said)


def _resolver(server: str) -> "Resolver":
    from dns.asyncresolver import Resolver
    from dns.nameserver import Do53Nameserver

    parts = urlsplit(f"//{server}" if server.count(":") < 2 or "[" in server else f"//[{server}]")
    resolver = Resolver(configure=False)
    resolver.nameservers = [
        Do53Nameserver(str(ip_address(parts.hostname or "")), parts.port or _DNS_PORT)
    ]
    return resolver
