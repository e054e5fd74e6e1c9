"""From when on somebody is not let in without a second factor. Asked for where a tenant gives its
people some days, and nowhere else."""

from datetime import datetime
from uuid import UUID

from authgate.storage.people.users import UserRow


async def find(user_id: UUID) -> datetime | None:
    """The moment; ``None`` where none was set."""
    row = await UserRow.filter(id=user_id).only("second_factor_due_at").get_or_none()
    return row.second_factor_due_at if row else None


async def begin(user_id: UUID, due_at: datetime) -> datetime:
    """Have it be this one, unless one was set: which it is. Nobody gets another one."""
    unset = UserRow.filter(id=user_id, second_factor_due_at__isnull=True)
    await unset.update(second_factor_due_at=due_at)
    return await find(user_id) or due_at


async def end(user_id: UUID, *, now: datetime) -> None:
    """Have it be over."""
    await UserRow.filter(id=user_id).update(second_factor_due_at=now)
