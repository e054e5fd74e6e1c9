"""``/tenants``: the installation's tenants, from outside."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.installation import Installation
from authgate.mail_addresses import BadAddress
from authgate.operator import acts, listing, looks
from authgate.operator.acts import Owner
from authgate.operator.places import BASE
from authgate.provisioning import UnfitTenant
from authgate.storage.paging import Page
from authgate.storage.people.usernames import BadUsername
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import Tenant, TenantStatus, current_tenant, directory
from authgate_tenants.directory import Listed, TenantFilter
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import BadSlug

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class TenantQuery(ListQuery):
    """Which tenants are looked for, and in which order."""

    search: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    """The beginning of what the list is sorted by: of the slug, or of the name in any case."""

    host: Annotated[str, Field(max_length=253)] = ""
    """The one that has proven to own this host, whatever else is looked for."""

    status: TenantStatus | None = None
    sort: Literal["slug", "name"] = "slug"


class TenantSettingsDocument(Document):
    """What operators choose for a tenant."""

    name: _Name
    """For people."""


class TenantCreation(TenantSettingsDocument):
    """A tenant to be made, and who owns it first."""

    model_config = exemplified(
        slug="northwind",
        name="Northwind",
        owner={"username": "mira", "email": "mira@northwind.example"},
    )

    slug: Annotated[str, Field(min_length=1, max_length=63)]
    """Its name in addresses: a-z, 0-9 and inner dashes. It never changes."""

    owner: "OwnerCreation"


class OwnerCreation(Document):
    """The first owner of a tenant."""

    username: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    """Taken as verified."""


class TenantDocument(TenantSettingsDocument):
    """A tenant, from outside."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
        slug="northwind",
        name="Northwind",
        status="active",
        plan="free",
        issuer="https://login.northwind.example",
        hosts=["login.northwind.example"],
        created_at="2026-03-02T09:12:44Z",
        updated_at="2026-03-02T09:12:44Z",
    )

    id: UUID
    slug: str
    status: TenantStatus
    plan: str
    """The name of its plan."""

    issuer: str
    hosts: Sequence[str]
    """That it has proven to own, in the order of their proofs."""

    created_at: datetime
    updated_at: datetime


class CreatedTenant(TenantDocument):
    """A tenant that was made just now."""

    owner: str
    """The username of its first owner."""

    password: str
    """Of the owner, shown this once."""


class TenantList(ListDocument):
    """Tenants."""

    items: Sequence[TenantDocument]


async def list_tenants(call: Call[TenantQuery, Nothing]) -> Answer[TenantList]:
    """List tenants.

    A page takes no longer where there are more of them.
    """
    page = await _page(call)
    known = await directory.hosts([each.id for each in page.rows])
    return await lists.answer(
        call, page, TenantList, lambda each: _told(call.parts, each, known.get(each.id, []))
    )


async def create_tenant(call: Call[Nothing, TenantCreation]) -> Answer[CreatedTenant]:
    """Create a tenant with its keys and its first owner.

    The owner's password is shown this once.
    """
    said = call.body
    with _worded():
        tenant, password = await acts.create(
            call.parts,
            slug=said.slug,
            name=said.name,
            owner=Owner(said.owner.username, said.owner.email),
            by=call.caller.actor,
        )
    told = await document(call.parts, tenant.id)
    made = CreatedTenant(**told.model_dump(), owner=said.owner.username, password=password)
    place = f"{current_tenant().issuer}{BASE}/tenants/{tenant.id}"
    return Answer(made, ((b"location", place.encode("ascii")),))


async def read_tenant(call: Call[Nothing, Nothing]) -> Answer[TenantDocument]:
    """Read a tenant."""
    return Answer(await document(call.parts, (await found(call)).id))


async def change_tenant(
    call: Call[Nothing, MergePatch[TenantSettingsDocument]],
) -> Answer[TenantDocument]:
    """Give a tenant another name for people."""
    tenant = await found(call)

    async def name() -> str:
        before = await document(call.parts, tenant.id)
        call.refuse_if_changed(before)
        return call.body.applied(TenantSettingsDocument(name=before.name)).name

    await acts.rename(call.parts, tenant, name, by=call.caller.actor)
    return Answer(await document(call.parts, tenant.id))


async def suspend_tenant(call: Call[Nothing, Nothing]) -> Answer[TenantDocument]:
    """Stop serving a tenant.

    Every process refuses it within a second; what it has stays. The operators' own tenant cannot
    be suspended here: nobody could take that back.
    """
    return await _become(call, TenantStatus.SUSPENDED)


async def resume_tenant(call: Call[Nothing, Nothing]) -> Answer[TenantDocument]:
    """Serve a suspended tenant again."""
    return await _become(call, TenantStatus.ACTIVE)


async def _become(call: Call[Nothing, Nothing], status: TenantStatus) -> Answer[TenantDocument]:
    tenant = await found(call)
    try:
        await acts.become(call.parts, tenant, status, by=call.caller.actor)
    except UnfitTenant as error:
        raise Conflict(str(error)) from error
    return Answer(await document(call.parts, tenant.id))


async def _page(call: Call[TenantQuery, Nothing]) -> Page[Listed]:
    asked = call.query
    cursor = await lists.opened(call)
    if asked.host:
        owner = await directory.at_host(asked.host)
        return Page([owner] if owner else [])
    wanted = TenantFilter(by=asked.sort, beginning=asked.search, status=asked.status)
    return await listing.page(wanted, cursor=cursor, limit=asked.limit)


async def found(call: Call[Any, Any]) -> Tenant:
    """The tenant of the path, whatever its status; that somebody looks is in its log. Raises
    ``NotFound``."""
    tenant = await call.parts.resolver.find_by_id(call.uuid("tenant_id"))
    if tenant is None:
        raise NotFound
    if call.request.method in ("GET", "HEAD"):
        area = call.request.path.rpartition(f"/{call.path['tenant_id']}")[2].strip("/")
        await looks.note(call.parts, tenant, area or "tenant", by=call.caller.actor)
    return tenant


async def document(parts: Installation, tenant_id: UUID) -> TenantDocument:
    """A tenant as it is now. Raises ``NotFound``."""
    listed = await directory.find(tenant_id)
    if listed is None:
        raise NotFound
    known = await directory.hosts([tenant_id])
    return _told(parts, listed, known.get(tenant_id, []))


def _told(parts: Installation, listed: Listed, hosts: Sequence[str]) -> TenantDocument:
    said: dict[str, Any] = listed._asdict()
    del said["issuer_host"]
    return TenantDocument(**said, issuer=listing.issuer(parts, listed, hosts), hosts=hosts)


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except BadSlug as error:
        raise Invalid(faults=[Fault(str(error), pointer="/slug")]) from error
    except BadUsername as error:
        raise Invalid(faults=[Fault(str(error), pointer="/owner/username")]) from error
    except BadAddress as error:
        raise Invalid(faults=[Fault(str(error), pointer="/owner/email")]) from error
    except SlugTaken as error:
        raise Conflict("There is a tenant of this slug.") from error


_READ, _WRITE = Scope.TENANTS_READ, Scope.TENANTS_WRITE
_ONE = "/tenants/{tenant_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/tenants", list_tenants, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/tenants",
        create_tenant,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_tenant, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_tenant, scope=_WRITE),
    operation(
        HTTPMethod.POST, f"{_ONE}/suspend", suspend_tenant, scope=_WRITE, problems=[Conflict]
    ),
    operation(HTTPMethod.POST, f"{_ONE}/resume", resume_tenant, scope=_WRITE, problems=[Conflict]),
]
