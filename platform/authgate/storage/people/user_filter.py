"""Which of a tenant's people are looked for."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.expressions import Q

from authgate.permissions import UserRole
from authgate.vocabulary import UserStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which of a tenant's people are looked for."""

    search: str = ""
    """A part of the name or username, the start of the address, or the whole of the id, in any
    case."""
    status: UserStatus | None = None
    role: UserRole | None = None
    has_password: bool | None = None
    """Whether they can sign in by one of their own."""

    def condition(self) -> Q:
        """The rows that it describes."""
        wanted = Q()
        if self.search:
            wanted &= _called(self.search)
        if self.status is not None:
            wanted &= Q(status=self.status)
        if self.role is not None:
            wanted &= Q(role=self.role)
        if self.has_password is not None:
            wanted &= Q(password_hash__isnull=not self.has_password)
        return wanted


def _called(text: str) -> Q:
    found = Q(name__icontains=text) | Q(username__icontains=text) | Q(email__istartswith=text)
    try:
        return found | Q(id=UUID(text))
    except ValueError:
        return found
