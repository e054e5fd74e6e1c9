"""What administrators do about second factors: take them from somebody who has lost theirs."""

from uuid import UUID

from authgate import audit, storage
from authgate.accounts import factor_notices
from authgate.accounts.second_factors import SecondFactors
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning import people
from authgate.provisioning.roles import Authority
from authgate.provisioning.users import end_access
from authgate.storage.people import factor_deadlines
from authgate.storage.people.users import User


async def reset(parts: Installation, user_id: UUID, *, by: Authority) -> User:
    """Take all second factors from a user of the current tenant, and sign them out everywhere: who
    is not let in without one sets one up anew.

    Raises ``UnknownUser``, ``OwnAccount`` and ``BeyondOwnRole``.
    """
    async with storage.transaction():
        user = await people.held(user_id, by=by)
        await SecondFactors(parts.encryption).remove(user)
        # Whoever knows the password alone is given no days for it.
        await factor_deadlines.end(user.id, now=parts.clock())
        await end_access(user, parts.clock())
        await audit.record(
            Event.SECOND_FACTOR_RESET, actor=by.actor, resource=("user", str(user.id))
        )
        what = text("An administrator has removed the second factors of your account.")
        await factor_notices.send(parts, user, what)
    return user
