"""``/users/{user_id}/identities``: whom people are at other identity providers."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from uuid import UUID

from authgate.admin import people
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict
from authgate.provisioning import people as provisioned
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.external_identities import LinkedIdentity
from authgate.tokens.admin_scopes import Scope


class IdentityDocument(Document):
    """Somebody at another provider, who signs in here as a person of the tenant."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ffff",
        connection="github",
        issuer="https://github.com",
        subject="583231",
        username="mira-h",
        created_at="2026-03-02T09:12:44Z",
        last_used_at="2026-03-02T09:12:44Z",
    )

    id: UUID
    connection: str
    """The way in, as its address names it; empty where there is none any more."""

    issuer: str
    subject: str
    username: str
    """What they were called there at their last sign-in."""

    created_at: datetime
    last_used_at: datetime


class IdentityList(Document):
    """All of one person, the one used last first."""

    items: Sequence[IdentityDocument]


async def list_identities(call: Call[Nothing, Nothing]) -> Answer[IdentityList]:
    """List whom a person is at other providers."""
    user = await people.found(call)
    slugs = {each.id: each.slug for each in await connections.every()}
    found = await external_identities.of_user(user.id)
    return Answer(IdentityList(items=[_document(each, slugs) for each in found]))


async def unlink_identity(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Have a person not sign in by an identity at another provider any more.

    Who signs in with it next is somebody new. Browsers stay signed in.
    """
    user, identity_id = await people.found(call), call.uuid("identity_id")
    with people.worded():
        await provisioned.unlink_identity(identity_id, user_id=user.id, by=call.caller.authority)
    return Answer(None)


def _document(identity: LinkedIdentity, slugs: dict[UUID, str]) -> IdentityDocument:
    said = {
        name: getattr(identity, name) for name in IdentityDocument.model_fields.keys() - {_SLUG}
    }
    return IdentityDocument(**said, connection=slugs.get(identity.connection_id, ""))


_SLUG = "connection"
_ALL = "/users/{user_id}/identities"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_identities, scope=Scope.USERS_READ),
    operation(
        HTTPMethod.DELETE,
        f"{_ALL}/{{identity_id}}",
        unlink_identity,
        scope=Scope.USERS_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
]
