"""Clients as the API tells of them, and as it is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, JsonValue

from authgate.api.bodies import Document, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.storage.clients.metadata import ClientMetadata
from authgate.tokens import grant_names
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy

_LONGEST_OVERLAP = 30 * 86400

_GrantType = Annotated[str, AfterValidator(grant_names.in_full)]
_ScopeName = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,100}$")]


class ClientQuery(ListQuery):
    """Which clients are looked for, and in which order."""

    search: Annotated[str, Field(max_length=100)] = ""
    """A part of the name, the start of the client_id or a host of its redirect URIs."""

    status: ClientStatus | None = None
    public: bool | None = None
    """Those that keep no secret, or those that do."""

    owner_id: UUID | None = None
    """Those that this person has registered."""

    unseen: bool | None = None
    """Those that somebody registered for themselves, that were served at once, and that nobody who
    administers the tenant has looked at."""

    sort: Literal["name", "-name", "created_at", "-created_at"] = "name"


class ClientSettings(Document):
    """What a client is."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """Its name for people, who see it before they allow it anything."""

    description: Annotated[str, Field(max_length=500)] = ""
    grant_types: Annotated[Sequence[_GrantType], Field(min_length=1, max_length=20)]
    """What it may use at the token endpoint; `device_code`, `jwt_bearer` and `token_exchange` stand
    for the grants of these names."""

    redirect_uris: Annotated[Sequence[str], Field(max_length=50)] = ()
    """Where it may be answered, to the letter."""

    scopes: Annotated[Sequence[_ScopeName], Field(max_length=100)] = ()
    """What it may ask for."""

    application_type: ApplicationType = ApplicationType.WEB
    consent: ConsentPolicy = ConsentPolicy.REMEMBERED
    first_party: bool = False
    """It is the tenant's own."""

    pkce_optional: bool = False
    """It may do without PKCE, as libraries from before it do; only where it has a secret."""

    introspects: bool = False
    """A resource server, which may ask about tokens of every client (RFC 7662 section 4)."""

    unauthenticated_device_grant: bool = False
    """It may poll for its device's token without its secret."""

    authentication_methods: Annotated[Sequence[str], Field(max_length=10)] = ()
    """How it may prove itself (RFC 7591 `token_endpoint_auth_method`); by basic or form where it
    has a secret and this is empty."""

    project: Annotated[str, Field(max_length=64)] = ""
    service_account: Annotated[str, Field(max_length=255)] = ""
    metadata: ClientMetadata = Field(default_factory=ClientMetadata)
    """What it says of itself beyond that (RFC 7591 section 2)."""


class ClientCreation(ClientSettings):
    """A client to be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Orders",
                    "grant_types": ["authorization_code", "refresh_token"],
                    "redirect_uris": ["https://orders.example/callback"],
                    "scopes": ["openid", "profile", "orders:read"],
                },
                {
                    "name": "Nightly export",
                    "client_id": "nightly-export",
                    "grant_types": ["client_credentials"],
                    "scopes": ["orders:read"],
                },
            ]
        }
    )

    client_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """A random one where there is none."""

    public: bool = False
    """It keeps no secret, and gets none: a command line, a television, an application in a
    browser."""

    client_secret: Annotated[str, Field(max_length=256)] | None = None
    """The one that it has already; a random one where there is none."""

    secret_expires_at: AwareDatetime | None = None


_ORDERS: dict[str, JsonValue] = {
    "client_id": "orders",
    "name": "Orders",
    "public": False,
    "status": "active",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://orders.example/callback"],
    "scopes": ["openid", "profile", "orders:read"],
    "authentication_methods": ["client_secret_basic", "client_secret_post"],
    "owner_id": None,
    "secret_expires_at": None,
    "former_secret_expires_at": None,
    "created_at": "2026-03-02T09:12:44Z",
    "updated_at": "2026-03-02T09:12:44Z",
}


class ClientDocument(ClientSettings):
    """A client."""

    model_config = exemplified(**_ORDERS)

    client_id: str
    public: bool
    status: ClientStatus
    owner_id: UUID | None
    """Who registered it for themselves; `null` where the tenant's administrators did."""

    secret_expires_at: datetime | None
    """When its secret ends; never where `null`."""

    former_secret_expires_at: datetime | None
    """Until when the secret before is good as well."""

    created_at: datetime
    updated_at: datetime


class CreatedClient(ClientDocument):
    """A client, and its secret: shown this once."""

    model_config = exemplified(**_ORDERS, client_secret="agsec_…")

    client_secret: str | None
    """Only a hash of it is kept. `null` where it has none, or where you have said it."""


class ClientList(ListDocument):
    """Clients."""

    items: Sequence[ClientDocument]


class SecretRotation(Document):
    """How a client gets another secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_seconds": 86400}]})

    overlap_seconds: Annotated[int, Field(ge=0, le=_LONGEST_OVERLAP)] = 0
    """For how long the former one is good as well."""

    secret_expires_at: AwareDatetime | None = None
    """When the new one ends; never where there is nothing."""

    authentication_methods: Annotated[Sequence[str], Field(max_length=8)] = ()
    """How it proves itself from now on; as before where it is empty. `client_secret_jwt` is chosen
    here: what it signs is checked with the secret itself, so it needs one that is kept."""


class RotatedSecret(Document):
    """A client's new secret: shown this once."""

    client_id: str
    client_secret: str
    secret_expires_at: datetime | None
    former_secret_expires_at: datetime | None


class RevokedTokens(Document):
    """What was ended."""

    revoked: int
    """How many tokens that was."""
