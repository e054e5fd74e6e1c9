"""Users: the people of a tenant."""

from collections.abc import Collection
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple, Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.storage import connection, paging
from authgate.storage.batches.lookups import Join, Lookup, Record
from authgate.storage.paging import Order, Page
from authgate.storage.people import usernames
from authgate.storage.people.user_filter import UserFilter
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername, canonical
from authgate.storage.tenants import quotas
from authgate.storage.tenants.quotas import Quota
from authgate.vocabulary import UserStatus
from authgate_tenants import TenantOwned, current_tenant

LONGEST_EXTERNAL_ID = 255
LONGEST_EMAIL = 254
_MOST_OF_TEAM = 1000


class UserRow(TenantOwned):
    """A person. The id is the subject of their tokens."""

    username = fields.CharField(LONGEST_NAME)
    canonical_username = fields.CharField(LONGEST_NAME)
    email = fields.CharField(LONGEST_EMAIL, null=True)
    canonical_email = fields.CharField(LONGEST_EMAIL, null=True)
    email_verified = fields.BooleanField(default=False)
    name = fields.CharField(100, default="")
    picture = fields.CharField(500, default="")
    password_hash = fields.CharField(200, null=True)
    status = fields.CharEnumField(UserStatus, max_length=16, default=UserStatus.ACTIVE)
    role = fields.CharEnumField(UserRole, max_length=16, default=UserRole.USER)
    not_before = fields.DatetimeField(null=True)
    guest_until = fields.DatetimeField(null=True)
    second_factor_due_at = fields.DatetimeField(null=True)
    external_id = fields.CharField(LONGEST_EXTERNAL_ID, null=True)
    given_name = fields.CharField(LONGEST_NAME, default="", db_default="")
    family_name = fields.CharField(LONGEST_NAME, default="", db_default="")
    locale = fields.CharField(35, default="", db_default="")
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "users"
        unique_together = (
            ("tenant_id", "canonical_username"),
            ("tenant_id", "canonical_email"),
            ("tenant_id", "id"),
        )


class User(NamedTuple):
    """A person as whoever asks for one sees them."""

    id: UUID
    tenant_id: UUID
    username: str
    canonical_username: str
    email: str | None
    canonical_email: str | None
    email_verified: bool
    name: str
    picture: str
    password_hash: str | None
    status: UserStatus
    role: UserRole
    not_before: datetime | None
    """What acts in their name since before then is no longer good, whatever the rows say."""
    guest_until: datetime | None
    """Until when an operator of the installation is here; ``None`` for the tenant's own people."""
    created_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether this person may sign in, and what acts in their name is served."""
        is_over = self.guest_until is not None and self.guest_until <= utc_now()
        return self.status is UserStatus.ACTIVE and not is_over

    @property
    def is_guest(self) -> bool:
        """Whether this is an operator of the installation, who is in charge of nothing here."""
        return self.guest_until is not None

    def has_ended(self, began_at: datetime) -> bool:
        """Whether everything that acted in their name at that moment has been ended since."""
        return self.not_before is not None and began_at <= self.not_before

    @property
    def called(self) -> tuple[str, ...]:
        """What others know of this person, and no password is made of."""
        return (self.username, self.email or "", self.name)

    @property
    def subject(self) -> str:
        """``sub`` of this person's tokens."""
        return str(self.id)

    @classmethod
    def from_row(cls, row: UserRow) -> Self:
        """The value of a stored row."""
        return cls(*[getattr(row, name) for name in cls._fields])


_COLUMNS = (
    "username",
    "canonical_username",
    "email",
    "canonical_email",
    "email_verified",
    "name",
    "picture",
    "password_hash",
    "status",
    "role",
    "not_before",
    "guest_until",
    "created_at",
    "updated_at",
)
_BY_ID = Lookup(table="users", key="id", columns=_COLUMNS)
JOINED = Join(table="users", by="user_id", prefix="user_", columns=_COLUMNS)
"""The person whom a row names."""
_values, _joined_values = itemgetter(*_COLUMNS), itemgetter(*JOINED.names)


class UsernameTaken(ValueError):
    """Another user of the tenant has this name or address, or any user has this id."""


async def find(user_id: UUID) -> User | None:
    """The user with this id, read together with what other requests ask.

    Not for one that the open unit of work has changed.
    """
    record = await connection.find(_BY_ID, user_id)
    return _user(user_id, *_values(record)) if record is not None else None


def joined(record: Record) -> User | None:
    """The person who was read with what names them, if there is one."""
    if record["user_username"] is None:
        return None
    return _user(connection.uuid(record["user_id"]), *_joined_values(record))


def _user(
    user_id: UUID,
    username: str,
    canonical_username: str,
    email: str | None,
    canonical_email: str | None,
    email_verified: bool | int,
    name: str,
    picture: str,
    password_hash: str | None,
    status: str,
    role: str,
    not_before: datetime | str | None,
    guest_until: datetime | str | None,
    created_at: datetime | str,
    updated_at: datetime | str,
) -> User:
    return User(
        user_id,
        current_tenant().id,
        username,
        canonical_username,
        email,
        canonical_email,
        bool(email_verified),
        name,
        picture,
        password_hash,
        UserStatus(status),
        UserRole(role),
        connection.moment(not_before) if not_before else None,
        connection.moment(guest_until) if guest_until else None,
        connection.moment(created_at),
        connection.moment(updated_at),
    )


async def find_by_login(login: str) -> User | None:
    """The user who signs in with this name or address."""
    try:
        wanted = canonical(login)
    except BadUsername:
        return None
    # The ORM raises for a value that is longer than its column.
    if len(wanted) > LONGEST_EMAIL:
        return None
    is_theirs = Q(canonical_email=wanted)
    if len(wanted) <= LONGEST_NAME:
        is_theirs |= Q(canonical_username=wanted)
    # One query, so that a name that exists is found no sooner than one that does not.
    found = [User.from_row(row) for row in await UserRow.filter(is_theirs)]
    return next((user for user in found if user.canonical_username == wanted), None) or next(
        iter(found), None
    )


async def find_provisioned(*, external_id: str = "", email: str = "") -> User | None:
    """Who came by SCIM, by what their directory knows them by, or by their address."""
    rows = UserRow.filter(external_id__isnull=False, guest_until__isnull=True)
    if external_id and len(external_id) <= LONGEST_EXTERNAL_ID:
        row = await rows.get_or_none(external_id=external_id)
    elif email and len(email) <= LONGEST_EMAIL:
        row = await rows.get_or_none(canonical_email=canonical(email))
    else:
        row = None
    return User.from_row(row) if row else None


async def create(
    *,
    username: str,
    email: str | None = None,
    email_verified: bool = False,
    name: str = "",
    picture: str = "",
    password_hash: str | None = None,
    role: UserRole = UserRole.USER,
    user_id: UUID | None = None,
    guest_until: datetime | None = None,
) -> User:
    """Store a user. Raises ``BadUsername`` and ``UsernameTaken``, and ``QuotaReached`` for one of
    the tenant's own people."""
    usernames.check(username)
    if guest_until is None:
        await quotas.make_room(Quota.USERS, own())
    try:
        row = await UserRow.create(
            id=user_id or uuid7(),
            username=username.strip(),
            canonical_username=canonical(username),
            email=email,
            canonical_email=canonical(email) if email else None,
            email_verified=email_verified,
            name=name,
            picture=picture,
            password_hash=password_hash,
            role=role,
            guest_until=guest_until,
        )
    except IntegrityError as error:
        raise UsernameTaken(username) from error
    return User.from_row(row)


def own() -> QuerySet[UserRow]:
    """The tenant's own people: operators who are or were guests take none of its places."""
    return UserRow.filter(guest_until__isnull=True)


async def all_users() -> list[User]:
    """The tenant's users in the order of their names."""
    return [User.from_row(row) for row in await UserRow.all().order_by("canonical_username")]


async def find_many(user_ids: Collection[UUID]) -> list[User]:
    """Those of these users that exist, in the order of their names."""
    rows = UserRow.filter(id__in=list(user_ids)).order_by("canonical_username")
    return [User.from_row(row) for row in await rows]


async def usernames_of(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """By id, the names of those of these users that exist."""
    rows = await UserRow.filter(id__in=list(user_ids)).only("id", "username")
    return {row.id: row.username for row in rows}


async def counts() -> dict[UserStatus, int]:
    """How many people of its own the tenant has, of each status."""
    rows = await own().annotate(users=Count("id")).group_by("status").values("status", "users")
    return {UserStatus(row["status"]): row["users"] for row in rows}


async def page(
    which: UserFilter, order: Order, *, cursor: str | None = None, limit: int = 50
) -> Page[User]:
    """Some of the tenant's people, by ``canonical_username`` or ``created_at``. Raises
    ``BadCursor``."""
    rows = UserRow.filter(which.condition())
    found = await paging.page(rows, order, cursor=cursor, limit=limit)
    return found.of(User.from_row)


async def held(user_id: UUID) -> User | None:
    """The user as they are in the open unit of work, and who is held until its end."""
    # Whoever stores something that names them goes on, and is ended by what ends all of it.
    row = await UserRow.filter(id=user_id).select_for_update(no_key=True).get_or_none()
    return User.from_row(row) if row else None


async def hold_in_charge(*others: UUID) -> dict[UUID, User]:
    """By id, the owners and administrators who may sign in, and these others: as they are in the
    open unit of work, and held until its end. Whoever holds people holds them in one order."""
    in_charge = Q(role__in=[UserRole.OWNER, UserRole.ADMIN], status=UserStatus.ACTIVE)
    rows = UserRow.filter(in_charge | Q(id__in=list(others))).order_by("id")
    return {row.id: User.from_row(row) for row in await rows.select_for_update(no_key=True)}


async def has_owner() -> bool:
    """Whether anybody owns the tenant."""
    return await UserRow.filter(role=UserRole.OWNER).exists()


async def invite(
    user_id: UUID | None, *, username: str, name: str, role: UserRole, until: datetime
) -> UUID:
    """Let somebody be a guest until then: who was one before under this id, or somebody new without
    a password and an address. Raises ``UsernameTaken``."""
    if user_id is not None:
        former = UserRow.filter(id=user_id, guest_until__isnull=False)
        again = {"role": role, "status": UserStatus.ACTIVE, "guest_until": until, "name": name}
        if await former.update(**again) == 1:
            return user_id
    return (await create(username=username, name=name, role=role, guest_until=until)).id


async def set_role(user_id: UUID, role: UserRole) -> bool:
    """Give a user a role; ``False`` where there is no such user."""
    return await UserRow.filter(id=user_id).update(role=role) == 1


async def with_role(*roles: UserRole) -> set[UUID]:
    """The ids of whoever has one of these roles, switched off or not."""
    return {row.id for row in await UserRow.filter(role__in=roles).only("id")}


async def team() -> list[User]:
    """Everybody who may do more than a plain user, in the order of their names."""
    in_charge = [role for role in UserRole if role is not UserRole.USER]
    rows = UserRow.filter(role__in=in_charge).order_by("canonical_username")
    return [User.from_row(row) for row in await rows.limit(_MOST_OF_TEAM)]


async def set_password_hash(user_id: UUID, password_hash: str) -> bool:
    """Replace a password; ``False`` where there is no such user."""
    return await UserRow.filter(id=user_id).update(password_hash=password_hash) == 1


async def renew_password_hash(user_id: UUID, *, former: str, hash_: str) -> bool:
    """Store the same password in another form; ``False`` where it is another one by now."""
    theirs = UserRow.filter(id=user_id, password_hash=former)
    return await theirs.update(password_hash=hash_) == 1


async def set_status(user_id: UUID, status: UserStatus) -> bool:
    """Enable or disable a user; ``False`` where there is no such user."""
    changed = UserRow.filter(id=user_id).update(status=status, updated_at=utc_now())
    return await changed == 1


async def end_older(user_id: UUID, *, now: datetime) -> None:
    """Say that nothing is good any more that acts in a user's name since before now."""
    await UserRow.filter(id=user_id).update(not_before=now)


async def end_of_older(user_id: UUID) -> datetime | None:
    """Until when all that acts in a user's name has been ended, if it has ever been."""
    row = await UserRow.get_or_none(id=user_id).only("id", "not_before")
    return row.not_before if row else None
