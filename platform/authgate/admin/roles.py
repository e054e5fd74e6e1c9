"""``/roles``: what each role may do, and ``/users/{user_id}/role``: who has which."""

from collections.abc import Sequence
from http import HTTPMethod

from authgate import permissions, provisioning, storage
from authgate.admin import people
from authgate.admin.people import UserDocument
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Changed, Conflict, NotFound, RecentSignInRequired
from authgate.permissions import UserRole
from authgate.storage.people import users
from authgate.tokens.admin_scopes import Scope


class RoleDocument(Document):
    """A role."""

    model_config = exemplified(
        role="client_manager",
        permissions=["authorizations:read", "authorizations:write", "clients:read"],
        gives=["client_manager", "user"],
    )

    role: UserRole

    permissions: Sequence[str]
    """What it is enough for: areas, each to be seen (`read`) or changed (`write`)."""

    gives: Sequence[UserRole]
    """The roles that whoever has it may give and take: none that may more."""


class RoleList(Document):
    """All roles, the one that may most first."""

    items: Sequence[RoleDocument]


class RoleChange(Document):
    """What a person is to be."""

    model_config = exemplified(role="auditor")

    role: UserRole


async def list_roles(call: Call[Nothing, Nothing]) -> Answer[RoleList]:
    """List what each role may do."""
    return Answer(RoleList(items=[_document(role) for role in permissions.ROLES]))


async def change_user_role(call: Call[Nothing, RoleChange]) -> Answer[UserDocument]:
    """Give a person another role.

    It is in force at once. Nobody changes their own, or that of somebody who may more than they
    may; nobody gives a role that may more than theirs; and the last owner stays one. It asks a
    person for a recent sign-in.
    """
    call.caller.require_recent_sign_in(call.parts.clock())
    user_id, by = call.uuid("user_id"), call.caller.authority
    async with storage.transaction():
        # The same as are held to give the role, and at once: so nobody waits for each other.
        held = await users.hold_in_charge(*filter(None, (user_id, by.user_id)))
        if user_id not in held:
            raise NotFound
        call.refuse_if_changed(people.document(held[user_id]), required=False)
        with people.worded():
            await provisioning.change_role(user_id, call.body.role, by=by)
        return await people.as_it_is(user_id)


def _document(role: UserRole) -> RoleDocument:
    return RoleDocument(
        role=role, permissions=sorted(permissions.of(role)), gives=permissions.given_by(role)
    )


OPERATIONS = [
    operation(HTTPMethod.GET, "/roles", list_roles, scope=Scope.ROLES_READ),
    operation(
        HTTPMethod.POST,
        "/users/{user_id}/role",
        change_user_role,
        scope=Scope.ROLES_WRITE,
        problems=[RecentSignInRequired, Conflict, Changed],
    ),
]
