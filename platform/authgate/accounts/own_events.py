"""What people do about themselves, in the audit log."""

from authgate import audit
from authgate.audit import Event
from authgate.storage.people.users import User


async def record(event: Event, user: User, **details: object) -> None:
    """Write down, with the open unit of work, that somebody has done this to their own account."""
    await audit.record(
        event,
        actor=audit.user(user.id, user.username),
        resource=("user", str(user.id)),
        details=details,
    )
