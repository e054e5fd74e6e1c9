"""Tenants, their plans and hosts, the key that seals their secrets, and that they are deleted."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7

from authgate_tenants.plan import DEFAULT
from authgate_tenants.scope import TenantOwned, TenantStatus


class TenantRow(Model):
    """A tenant. Readable without a scope: it is how a scope is found."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    slug = fields.CharField(63, unique=True)
    name = fields.CharField(100)
    status = fields.CharEnumField(TenantStatus, max_length=16, default=TenantStatus.ACTIVE)
    settings: dict[str, Any] = fields.JSONField(default=dict)
    plan = fields.CharField(63, default=DEFAULT, db_default=DEFAULT)
    """The name of its plan."""
    blocked: dict[str, dict[str, str]] | None = fields.JSONField(null=True)
    """Networks that it keeps out (``blocks``)."""
    issuer_host = fields.CharField(253, default="", db_default="")
    """The proven host that is its issuer; empty where the installation gives it its address."""
    former_host = fields.CharField(253, default="", db_default="")
    """The same of its former issuer, which clients may go on using until ``former_until``."""
    former_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "tenants"
        indexes = (("plan",),)


class PlanRow(Model):
    """A plan that somebody made. It belongs to the installation, and is readable without a scope:
    a tenant is found together with it."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    name = fields.CharField(63, unique=True)
    choices: dict[str, Any] = fields.JSONField(default=dict)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "plans"


class AnnouncementRow(Model):
    """What operators tell all tenants' administrators. It belongs to the installation."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    text = fields.CharField(500)
    urgent = fields.BooleanField(default=False)
    begins_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(db_index=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "announcements"


class TenantDomain(Model):
    """A host name that a tenant has proven to own. Readable without a scope."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    tenant_id: UUID
    tenant: fields.ForeignKeyRelation[TenantRow] = fields.ForeignKeyField(
        "models.TenantRow", related_name=False, on_delete=fields.CASCADE
    )
    host = fields.CharField(253, unique=True)
    verified_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "tenant_domains"


class DeletionState(StrEnum):
    """How far the deletion of a tenant has come."""

    WAITING = "waiting"
    """Until it is due the tenant can be restored."""
    RESTORED = "restored"
    ERASING = "erasing"
    """Its keys are destroyed; its rows are being removed."""
    DELETED = "deleted"


class TenantDeletion(Model):
    """That a tenant is to be deleted, and what became of it. It stays when the tenant is gone, and
    says nothing of people. Readable without a scope."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    tenant_id = fields.UUIDField()
    slug = fields.CharField(63)
    state = fields.CharEnumField(DeletionState, max_length=16, default=DeletionState.WAITING)
    former_status = fields.CharEnumField(TenantStatus, max_length=16)
    """What the tenant is again once it is restored."""
    requested_by = fields.CharField(160)
    requested_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    shredded_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    shredded: list[dict[str, Any]] = fields.JSONField(default=list)
    """Ids of the keys that were destroyed."""
    removed: dict[str, int] = fields.JSONField(default=dict)
    """Rows removed so far, by table."""
    certificate = fields.TextField(default="")

    class Meta:
        table = "tenant_deletions"
        indexes = (("state", "due_at"), ("state", "ended_at"), ("slug",))


class DomainClaim(TenantOwned):
    """A host name that a tenant says is its own. Several tenants may say so of one."""

    host = fields.CharField(253)
    token = fields.CharField(64)
    proof = fields.CharField(8, default="", db_default="")
    """What has proven it, ``DomainProven``; empty before that, and where it was proven before this
    was noted."""
    checked_at = fields.DatetimeField(null=True)
    missing_since = fields.DatetimeField(null=True)
    """Since when a proof that was there is not found any more."""
    due_at = fields.DatetimeField(null=True)
    """When to look for the proof again; never for what waits or was stated."""
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "domain_claims"
        unique_together = (("tenant_id", "host"),)


class TenantDataKey(TenantOwned):
    """A version of the key that seals a tenant's secrets, itself sealed by a key-encryption key."""

    version = fields.IntField()
    kek_id = fields.CharField(32)
    wrapped = fields.BinaryField()
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "tenant_data_keys"
        unique_together = (("tenant_id", "version"),)
