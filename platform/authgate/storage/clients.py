"""Clients: the applications that ask for tokens (RFC 6749 section 2)."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid4

from authgate.storage import connection
from authgate.storage.lookups import Lookup
from authgate_tenants import TenantOwned, current_tenant

_LONGEST_ID = 64
_ID = re.compile(rf"[!-~]{{1,{_LONGEST_ID}}}")
_SECRET_PREFIX = "agsec_"  # lets a secret scanner recognise one
_SECRET = re.compile(r"[!-~]{32,256}")
_LEAST_DIFFERENT = 8
"""Characters of a secret that was not made here: 32 random hexadecimal ones have fewer in one
case of millions."""


class ClientStatus(StrEnum):
    """Only an active client is served."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"


class ApplicationType(StrEnum):
    """Where an application runs (OpenID Connect Registration section 2)."""

    WEB = "web"
    """On a server, or in a browser's page."""
    NATIVE = "native"
    """On a person's own machine or telephone, where ports and schemes are shared."""


class ConsentPolicy(StrEnum):
    """When a person is asked what a client may do."""

    REMEMBERED = "remembered"
    """Once, and again when it wants more."""
    ALWAYS = "always"
    IMPLICIT = "implicit"
    """Never: it is the tenant's own, and people know that."""


class ClientRow(TenantOwned):
    """A client as it is stored."""

    client_id = fields.CharField(_LONGEST_ID)
    name = fields.CharField(80)
    secret_hash = fields.BinaryField(null=True)
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
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "clients"
        unique_together = (("tenant_id", "client_id"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True)
class Client:
    """A client as endpoints see it; safe to keep in a cache."""

    id: UUID
    tenant_id: UUID
    client_id: str
    name: str
    secret_hash: bytes | None
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

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 section 2.1)."""
        return self.secret_hash is None

    @property
    def is_active(self) -> bool:
        """Whether it is served at all."""
        return self.status is ClientStatus.ACTIVE

    def owns_secret(self, presented: str) -> bool:
        """Whether this is the client's secret, compared in constant time."""
        return hmac.compare_digest(self.secret_hash or _NO_SECRET, hash_secret(presented))

    @classmethod
    def from_row(cls, row: ClientRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            tenant_id=row.tenant_id,
            client_id=row.client_id,
            name=row.name,
            secret_hash=bytes(row.secret_hash) if row.secret_hash is not None else None,
            authentication_methods=frozenset(row.authentication_methods),
            grant_types=frozenset(row.grant_types),
            scopes=tuple(row.scopes),
            status=row.status,
            redirect_uris=tuple(row.redirect_uris),
            application_type=row.application_type,
            consent=row.consent,
            pkce_optional=row.pkce_optional,
            introspects=row.introspects,
            first_party=row.first_party,
            unauthenticated_device_grant=row.unauthenticated_device_grant,
            project=row.project,
            service_account=row.service_account,
        )


_NO_SECRET = bytes(32)
_BY_ID = Lookup(
    table="clients",
    key="client_id",
    columns=(
        "id",
        "name",
        "secret_hash",
        "authentication_methods",
        "grant_types",
        "scopes",
        "status",
        "redirect_uris",
        "application_type",
        "consent",
        "pkce_optional",
        "introspects",
        "first_party",
        "unauthenticated_device_grant",
        "project",
        "service_account",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What of a client becomes different; ``None`` stays as it is."""

    name: str | None = None
    grant_types: Sequence[str] | None = None
    scopes: Sequence[str] | None = None
    redirect_uris: Sequence[str] | None = None
    consent: ConsentPolicy | None = None
    pkce_optional: bool | None = None
    introspects: bool | None = None
    first_party: bool | None = None
    unauthenticated_device_grant: bool | None = None

    def values(self) -> dict[str, object]:
        """By the name of the field, what is to be stored."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class BadClientId(ValueError):
    """A ``client_id`` of other characters than RFC 6749 appendix A.1 has, or too many of them."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"{client_id!r} is not 1 to {_LONGEST_ID} visible ASCII characters.")


class WeakSecret(ValueError):
    """A secret from elsewhere that could be found by its plain hash."""

    def __init__(self) -> None:
        super().__init__(
            "A client's secret is kept as a plain hash, so it has to be random: 32 to 256 visible"
            " ASCII characters."
        )


class ClientIdTaken(ValueError):
    """Another client of the tenant has this ``client_id``."""


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret.

    A secret has 256 random bits, so a plain hash cannot be searched; a slow one would only let a
    stranger spend our processor time.
    """
    return hashlib.sha256(secret.encode()).digest()


def check_secret(secret: str) -> None:
    """Refuse a secret that was not made here and looks guessable. Raises ``WeakSecret``."""
    if not _SECRET.fullmatch(secret) or len(set(secret)) < _LEAST_DIFFERENT:
        raise WeakSecret


def new_secret() -> str:
    """A client secret of 256 random bits, recognisable to secret scanners."""
    return _SECRET_PREFIX + secrets.token_urlsafe(32)


async def find(client_id: str) -> Client | None:
    """The client with this id, whatever its status, read together with what other requests ask.

    Not for one that the open unit of work has changed.
    """
    record = await connection.find(_BY_ID, client_id)
    if record is None:
        return None
    secret_hash = record["secret_hash"]
    return Client(
        id=connection.uuid(record["id"]),
        tenant_id=current_tenant().id,
        client_id=client_id,
        name=record["name"],
        secret_hash=bytes(secret_hash) if secret_hash is not None else None,
        authentication_methods=frozenset(connection.json(record["authentication_methods"])),
        grant_types=frozenset(connection.json(record["grant_types"])),
        scopes=tuple(connection.json(record["scopes"])),
        status=ClientStatus(record["status"]),
        redirect_uris=tuple(connection.json(record["redirect_uris"])),
        application_type=ApplicationType(record["application_type"]),
        consent=ConsentPolicy(record["consent"]),
        pkce_optional=bool(record["pkce_optional"]),
        introspects=bool(record["introspects"]),
        first_party=bool(record["first_party"]),
        unauthenticated_device_grant=bool(record["unauthenticated_device_grant"]),
        project=record["project"],
        service_account=record["service_account"],
    )


async def find_many(client_ids: Collection[str]) -> dict[str, Client]:
    """Those of these clients that exist, whatever their status, by id and in one query."""
    rows = await ClientRow.filter(client_id__in=list(client_ids))
    return {row.client_id: Client.from_row(row) for row in rows}


async def create(
    *,
    name: str,
    grant_types: Sequence[str],
    scopes: Sequence[str],
    secret: str | None,
    client_id: str | None = None,
    redirect_uris: Sequence[str] = (),
    application_type: ApplicationType = ApplicationType.WEB,
    consent: ConsentPolicy = ConsentPolicy.REMEMBERED,
    pkce_optional: bool = False,
    introspects: bool = False,
    first_party: bool = False,
    unauthenticated_device_grant: bool = False,
    project: str = "",
    service_account: str = "",
) -> Client:
    """Store a client; a public one where there is no secret.

    Raises ``BadClientId`` and ``ClientIdTaken``.
    """
    methods = ["client_secret_basic", "client_secret_post"] if secret else ["none"]
    client_id = str(uuid4()) if client_id is None else client_id
    if not _ID.fullmatch(client_id):
        raise BadClientId(client_id)
    try:
        row = await ClientRow.create(
            client_id=client_id,
            name=name,
            secret_hash=hash_secret(secret) if secret else None,
            authentication_methods=methods,
            grant_types=list(grant_types),
            scopes=list(scopes),
            redirect_uris=list(redirect_uris),
            application_type=application_type,
            consent=consent,
            pkce_optional=pkce_optional,
            introspects=introspects,
            first_party=first_party,
            unauthenticated_device_grant=unauthenticated_device_grant,
            project=project,
            service_account=service_account,
        )
    except IntegrityError as error:
        raise ClientIdTaken(client_id) from error
    return Client.from_row(row)


async def all_clients() -> list[Client]:
    """The tenant's clients in the order of their names."""
    return [Client.from_row(row) for row in await ClientRow.all().order_by("name", "client_id")]


async def change(client_id: str, change: ClientChange) -> bool:
    """Store what is different; ``False`` where there is no such client."""
    return await ClientRow.filter(client_id=client_id).update(**change.values()) == 1


async def set_status(client_id: str, status: ClientStatus) -> bool:
    """Change whether a client is served; ``False`` where there is no such client."""
    return await ClientRow.filter(client_id=client_id).update(status=status) == 1


async def replace_secret(client_id: str, secret: str) -> bool:
    """Let only this secret be the client's; ``False`` where it has none or does not exist."""
    changed = await ClientRow.filter(client_id=client_id, secret_hash__not_isnull=True).update(
        secret_hash=hash_secret(secret)
    )
    return changed == 1


async def delete(client_id: str) -> bool:
    """Remove a client and its tokens; ``False`` where there is no such client."""
    return await ClientRow.filter(client_id=client_id).delete() == 1


def cache_key(client_id: str) -> tuple[UUID, str]:
    """How caches know a client of the current tenant."""
    return current_tenant().id, client_id
