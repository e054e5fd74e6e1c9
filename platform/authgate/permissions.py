"""Which role may do what at a tenant: one table, which the console, the admin API and whatever
else people administer by asks."""

from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple

RECENTLY = timedelta(minutes=15)
"""How long ago a person may have signed in who does what cannot be undone."""


class UserRole(StrEnum):
    """What a person is at the tenant; the table says what each of them may do."""

    OWNER = "owner"
    ADMIN = "admin"
    CLIENT_MANAGER = "client_manager"
    AUDITOR = "auditor"
    USER = "user"


class Area(StrEnum):
    """What there is to administer at a tenant. Each route and operation belongs to one."""

    OVERVIEW = "overview"
    """How many clients, people and tokens there are, and what needs attention."""

    CLIENTS = "clients"
    """Clients and their secrets, with those that wait for approval."""

    TOKENS = "tokens"
    """The tokens that were issued."""

    AUTHORIZATIONS = "authorizations"
    """What people have allowed clients."""

    SCOPES = "scopes"
    """How scopes are described."""

    RESOURCE_SERVERS = "resource-servers"
    """For whom tokens may be asked."""

    USERS = "users"
    """People and their sessions."""

    SCIM = "scim"
    """People and groups that another directory provisions, and the tokens it does so by."""

    GROUPS = "groups"
    """Groups of people, the roles that these give in applications, and who belongs to them."""

    ROLES = "roles"
    """Who is what in this table."""

    REGISTRATION = "registration"
    """How clients and people come to be here by themselves."""

    CONNECTIONS = "connections"
    """Ways to sign in with another identity provider."""

    SETTINGS = "settings"
    """What the tenant chooses for itself, its colours and texts among it."""

    DOMAINS = "domains"
    """Hosts of the tenant's own."""

    KEYS = "keys"
    """The keys that tokens are signed with."""

    LIMITS = "limits"
    """How much of what is served, and who is kept out."""

    USAGE = "usage"
    """How much was used."""

    AUDIT = "audit"
    """The audit log, and the alerts that rules raise of it."""

    WEBHOOKS = "webhooks"
    """Where what happens is sent, and what became of it."""

    JOBS = "jobs"
    """What is done beside the requests, and what was given up."""

    EXPORTS = "exports"
    """Everything that the tenant has, as a file."""

    TENANT = "tenant"
    """Whether the tenant is there at all, and who owns it."""


class OperatorArea(StrEnum):
    """What there is to operate of the installation, for the people of the operators' tenant."""

    TENANTS = "operator:tenants"
    """Which tenants there are, and whether each is served."""

    SYSTEM = "operator:system"
    """Whether the installation is well."""

    ANNOUNCEMENTS = "operator:announcements"
    """What operators tell the administrators of all tenants."""

    ACCESS = "operator:access"
    """To come into a tenant, where it lets operators in."""


class Access(IntEnum):
    """How far somebody gets in an area. To change means to see."""

    NONE = 0
    READ = 1
    WRITE = 2


class Permission(NamedTuple):
    """What a route or an operation asks of whoever wants it."""

    area: Area | OperatorArea
    access: Access

    def __str__(self) -> str:
        return f"{self.area}:{self.access.name.lower()}"


def reads(area: Area | OperatorArea) -> Permission:
    """To see what is in an area."""
    return Permission(area, Access.READ)


def writes(area: Area | OperatorArea) -> Permission:
    """To change what is in an area."""
    return Permission(area, Access.WRITE)


def named(text: str) -> Permission:
    """The permission that is written so: ``clients:read``."""
    area, _, access = text.rpartition(":")
    kind = OperatorArea if area in set(OperatorArea) else Area
    return Permission(kind(area), Access[access.upper()])


_NONE, _READ, _WRITE = Access.NONE, Access.READ, Access.WRITE

ROLES = (UserRole.OWNER, UserRole.ADMIN, UserRole.CLIENT_MANAGER, UserRole.AUDITOR, UserRole.USER)
"""In the order of the table's columns."""

_TABLE: dict[Area | OperatorArea, tuple[Access, ...]] = {
    # owner, admin, client manager, auditor, user
    Area.OVERVIEW: (_READ, _READ, _READ, _READ, _NONE),
    Area.CLIENTS: (_WRITE, _WRITE, _WRITE, _READ, _NONE),
    Area.TOKENS: (_WRITE, _WRITE, _WRITE, _READ, _NONE),
    Area.AUTHORIZATIONS: (_WRITE, _WRITE, _WRITE, _READ, _NONE),
    Area.SCOPES: (_WRITE, _WRITE, _READ, _READ, _NONE),
    Area.RESOURCE_SERVERS: (_WRITE, _WRITE, _READ, _READ, _NONE),
    Area.USERS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.SCIM: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.GROUPS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.ROLES: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.REGISTRATION: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.CONNECTIONS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.SETTINGS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.DOMAINS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.KEYS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.LIMITS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.USAGE: (_READ, _READ, _READ, _READ, _NONE),
    Area.WEBHOOKS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.AUDIT: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.JOBS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    Area.EXPORTS: (_WRITE, _READ, _NONE, _READ, _NONE),
    Area.TENANT: (_WRITE, _READ, _NONE, _READ, _NONE),
    # At the operators' tenant, and of no meaning elsewhere.
    OperatorArea.TENANTS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    OperatorArea.SYSTEM: (_READ, _READ, _NONE, _READ, _NONE),
    OperatorArea.ANNOUNCEMENTS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
    OperatorArea.ACCESS: (_WRITE, _WRITE, _NONE, _READ, _NONE),
}


def access(role: UserRole, area: Area | OperatorArea) -> Access:
    """How far this role gets in this area."""
    return _TABLE[area][ROLES.index(role)]


def permits(role: UserRole, permission: Permission) -> bool:
    """Whether this role is enough."""
    return access(role, permission.area) >= permission.access


def of(role: UserRole) -> frozenset[str]:
    """All that this role is enough for, each as text: ``clients:read``."""
    asked = [Permission(area, how) for area in Area for how in (_READ, _WRITE)]
    return frozenset(str(each) for each in asked if permits(role, each))


def of_operator(role: UserRole) -> frozenset[str]:
    """The same of what there is to operate."""
    asked = [Permission(area, how) for area in OperatorArea for how in (_READ, _WRITE)]
    return frozenset(str(each) for each in asked if permits(role, each))


def covers(role: UserRole, other: UserRole) -> bool:
    """Whether this role may all that the other may: only then does it give that one or take it."""
    return all(access(role, area) >= access(other, area) for area in Area)


def given_by(role: UserRole) -> list[UserRole]:
    """The roles that whoever has this one may give and take."""
    may = permits(role, writes(Area.ROLES))
    return [each for each in ROLES if may and covers(role, each)]
