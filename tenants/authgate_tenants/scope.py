"""The wall between tenants: inside ``use_tenant`` every query sees that tenant's rows only.

Outside of it a query raises ``NoTenant``: forgetting the tenant is an error, never a leak. On
PostgreSQL the database refuses as well (row-level security); here is what holds on SQLite too.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.manager import Manager
from tortoise.models import Model, ModelMeta
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate_tenants.blocked import BlockedNetworks
from authgate_tenants.plan import BUILT_IN, DEFAULT, Plan
from authgate_tenants.settings import TenantSettings


class TenantStatus(StrEnum):
    """Whether a tenant is served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    """It waits to be deleted, and can still be restored."""
    ERASING = "erasing"
    """Its keys are gone and its rows are going: nobody finds it any more."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant of a request or job, as the resolver found it."""

    id: UUID
    slug: str
    name: str
    status: TenantStatus
    issuer: str
    """What this request, or whoever works for the tenant, calls it: the canonical issuer, without a
    trailing slash, the same wherever it is written; or the former one, where a request came by
    that while clients still may."""
    prefix: str
    """The path below which this request reached the tenant: ``/t/acme``, or nothing at the root
    of a host."""
    settings: TenantSettings
    operates: bool = False
    """Whether its people are the installation's operators."""
    plan: Plan = BUILT_IN[DEFAULT]
    """How much it may use."""
    blocked: BlockedNetworks | None = None
    """From where nobody is let in."""
    other_issuer: str = ""
    """While its issuer is being changed: of the canonical and the former one that which is not
    ``issuer``."""
    is_former: bool = False
    """Whether ``issuer`` is the former one."""

    @property
    def canonical_issuer(self) -> str:
        """What everybody should call it."""
        return self.other_issuer if self.is_former else self.issuer

    @property
    def issuers(self) -> tuple[str, ...]:
        """Every name that it goes by now: what it has signed by one is good by all."""
        return (self.issuer, self.other_issuer) if self.other_issuer else (self.issuer,)

    @property
    def is_served(self) -> bool:
        """Whether anything is done for it: requests are answered, clients told, jobs done."""
        return self.status is TenantStatus.ACTIVE


class NoTenant(RuntimeError):
    """Tenant data was reached for outside of a tenant's scope."""


class CrossTenant(RuntimeError):
    """Inside one tenant's scope, another tenant was reached for."""


_current: ContextVar[Tenant | None] = ContextVar("authgate_tenant", default=None)


def current_tenant() -> Tenant:
    """The tenant whose scope we are in. Raises ``NoTenant`` outside of any."""
    tenant = _current.get()
    if tenant is None:
        raise NoTenant("Not inside use_tenant().")
    return tenant


def tenant_in_scope() -> Tenant | None:
    """The tenant whose scope we are in, if any: for logs and the database's third wall."""
    return _current.get()


class use_tenant:  # noqa: N801  # used as a statement, not as a type
    """Enter a tenant's scope. Raises ``CrossTenant`` inside another tenant's.

    A class rather than a generator, because every request enters one.
    """

    __slots__ = ("_tenant", "_token")

    def __init__(self, tenant: Tenant) -> None:
        outer = _current.get()
        if outer is not None and outer.id != tenant.id:
            raise CrossTenant(f"Already inside the scope of {outer.slug}.")
        self._tenant = tenant

    def __enter__(self) -> Tenant:
        self._token = _current.set(self._tenant)
        return self._tenant

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)


class TenantManager(Manager):
    """Begins every query with the tenant's own rows."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(tenant_id=current_tenant().id)


class _ScopedModel(ModelMeta):
    # Tortoise does not inherit Meta.manager, and a table that forgot it would leak in silence.
    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> "_ScopedModel":
        # Or it would read the sources for comments on columns: a tenth of the start of a program.
        attrs = {"_no_comments": True} | attrs
        cls: Any = super().__new__(mcs, name, bases, attrs)  # declared as a bare type
        if not cls._meta.abstract:
            manager = TenantManager()
            manager._model = cls
            cls._meta.manager = manager
        scoped: _ScopedModel = cls
        return scoped


class TenantOwned(Model, metaclass=_ScopedModel):
    """A row that belongs to one tenant."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    tenant_id = fields.UUIDField()

    class Meta:
        abstract = True

    def __init__(self, **values: Any) -> None:
        super().__init__(**({"tenant_id": current_tenant().id} | values))

    async def save(
        self,
        using_db: BaseDBAsyncClient | None = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        """Write the row. Raises ``CrossTenant`` where it belongs to another tenant."""
        _refuse_foreign(self)
        await super().save(using_db, update_fields, force_create, force_update)

    async def delete(self, using_db: BaseDBAsyncClient | None = None) -> None:
        """Remove the row. Raises ``CrossTenant`` where it belongs to another tenant."""
        _refuse_foreign(self)
        await super().delete(using_db)

    async def refresh_from_db(
        self, fields: Iterable[str] | None = None, using_db: BaseDBAsyncClient | None = None
    ) -> None:
        """Read the row again. Raises ``CrossTenant`` where it belongs to another tenant."""
        _refuse_foreign(self)
        await super().refresh_from_db(fields, using_db)


def _refuse_foreign(row: TenantOwned) -> None:
    if row.tenant_id != current_tenant().id:
        raise CrossTenant(f"This {type(row).__name__} belongs to another tenant.")
