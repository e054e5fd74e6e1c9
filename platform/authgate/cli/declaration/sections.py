"""What a file may declare: the collections of the admin API, each by its document there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from http import HTTPMethod
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from authgate.admin.catalogue import OPERATIONS
from authgate.admin.client_documents import ClientCreation
from authgate.admin.mail_server import MailServerChange
from authgate.admin.roles import RoleChange
from authgate.api.bodies import Document, exemplified
from authgate.api.operations import Operation
from authgate.cli.doors.admin_api import within
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people.usernames import BadUsername, canonical
from authgate_tenants import domains
from authgate_tenants.blocked import BadNetwork, network, written
from authgate_tenants.domains import BadHost


class Managed(StrEnum):
    """A section that can be all that there is, so that what it does not say goes."""

    SETTINGS = "settings"
    RESOURCE_SERVERS = "resource_servers"
    SCOPES = "scopes"
    CLIENTS = "clients"
    ADDRESS_BLOCKS = "address_blocks"
    DOMAINS = "domains"
    GROUPS = "groups"
    PLUGINS = "plugins"
    WEBHOOKS = "webhooks"
    USERS = "users"


class Reference(Document):
    """A secret, which is never in the file."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
    """The variable of the environment that holds it where the file is applied."""


class ClientDeclaration(ClientCreation):
    """A client."""

    model_config = exemplified(
        client_id="nightly-export", name="Nightly export", grant_types=["client_credentials"]
    )

    client_id: Annotated[str, Field(min_length=1, max_length=64)]
    """What tells it from the others."""

    client_secret: Reference | None = None  # type: ignore[assignment]  # it is looked up
    """The secret that it has already; a random one where there is none. Read when the client is
    made, and never again."""


class MailServerDeclaration(MailServerChange):
    """The server, or the plugin, that sends the tenant's mail instead of the installation's."""

    model_config = exemplified(
        host="smtp.example.com",
        username="acme",
        password={"env": "MAIL_SERVER_PASSWORD"},
        sender="Acme <no-reply@acme.example>",
    )

    password: Reference | None = None  # type: ignore[assignment]  # it is looked up
    """The one that is kept where there is nothing. Sent when there is none yet, and whenever
    another member changes."""


PluginValue: TypeAlias = Reference | bool | int | str | Sequence[str]
"""What a plugin's setting is set to; of a secret one where it is looked up."""


class RoleHolder(RoleChange):
    """A person who is here already, and what they are at the tenant."""

    username: Annotated[str, Field(min_length=1, max_length=100)]
    """By which they sign in."""


@dataclass(frozen=True, slots=True)
class Section:
    """A collection of the API."""

    name: Managed
    key: str
    """The member by which one of them is told from the others."""

    about: str
    """What it means to stand in the file."""

    own: type[Document] | None = None
    """What stands in the file, where that is not to the letter what the API takes."""

    by_id: bool = False
    """Whether the API finds one by its id, and not by the key."""

    @property
    def path(self) -> str:
        """Where the API has it."""
        return within(self.name.replace("_", "-"))

    @property
    def is_paged(self) -> bool:
        """Whether it comes page by page."""
        return self._operation(HTTPMethod.GET).is_list

    @property
    def declared(self) -> type[Document]:
        """The document of one in a file."""
        return self.own or self._operation(HTTPMethod.POST).body

    @property
    def changed(self) -> type[Document] | None:
        """What of one can become another; ``None`` where its key is all that is said of it."""
        found = (each for each in OPERATIONS if each.path.startswith(f"{self.path}/{{"))
        return next((each.patches for each in found if each.patches is not None), None)

    @property
    def compared(self) -> list[str]:
        """The members by which what is declared differs from what is there."""
        return list((self.changed or self.declared).model_fields)

    def place(self, item: Mapping[str, Any]) -> str:
        """Where the API has this one."""
        return self.path + within(item["id" if self.by_id else self.key])

    def _operation(self, method: HTTPMethod) -> Operation:
        return next(each for each in OPERATIONS if (each.method, each.path) == (method, self.path))


RESOURCE_SERVERS = Section(
    Managed.RESOURCE_SERVERS, "uri", "The APIs that clients may ask tokens for.", by_id=True
)
SCOPES = Section(Managed.SCOPES, "name", "What the tenant says of its scopes.")
CLIENTS = Section(
    Managed.CLIENTS, "client_id", "The applications of the tenant.", own=ClientDeclaration
)
ADDRESS_BLOCKS = Section(
    Managed.ADDRESS_BLOCKS, "network", "From where nobody is let in.", by_id=True
)
DOMAINS = Section(Managed.DOMAINS, "host", "Hosts that the tenant says are its own.")
GROUPS = Section(
    Managed.GROUPS,
    "display_name",
    "Groups of the tenant's people, and what their members are to applications. Who belongs to"
    " them is not said here.",
    by_id=True,
)

WEBHOOKS = Section(
    Managed.WEBHOOKS,
    "name",
    "Where what happens is sent. The secret that one is signed with is made with it, and shown by"
    " `authgate webhook add-secret`.",
    by_id=True,
)

SECTIONS = (RESOURCE_SERVERS, SCOPES, CLIENTS, ADDRESS_BLOCKS, DOMAINS, GROUPS, WEBHOOKS)
"""In this order one may need what is in another before it."""


def key_of(section: Section, said: Mapping[str, Any]) -> str:
    """By what the API will know it. Raises ``ValueError`` for what cannot be one."""
    text = str(said[section.key])
    try:
        if section is DOMAINS:
            return domains.check_host(text)
        if section is GROUPS:
            return canonical(text)
        return written(network(text)) if section is ADDRESS_BLOCKS else text
    except (BadHost, BadNetwork, BadUsername) as error:
        raise ValueError(str(error)) from error


def wanted(section: Section, said: Mapping[str, Any]) -> dict[str, Any]:
    """What the API will tell of what the file says, as far as that can become another."""
    item = dict(said)
    if section.changed is None:
        item[section.key] = key_of(section, said)
    if section is CLIENTS and not item["authentication_methods"]:
        item["authentication_methods"] = usual_methods(public=item["public"])
    return {name: item[name] for name in section.compared}


def usual_methods(*, public: bool) -> list[str]:
    """How a client proves itself of which nothing is said."""
    return list(ClientDraft(name="", grant_types=(), public=public).methods())


def present(section: Section, item: Mapping[str, Any]) -> dict[str, Any]:
    """The same of what the API tells."""
    found = {name: item[name] for name in section.compared}
    if section is CLIENTS:
        # A newer server may know more of a client, which is not this file's to take away.
        known = {each.name for each in fields(ClientMetadata)}
        found["metadata"] = {name: it for name, it in item["metadata"].items() if name in known}
    return found


def unlike_default(section: Section, said: Mapping[str, Any]) -> dict[str, Any]:
    """The key of one, and what of it is not as it is where nobody sets it."""
    told = section.declared.model_validate_json(json.dumps(said))
    found = told.model_dump(mode="json", exclude_defaults=True)
    # To pydantic a list without anything is no default, which is a tuple.
    found = {name: it for name, it in found.items() if it != []}
    return {section.key: found.pop(section.key)} | found


def is_own(section: Section, item: Mapping[str, Any]) -> bool:
    """Whether administrators have made it: what came by itself is nobody's to clear away."""
    if section is GROUPS:
        return item["external_id"] is None
    if section is not CLIENTS:
        return True
    return item["owner_id"] is None and not item["metadata"]["self_registered"]
