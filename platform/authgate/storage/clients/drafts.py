"""What a client is to be, to become, and to be found by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pypika_tortoise import functions
from pypika_tortoise.terms import Term
from tortoise.expressions import Function, Q
from tortoise.queryset import QuerySet

from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client, ClientRow
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy

_WITH_SECRET = ("client_secret_basic", "client_secret_post")
_WITHOUT = ("none",)
_NOT_STORED = {"public", "client_id", "authentication_methods"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDraft:
    """What a client begins as."""

    name: str
    grant_types: Collection[str]
    scopes: Sequence[str] = ()
    public: bool = False
    """It keeps no secret, and gets none."""
    client_id: str | None = None
    """A random one where ``None``."""
    description: str = ""
    redirect_uris: Sequence[str] = ()
    application_type: ApplicationType = ApplicationType.WEB
    consent: ConsentPolicy = ConsentPolicy.REMEMBERED
    pkce_optional: bool = False
    introspects: bool = False
    first_party: bool = False
    unauthenticated_device_grant: bool = False
    project: str = ""
    service_account: str = ""
    authentication_methods: Collection[str] = ()
    """By basic or form where it has a secret and this is empty."""
    metadata: ClientMetadata = field(default_factory=ClientMetadata)
    owner_id: UUID | None = None
    expires_at: datetime | None = None
    """When it goes if nobody uses it."""
    status: ClientStatus = ClientStatus.ACTIVE

    def methods(self) -> Collection[str]:
        """How it may authenticate (RFC 7591 ``token_endpoint_auth_method``)."""
        return self.authentication_methods or (_WITHOUT if self.public else _WITH_SECRET)

    @property
    def needs_secret(self) -> bool:
        """Whether one of its ways to authenticate is a secret."""
        return any(method.startswith("client_secret_") for method in self.methods())

    def values(self) -> dict[str, Any]:
        """By the name of the field, what is to be stored as it is."""
        given = {each.name: getattr(self, each.name) for each in fields_of(self)}
        stored = {name: value for name, value in given.items() if name not in _NOT_STORED}
        lists = {name: list(given[name]) for name in ("grant_types", "scopes", "redirect_uris")}
        return stored | lists | {"metadata": self.metadata.to_json()}

    @classmethod
    def of(cls, client: Client) -> Self:
        """What would make a client such as this one."""
        names = {each.name for each in fields_of(cls)} - {"public"}
        return cls(**{name: getattr(client, name) for name in names}, public=client.is_public)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What of a client becomes different; ``None`` stays as it is."""

    name: str | None = None
    description: str | None = None
    grant_types: Sequence[str] | None = None
    scopes: Sequence[str] | None = None
    redirect_uris: Sequence[str] | None = None
    application_type: ApplicationType | None = None
    consent: ConsentPolicy | None = None
    pkce_optional: bool | None = None
    introspects: bool | None = None
    first_party: bool | None = None
    unauthenticated_device_grant: bool | None = None
    project: str | None = None
    service_account: str | None = None
    authentication_methods: Collection[str] | None = None
    metadata: ClientMetadata | None = None
    """All of it: ``replace`` what the client has."""
    status: ClientStatus | None = None

    def given(self) -> dict[str, Any]:
        """By the name of the field, what becomes different."""
        values = {each.name: getattr(self, each.name) for each in fields_of(self)}
        return {name: value for name, value in values.items() if value is not None}

    def values(self) -> dict[str, Any]:
        """By the name of the field, what is to be stored."""
        given = self.given()
        if self.metadata is not None:
            given["metadata"] = self.metadata.to_json()
        if self.authentication_methods is not None:
            given["authentication_methods"] = sorted(self.authentication_methods)
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFilter:
    """Which of a tenant's clients are looked for."""

    search: str = ""
    """A part of the name, the start of the client_id or a host of the redirect URIs, in any case;
    of a host also its end, after any dot."""
    status: ClientStatus | None = None
    public: bool | None = None
    owner_id: UUID | None = None
    unseen: bool | None = None
    """Served at once, and looked at by nobody who administers the tenant; or not so."""

    def of(self, rows: QuerySet[ClientRow]) -> QuerySet[ClientRow]:
        """Those of the rows that it describes."""
        if self.search:
            rows = rows.annotate(addresses=_AsText("redirect_uris")).filter(self._found())
        if self.status is not None:
            rows = rows.filter(status=self.status)
        if self.public is not None:
            rows = rows.filter(secret_hash__isnull=self.public)
        if self.owner_id is not None:
            rows = rows.filter(owner_id=self.owner_id)
        if self.unseen is not None:
            rows = rows.filter(unseen=self.unseen)
        return rows

    def _found(self) -> Q:
        return (
            Q(name__icontains=self.search)
            | Q(client_id__istartswith=self.search)
            | Q(addresses__icontains=f"//{self.search}")
            | Q(addresses__icontains=f".{self.search}")
        )


class _CastAsText(functions.Cast):
    """``CAST(… AS TEXT)``."""

    def __init__(self, term: Term) -> None:
        super().__init__(term, "TEXT")


class _AsText(Function):
    """What is stored as JSON, as it is written: neither database looks into a list for a part."""

    database_func = _CastAsText
