"""What only the operators of an installation do to people's accounts."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.cli import installed
from authgate.cli.output import Record
from authgate.permissions import UserRole
from authgate.provisioning import random_password
from authgate.storage.people.users import User

__all__ = ["create", "random_password"]


def create(
    slug: str,
    username: str,
    password: str,
    *,
    email: str | None,
    name: str,
    role: str,
    user_id: UUID | None,
) -> Record:
    """A new person of the tenant."""

    def created(passwords: Passwords) -> Awaitable[User]:
        return provisioning.add_user(
            passwords,
            username=username,
            password=password,
            email=email,
            name=name,
            role=UserRole(role),
            user_id=user_id,
            actor=installed.operator(),
        )

    return _hashed(slug, created)


def _hashed(slug: str, act: Callable[[Passwords], Awaitable[User]]) -> Record:
    passwords = Passwords(threads=1)
    try:
        user = installed.do(slug, lambda _: act(passwords))
    finally:
        passwords.close()
    return {"id": user.id, "username": user.username}
