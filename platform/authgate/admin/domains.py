"""``/domains`` and ``/issuer``: the tenant's own hosts, and by which of them it is called."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

from pydantic import Field, JsonValue

from authgate import provisioning
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning import DomainInUse, DomainState, UnfitIssuer, domain_proof
from authgate.provisioning.domain_proof import Findings, Outcome
from authgate.tokens import admin_scopes
from authgate_tenants import current_tenant, domains
from authgate_tenants.domains import BadHost, Domain, HostTaken, TooManyHosts, UnknownDomain

_EXAMPLE = "login.example.com"
_LONGEST = 253
_SHOWN: dict[str, JsonValue] = {
    "host": _EXAMPLE,
    "state": "waiting",
    "record": f"_authgate-challenge.{_EXAMPLE}",
    "address": f"https://{_EXAMPLE}/.well-known/authgate-challenge",
    "value": "authgate-domain=mJ0bnJ2nVvnCKcBEZ6qY5w3rS1xT7uLd",
    "proof": None,
    "created_at": "2026-03-02T09:12:44Z",
    "verified_at": None,
    "checked_at": None,
    "missing_since": None,
}
_DAYS = provisioning.LONGEST_OVERLAP.days


class DomainCreation(Document):
    """A host to be claimed."""

    model_config = exemplified(host=_EXAMPLE)

    host: Annotated[str, Field(min_length=1, max_length=_LONGEST)]
    """A whole name, in any letters; it is kept as browsers send it (`xn--`)."""


class DomainDocument(Document):
    """A host that the tenant says is its own."""

    model_config = exemplified(**_SHOWN)

    host: str

    state: DomainState
    """How far it has come: `canonical` is the issuer, `former` was it until lately."""

    record: str
    """The name of the TXT record that proves it."""

    address: str
    """The address of the file that proves it instead."""

    value: str
    """What the record, or a line of the file, has to say."""

    proof: str | None
    """By what it was proven: `dns`, `http`, or `stated` by an operator."""

    created_at: datetime | None
    verified_at: datetime | None

    checked_at: datetime | None
    """When the proof was looked for last."""

    missing_since: datetime | None
    """Since when a proof that was there is missing."""


class DomainList(Document):
    """Every host of the tenant: the proven ones first."""

    items: Sequence[DomainDocument]


class CheckStep(Document):
    """One place that was asked for the proof."""

    kind: str
    """`dns` or `http`."""

    place: str
    """The number of a name server, or the address of the file."""

    outcome: Outcome
    detail: str


class DomainCheck(Document):
    """What became of looking for a proof."""

    model_config = exemplified(
        outcome="missing",
        steps=[
            {
                "kind": "dns",
                "place": "1",
                "outcome": "missing",
                "detail": "There is no such record.",
            }
        ],
        domain=_SHOWN,
    )

    outcome: Outcome
    steps: Sequence[CheckStep]
    domain: DomainDocument


class IssuerDocument(Document):
    """What the tenant is called."""

    model_config = exemplified(
        issuer=f"https://{_EXAMPLE}",
        host=_EXAMPLE,
        former_issuer="https://id.example.net/t/acme",
        former_until="2026-04-01T09:12:44Z",
    )

    issuer: str
    """The canonical one."""

    host: str | None
    """The tenant's own host that it is; none where the installation gives it its address."""

    former_issuer: str | None
    """What is taken as well for the time being."""

    former_until: datetime | None


class IssuerChange(Document):
    """What the tenant is to be called."""

    model_config = exemplified(host=_EXAMPLE, overlap_days=30)

    host: Annotated[str | None, Field(max_length=_LONGEST)] = None
    """A proven host of the tenant's; none: the address that the installation gives it."""

    overlap_days: Annotated[int, Field(ge=0, le=_DAYS)] = provisioning.OVERLAP.days
    """For how long the former issuer is taken as well."""


async def list_domains(call: Call[Nothing, Nothing]) -> Answer[DomainList]:
    """List the tenant's own hosts."""
    states = await provisioning.domain_states(call.parts)
    found = [_told(each, states[each.host]) for each in await domains.every()]
    return Answer(DomainList(items=found))


async def create_domain(call: Call[Nothing, DomainCreation]) -> Answer[DomainDocument]:
    """Claim a host, which answers nobody before it is proven.

    Make the record or the file that the answer names, keep it, and have it looked for. A claim
    that is there stays as it is. Others may claim the same host; whoever proves it has it.
    """
    with _refused():
        made = await provisioning.add_domain(call.parts, call.body.host, actor=call.caller.actor)
    place = f"{current_tenant().issuer}{BASE}/domains/{made.host}"
    return Answer(await _document(call, made), ((b"location", place.encode("ascii")),))


async def read_domain(call: Call[Nothing, Nothing]) -> Answer[DomainDocument]:
    """Read a host."""
    return Answer(await _document(call, await _named(call)))


async def check_domain(call: Call[Nothing, Nothing]) -> Answer[DomainCheck]:
    """Look for the proof of a host now.

    Where it is there the host answers for the tenant from then on, which changes nothing of its
    issuer. A host that answers already goes on doing so, whatever is found.
    """
    with _refused():
        domain, findings = await provisioning.check_domain(
            call.parts, call.path["host"], actor=call.caller.actor
        )
    return Answer(_check(await _document(call, domain), findings))


async def delete_domain(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Have a host answer for the tenant no longer, at once.

    That of the issuer, and that of a former one which is still taken, cannot be removed.
    """
    with _refused():
        await provisioning.remove_domain(call.parts, call.path["host"], actor=call.caller.actor)
    return Answer(None)


async def read_issuer(call: Call[Nothing, Nothing]) -> Answer[IssuerDocument]:
    """Read what the tenant is called."""
    return Answer(await _issuer(call))


async def change_issuer(call: Call[Nothing, IssuerChange]) -> Answer[IssuerDocument]:
    """Call the tenant by another host.

    Metadata, tokens and pages go by it at once. The former issuer is taken as well until the
    overlap ends, and until then this can be taken back by making that one canonical again.
    """
    with _refused():
        await provisioning.make_canonical(
            call.parts,
            call.body.host or "",
            overlap=timedelta(days=call.body.overlap_days),
            actor=call.caller.actor,
        )
    return Answer(await _issuer(call))


async def end_issuer_overlap(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take the former issuer, and what it has signed, no longer."""
    try:
        await provisioning.end_overlap(call.parts, actor=call.caller.actor)
    except UnfitIssuer as error:
        raise NotFound(str(error)) from error
    return Answer(None)


async def _named(call: Call[Any, Any]) -> Domain:
    with _refused():
        return await domains.find(call.path["host"])


async def _document(call: Call[Any, Any], domain: Domain) -> DomainDocument:
    states = await provisioning.domain_states(call.parts)
    return _told(domain, states[domain.host])


def _told(domain: Domain, state: DomainState) -> DomainDocument:
    return DomainDocument(
        host=domain.host,
        state=state,
        record=domain_proof.record(domain.host),
        address=domain_proof.address(domain.host),
        value=domain_proof.value(domain),
        proof=domain.proof or None,
        created_at=domain.created_at,
        verified_at=domain.verified_at,
        checked_at=domain.checked_at,
        missing_since=domain.missing_since,
    )


def _check(domain: DomainDocument, findings: Findings) -> DomainCheck:
    steps = [
        CheckStep(kind=each.kind, place=each.place, outcome=each.outcome, detail=each.said)
        for each in findings.steps
    ]
    return DomainCheck(outcome=findings.outcome, steps=steps, domain=domain)


async def _issuer(call: Call[Any, Any]) -> IssuerDocument:
    state = await provisioning.issuer_state(call.parts)
    return IssuerDocument(
        issuer=state.issuer,
        host=state.host,
        former_issuer=state.former_issuer,
        former_until=state.former_until,
    )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except UnknownDomain as error:
        raise NotFound from error
    except BadHost as error:
        raise Invalid(faults=[Fault(str(error), pointer="/host")]) from error
    except HostTaken as error:
        raise Conflict("It is another tenant's, who has to give it up first.") from error
    except (TooManyHosts, DomainInUse, UnfitIssuer) as error:
        raise Conflict(str(error)) from error


_READ = admin_scopes.Scope.DOMAINS_READ
_WRITE = admin_scopes.Scope.DOMAINS_WRITE
_ONE = "/domains/{host}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/domains", list_domains, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/domains",
        create_domain,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_domain, scope=_READ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_domain,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/check", check_domain, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.GET, "/issuer", read_issuer, scope=_READ),
    operation(HTTPMethod.POST, "/issuer", change_issuer, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        "/issuer/former",
        end_issuer_overlap,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[NotFound],
    ),
]
