"""What is left where very many tokens had to end at once, or of a client that is gone: good for
nothing by then, and ended or removed in a job."""

import asyncio
import math
import time
from datetime import datetime
from functools import partial
from uuid import UUID

from authgate import storage
from authgate.clock import utc_now
from authgate.jobs import EndTheRest, port
from authgate.jobs.handlers import arguments_of
from authgate.storage.clients import clients
from authgate.storage.issued import refresh_tokens, tokens
from authgate.storage.issued.mass_ending import in_full, is_cut_short
from authgate.storage.jobs import kept_jobs
from authgate.storage.people import users
from authgate_tenants import current_tenant

SECONDS = 60.0
"""How long one job goes on; another one continues where it stopped."""

_LONGEST_PAUSE = 0.5


async def later(*, client_id: str = "", user_id: UUID | None = None) -> None:
    """Have the rest of what a client or a person has ended once this unit is committed: whoever is
    killed meanwhile is followed by somebody."""
    job = EndTheRest(client_id=client_id, user_id=str(user_id or ""))
    kept = await kept_jobs.keep(
        job.name, arguments_of(job), now=utc_now(), is_hinted=port.is_served()
    )
    await storage.after_commit(partial(_hand_on, job, kept))


async def _hand_on(job: EndTheRest, kept: UUID) -> None:
    if port.is_served():
        await port.hint(job, tenant_id=current_tenant().id, kept=kept)
        return
    # A command does it itself.
    await end(job, seconds=math.inf)
    await kept_jobs.remove(kept)


async def end(job: EndTheRest, *, seconds: float = SECONDS) -> bool:
    """End what is left, each part in a unit of work of its own; whether that was all."""
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        began = time.monotonic()
        async with storage.transaction():
            if not await (_of_client(job.client_id) if job.client_id else _of_user(job.user_id)):
                return True
        # Half of the time belongs to those who are waiting for an answer.
        await asyncio.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))
    return False


async def end_exchanged(client_id: str) -> None:
    """End what others were given for a client's tokens, while these are there to find it by."""
    # First of all its own: whoever exchanges one at that moment is waited for.
    await tokens.revoke_of_client(client_id)
    await in_full(partial(tokens.revoke_exchanged, client_id))


async def _of_client(client_id: str) -> bool:
    """End a part; whether more may be left."""
    client = await clients.held(client_id)
    if client is None:
        await end_exchanged(client_id)
        return await clients.delete_leavings(client_id)
    if client.not_before is None:
        return False
    ended = await refresh_tokens.revoke_of_client(client_id, until=client.not_before)
    ended = max(ended, await tokens.revoke_of_client(client_id, until=client.not_before))
    exchanged = await tokens.revoke_exchanged(client_id, until=client.not_before)
    return is_cut_short(ended, exchanged)


async def _of_user(subject: str) -> bool:
    user_id = UUID(subject)
    until: datetime | None = await users.end_of_older(user_id)
    if until is None:
        return False
    ended = await refresh_tokens.revoke_of_user(user_id, until=until)
    return is_cut_short(ended, await tokens.revoke_of_user(user_id, until=until))
