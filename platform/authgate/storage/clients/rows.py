"""What a client is: its row, and the value that endpoints see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from tortoise import fields

from authgate.storage import connection
from authgate.storage.batches.lookups import Record
from authgate.storage.clients import ids
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.secrets import ClientSecrets
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy
from authgate_tenants import TenantOwned, current_tenant


class ClientRow(TenantOwned):
    """A client as it is stored."""

    client_id = fields.CharField(ids.LONGEST)
    name = fields.CharField(80)
    description = fields.CharField(500, default="")
    secret_hash = fields.BinaryField(null=True)
    secret_expires_at = fields.DatetimeField(null=True)
    former_secret_hash = fields.BinaryField(null=True)
    former_secret_expires_at = fields.DatetimeField(null=True)
    sealed_secret = fields.BinaryField(null=True)
    former_sealed_secret = fields.BinaryField(null=True)
    authentication_methods: list[str] = fields.JSONField()
    grant_types: list[str] = fields.JSONField()
    scopes: list[str] = fields.JSONField()
    status = fields.CharEnumField(ClientStatus, max_length=16, default=ClientStatus.ACTIVE)
    redirect_uris: list[str] = fields.JSONField(default=list)
    application_type = fields.CharEnumField(
        ApplicationType, max_length=16, default=ApplicationType.WEB
    )
    consent = fields.CharEnumField(ConsentPolicy, max_length=16, default=ConsentPolicy.REMEMBERED)
    pkce_optional = fields.BooleanField(default=False)
    introspects = fields.BooleanField(default=False)
    first_party = fields.BooleanField(default=False)
    unauthenticated_device_grant = fields.BooleanField(default=False)
    project = fields.CharField(64, default="")
    service_account = fields.CharField(255, default="")
    metadata: dict[str, Any] = fields.JSONField(default=dict)
    owner_id = fields.UUIDField(null=True)
    registration_token_hash = fields.BinaryField(null=True)
    # An older process of an update under way leaves it out.
    unseen = fields.BooleanField(default=False, db_default=False)
    expires_at = fields.DatetimeField(null=True)
    not_before = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "clients"
        unique_together = (("tenant_id", "client_id"), ("tenant_id", "id"))
        indexes = (
            ("tenant_id", "name", "id"),
            ("tenant_id", "created_at", "id"),
            ("expires_at",),
        )


@dataclass(frozen=True, slots=True)
class Client:
    """A client as endpoints see it; safe to keep in a cache."""

    id: UUID
    tenant_id: UUID
    client_id: str
    name: str
    description: str
    secrets: ClientSecrets
    authentication_methods: frozenset[str]
    grant_types: frozenset[str]
    scopes: tuple[str, ...]
    status: ClientStatus
    redirect_uris: tuple[str, ...]
    application_type: ApplicationType
    consent: ConsentPolicy
    pkce_optional: bool
    """A confidential client that may do without PKCE, as libraries from before it do."""
    introspects: bool
    """A resource server, which may ask about tokens of every client (RFC 7662 section 4)."""
    first_party: bool
    unauthenticated_device_grant: bool
    """A confidential client that may poll for its device code without its secret, as AuthGate's
    own SDKs do."""
    project: str
    service_account: str
    metadata: ClientMetadata
    owner_id: UUID | None
    """Who registered it for themselves; ``None`` where the tenant's administrators did."""
    expires_at: datetime | None
    """When it goes if nobody uses it: it registered itself. ``None`` where it stays."""
    not_before: datetime | None
    """What it was given until then is no longer good, whatever the rows say."""
    created_at: datetime
    updated_at: datetime

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 section 2.1)."""
        return "none" in self.authentication_methods

    @property
    def is_approved(self) -> bool:
        """Whether it neither waits for an administrator nor was turned down by one."""
        return self.status not in (ClientStatus.PENDING, ClientStatus.REJECTED)

    @property
    def is_active(self) -> bool:
        """Whether it is served at all."""
        return self.status is ClientStatus.ACTIVE and (
            not self.has_document or current_tenant().settings.client_id_metadata_documents
        )

    def has_ended(self, began_at: datetime) -> bool:
        """Whether everything that it was given at that moment has been ended since."""
        return self.not_before is not None and began_at <= self.not_before

    @property
    def has_document(self) -> bool:
        """Whether it is what a document at its ``client_id`` says, and nothing else."""
        return self.metadata.self_registered and ids.is_address(self.client_id)

    @property
    def described_at(self) -> str:
        """Whose host describes it, where it has a document; empty otherwise."""
        return (urlsplit(self.client_id).hostname or "") if self.has_document else ""

    @classmethod
    def from_row(cls, row: ClientRow) -> Self:
        """The value of a stored row."""
        return cls._from(
            row.tenant_id, row.client_id, {name: getattr(row, name) for name in COLUMNS}
        )

    @classmethod
    def from_record(cls, client_id: str, record: Record) -> Self:
        """The value of a row of the current tenant as the driver returns it."""
        read = dict(record)
        for name in _JSON:
            read[name] = connection.json(read[name])
        for name in _MOMENTS:
            read[name] = connection.moment(read[name]) if read[name] is not None else None
        read["id"] = connection.uuid(read["id"])
        read["owner_id"] = connection.uuid(read["owner_id"]) if read["owner_id"] else None
        return cls._from(current_tenant().id, client_id, read)

    @classmethod
    def _from(cls, tenant_id: UUID, client_id: str, read: dict[str, Any]) -> Self:
        return cls(
            id=read["id"],
            tenant_id=tenant_id,
            client_id=client_id,
            name=read["name"],
            description=read["description"],
            secrets=ClientSecrets(
                current=_bytes(read["secret_hash"]),
                expires_at=read["secret_expires_at"],
                former=_bytes(read["former_secret_hash"]),
                former_expires_at=read["former_secret_expires_at"],
                sealed=_bytes(read["sealed_secret"]),
                former_sealed=_bytes(read["former_sealed_secret"]),
            ),
            authentication_methods=frozenset(read["authentication_methods"]),
            grant_types=frozenset(read["grant_types"]),
            scopes=tuple(read["scopes"]),
            status=ClientStatus(read["status"]),
            redirect_uris=tuple(read["redirect_uris"]),
            application_type=ApplicationType(read["application_type"]),
            consent=ConsentPolicy(read["consent"]),
            pkce_optional=bool(read["pkce_optional"]),
            introspects=bool(read["introspects"]),
            first_party=bool(read["first_party"]),
            unauthenticated_device_grant=bool(read["unauthenticated_device_grant"]),
            project=read["project"],
            service_account=read["service_account"],
            metadata=ClientMetadata.from_json(read["metadata"]),
            owner_id=read["owner_id"],
            expires_at=read["expires_at"],
            not_before=read["not_before"],
            created_at=read["created_at"],
            updated_at=read["updated_at"],
        )


_JSON = ("authentication_methods", "grant_types", "scopes", "redirect_uris", "metadata")
_MOMENTS = (
    "secret_expires_at",
    "former_secret_expires_at",
    "expires_at",
    "not_before",
    "created_at",
    "updated_at",
)
COLUMNS = (
    "id",
    "name",
    "description",
    "secret_hash",
    "former_secret_hash",
    "sealed_secret",
    "former_sealed_secret",
    "status",
    "application_type",
    "consent",
    "pkce_optional",
    "introspects",
    "first_party",
    "unauthenticated_device_grant",
    "project",
    "service_account",
    "owner_id",
    *_JSON,
    *_MOMENTS,
)


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if value is not None else None
