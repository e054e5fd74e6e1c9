"""How people are erased: who wants it is told at once, nobody acts in their name any more, a job
removes what is theirs and where they are named, and the log forgets them. A certificate stays.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.jobs import ErasePerson, ForgetPeople, port
from authgate.jobs.handlers import arguments_of
from authgate.languages import text
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import people, removal, roles
from authgate.provisioning.roles import OPERATOR, Authority
from authgate.provisioning.users import end_access
from authgate.sealing import forgetting
from authgate.storage.jobs import kept_jobs
from authgate.storage.people import person_erasures, users
from authgate.storage.people.person_erasures import ErasureState, PersonErasure
from authgate.vocabulary import UserStatus
from authgate_tenants import current_tenant


class NotConfirmed(ValueError):
    """Nobody is erased by a slip of the hand: their username has to be given once more."""


async def request(
    parts: Installation, user_id: UUID, *, confirmation: str, by: Authority = OPERATOR
) -> PersonErasure:
    """Have a person be erased, and the log forget them at once. Where that was asked for and has
    not been done yet, its job is kept anew: the former may have been given up.

    ``confirmation`` is their username, as somebody has typed it. Raises ``UnknownUser``,
    ``OwnAccount``, ``BeyondOwnRole``, ``LastAdministrator`` and ``NotConfirmed``.
    """
    now = parts.clock()
    async with storage.transaction():
        await people.held(user_id, by=by)
        user = await roles.held(user_id, by=by, asks=writes(Area.USERS), becomes=UserRole.USER)
        if confirmation != user.username:
            raise NotConfirmed(
                text("%(confirmation)r is not the username of the person to erase.",
                     confirmation=confirmation)
            )  # fmt: skip
        erasure = await person_erasures.begin(user_id, requested_by=removal.said(by.actor), now=now)
        if erasure.state is not ErasureState.REQUESTED:
            return erasure
        await users.set_status(user_id, UserStatus.DISABLED)
        await end_access(user, now)
        if erasure.requested_at == now:
            await audit.record(
                Event.USER_ERASURE_REQUESTED, actor=by.actor, resource=("user", str(user_id))
            )
        job = ErasePerson(str(erasure.id))
        kept = await kept_jobs.keep(
            job.name, arguments_of(job), now=now, is_hinted=port.is_served()
        )
        await storage.after_commit(partial(_hand_on, parts, job, kept))
    return await person_erasures.find(erasure.id) or erasure


async def perform(parts: Installation, erasure_id: UUID) -> None:
    """Remove what is a person's of the current tenant, unless that was done. Raises
    ``LastAdministrator``."""
    async with storage.transaction():
        erasure = await person_erasures.find(erasure_id)
        if erasure is None or erasure.state is not ErasureState.REQUESTED:
            return
        user = (await users.hold_in_charge(erasure.user_id)).get(erasure.user_id)
        if user is None:
            await _forget_gone(erasure, now=parts.clock())
            return
        await roles.refuse_last(user.id)
        await removal.remove(user, actor=SYSTEM, now=parts.clock())
    await port.hint(ForgetPeople(), tenant_id=current_tenant().id)


async def _forget_gone(erasure: PersonErasure, *, now: datetime) -> None:
    """Have the log forget somebody of whom no row is left, and the erasure be certified then."""
    await person_erasures.removed(erasure.user_id, {}, now=now)
    await forgetting.erase_gone(erasure.user_id, now=now)


async def _hand_on(parts: Installation, job: ErasePerson, kept: UUID) -> None:
    if port.is_served():
        await port.hint(job, tenant_id=current_tenant().id, kept=kept)
        return
    # A command does it itself; the log is sealed, and forgets, where jobs are done.
    await perform(parts, UUID(job.erasure_id))
    await kept_jobs.remove(kept)
