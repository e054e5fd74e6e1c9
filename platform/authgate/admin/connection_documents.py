"""What the API says of connections, and what it is told of them."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from authgate.accounts.pending_login import callback
from authgate.api.bodies import Document, exemplified
from authgate.plugin_api import ConfigField, Secret
from authgate.plugin_manager import ConnectorType, kind_of
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers, Provisioned
from authgate.storage.sign_in.connections import Connection

FURTHEST = 10_000
"""The last position on the sign-in page, and negative the first."""
_LABEL = 80
_RULES: dict[str, Any] = {
    "newcomers": "tenant",
    "provisioned": "nothing",
    "allowed_domains": ["acme.example"],
    "email_domains": ["acme.example"],
    "sign_in_form": False,
    "groups": {},
}
_CONFIG: dict[str, Any] = {"issuer": "https://idp.acme.example", "client_id": "authgate"}

_Label = Annotated[str, Field(max_length=_LABEL)]
_Position = Annotated[int, Field(ge=-FURTHEST, le=FURTHEST)]
_Config = Annotated[dict[str, JsonValue], Field(max_length=50)]


class Rules(Document):
    """Whom a connection lets in, and what they are here."""

    newcomers: Newcomers = Newcomers.AS_TENANT
    """What becomes of a first sign-in: `tenant` goes by the setting `auto_register`, `welcome`
    makes a user, `refused` does not."""

    provisioned: Provisioned = Provisioned.NOTHING
    """By what people are known who came by SCIM: `nothing`, `subject` (the provider's subject is
    their `externalId`), or `email` (their verified address, at a domain that the tenant has proven
    and that is in `email_domains`). Never anybody who administers."""

    allowed_domains: Sequence[str] = ()
    """Domains of the verified addresses that may sign in; everybody where there are none."""

    email_domains: Sequence[str] = ()
    """Domains whose people are led here when they enter their address."""

    sign_in_form: bool = False
    """Whether the tenant's sign-in form asks it for names that have no password here: of one
    connection that takes passwords."""

    groups: dict[str, str] = Field(default_factory=dict)
    """By the provider's name of a group, the id of the group here that its people belong to."""

    def read(self) -> ConnectionRules:
        """As they are kept."""
        return ConnectionRules(
            newcomers=self.newcomers,
            provisioned=self.provisioned,
            allowed_domains=tuple(self.allowed_domains),
            email_domains=tuple(self.email_domains),
            sign_in_form=self.sign_in_form,
            groups=dict(self.groups),
        )


class ConnectionSettings(Document):
    """What of a connection may change."""

    label: _Label = ""
    """What people read."""

    position: _Position = 0
    """Its place on the sign-in page, the smallest first."""

    enabled: bool = True
    config: _Config = Field(default_factory=dict)
    """Settings of its connector. Secrets go in and never come out; one that is left out stays."""

    rules: Rules = Rules()


class ConnectionCreation(ConnectionSettings):
    """A connection to be."""

    model_config = exemplified(
        slug="acme",
        connector="oidc",
        label="Acme",
        position=0,
        enabled=False,
        config={**_CONFIG, "client_secret": "of the provider"},
        rules=_RULES,
    )

    slug: Annotated[str, Field(max_length=40)]
    """Its name in addresses, which never changes."""

    connector: Annotated[str, Field(max_length=80)]
    """What it signs in with, of `/connection-types`."""


class ConnectionDocument(ConnectionSettings):
    """A way to sign in with another identity provider."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd",
        slug="acme",
        connector="oidc",
        label="Acme",
        position=0,
        enabled=True,
        config=_CONFIG,
        rules=_RULES,
        redirect_uri="https://login.example.com/t/acme/login/acme/callback",
        people=12,
    )

    id: UUID
    slug: str
    connector: str
    redirect_uri: str
    """To register at the provider."""

    people: int
    """How many identities are known by it."""


class ConnectionList(Document):
    """All connections, in the order of the sign-in page."""

    items: Sequence[ConnectionDocument]


class SettingDocument(Document):
    """A setting that a connector asks for."""

    name: str
    label: str
    help: str
    kind: str
    """`text`, `number`, `switch`, `list` or `secret`."""

    required: bool
    place: bool
    """Whether it says where secrets are sent: a change asks for them anew."""

    default: JsonValue


class ConnectionTypeDocument(Document):
    """A connector that the tenant may use."""

    name: str
    label: str
    plugin: str
    takes_passwords: bool
    """Whether people type their password into the tenant's own page, and are not sent elsewhere."""

    settings: Sequence[SettingDocument]


class ConnectionTypes(Document):
    """The connectors of the plugins that the tenant has enabled."""

    items: Sequence[ConnectionTypeDocument]


class StepDocument(Document):
    """One thing that was looked at."""

    name: str
    passed: bool
    said: str


class ConnectionTest(Document):
    """What can be told of a connection before anybody signs in."""

    model_config = exemplified(
        passed=True,
        steps=[
            {
                "name": "Discovery document",
                "passed": True,
                "said": "https://idp.acme.example was read.",
            }
        ],
        redirect_uri="https://login.example.com/t/acme/login/acme/callback",
        metadata_uri="",
        trial_url="https://login.example.com/t/acme/login/acme/trial",
    )

    passed: bool
    steps: Sequence[StepDocument]
    redirect_uri: str
    """To register at the provider."""

    metadata_uri: str
    """What the provider may read of this server; empty where its connector has no such thing."""

    trial_url: str
    """Where an administrator signs in at the provider and reads what it says; nobody is signed in
    by it."""


def told(
    connection: Connection, people: int, *, secrets: Collection[str] = ()
) -> ConnectionDocument:
    """A connection, by which so many people are known, without these of its settings: what has
    become a secret since it was entered is kept as it was until the next change."""
    return ConnectionDocument(
        id=connection.id,
        slug=connection.slug,
        connector=connection.connector,
        label=connection.label,
        position=connection.position,
        enabled=connection.enabled,
        config={name: value for name, value in connection.config.items() if name not in secrets},  # type: ignore[misc]  # it was JSON
        rules=Rules(**connection.rules.written()),
        redirect_uri=callback(connection.slug),
        people=people,
    )


def type_of(connector: ConnectorType) -> ConnectionTypeDocument:
    """What a connection may be made of."""
    return ConnectionTypeDocument(
        name=connector.name,
        label=connector.label,
        plugin=connector.plugin,
        takes_passwords=connector.takes_passwords,
        settings=[_setting(each) for each in connector.fields],
    )


def _setting(field: ConfigField) -> SettingDocument:
    default = None if isinstance(field.default, Secret) else field.default
    return SettingDocument(
        name=field.name,
        label=field.label,
        help=field.help,
        kind=kind_of(field),
        required=field.required,
        place=field.place,
        default=list(default) if isinstance(default, tuple) else default,  # type: ignore[arg-type]  # of the types that fields may have
    )
