"""What people say of themselves: their name, and the address that they prove."""

from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from authgate.storage.people.usernames import LONGEST_NAME, canonical
from authgate.storage.people.users import UsernameTaken, UserRow


async def rename(user_id: UUID, name: str, *, now: datetime) -> None:
    """They are called so from now on."""
    await UserRow.filter(id=user_id).update(name=name, updated_at=now)


async def is_provisioned(user_id: UUID) -> bool:
    """Whether another directory says what they are called."""
    return await UserRow.filter(id=user_id, external_id__isnull=False).exists()


async def is_taken(email: str, *, by_other_than: UUID) -> bool:
    """Whether somebody else has this address, or signs in by it."""
    wanted = canonical(email)
    theirs = Q(canonical_email=wanted)
    if len(wanted) <= LONGEST_NAME:  # the ORM raises for a value that is longer than its column
        theirs |= Q(canonical_username=wanted)
    return await UserRow.filter(theirs).exclude(id=by_other_than).exists()


async def verify(user_id: UUID, email: str, *, now: datetime) -> None:
    """The address that they have is theirs, if it is this one."""
    theirs = UserRow.filter(id=user_id, canonical_email=canonical(email))
    await theirs.update(email_verified=True, updated_at=now)


async def change_address(user_id: UUID, email: str, *, now: datetime) -> None:
    """They have this address, which is proven; whoever signs in by theirs does so by this one.

    Raises ``UsernameTaken``.
    """
    row = await UserRow.get(id=user_id)
    changes = {"email": email, "canonical_email": canonical(email)}
    if row.canonical_username == row.canonical_email:
        changes |= {"username": email, "canonical_username": canonical(email)}
    try:
        await UserRow.filter(id=user_id).update(**changes, email_verified=True, updated_at=now)
    except IntegrityError as error:
        raise UsernameTaken(email) from error
