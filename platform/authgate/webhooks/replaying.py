"""Events are sent once more: one, or all that were given up since a moment; or a test event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.plugin_api import SetupStep
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.sendings import Answered
from authgate.webhooks import messages
from authgate.webhooks.administering import UnknownEndpoint, held, record
from authgate.webhooks.collecting import MOST_WAITING
from authgate.webhooks.pausing import hurry
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey

MOST_AT_ONCE: Final = MOST_WAITING


class NothingToReplay(ValueError):
    """It waits to be sent as it is, or the endpoint is sent nothing. The text may be told."""


async def replay(
    parts: Installation, endpoint_id: UUID, delivery_id: UUID, *, actor: Actor = SYSTEM
) -> None:
    """Send one once more, with the id that it had. Raises ``UnknownEndpoint`` and
    ``NothingToReplay``."""
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        delivery = await sendings.find(endpoint_id, delivery_id)
        if delivery is None:
            raise UnknownEndpoint(delivery_id)
        _refuse_idle(enabled=endpoint.enabled)
        if not await sendings.again(endpoint_id, delivery_id, now=parts.clock()):
            raise NothingToReplay(text("It waits to be sent as it is."))
        told = {"deliveries": 1, "delivery": str(delivery_id)}
        await record(Event.WEBHOOK_REPLAYED, endpoint, actor, told)
        await hurry()


async def replay_failed(
    parts: Installation, endpoint_id: UUID, *, since: datetime, actor: Actor = SYSTEM
) -> int:
    """Send those once more that were given up of what happened since then; how many these are.
    Raises ``UnknownEndpoint`` and ``NothingToReplay``."""
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        _refuse_idle(enabled=endpoint.enabled)
        room = MOST_AT_ONCE - await sendings.waiting(endpoint_id)
        count = 0
        if room > 0:
            count = await sendings.all_again(
                endpoint_id, since=since, now=parts.clock(), limit=room
            )
        if count:
            told = {"deliveries": count, "since": since.isoformat()}
            await record(Event.WEBHOOK_REPLAYED, endpoint, actor, told)
            await hurry()
        return count


async def try_out(
    parts: Installation, endpoint_id: UUID, *, actor: Actor = SYSTEM
) -> Sequence[SetupStep]:
    """Send an event that tells of nothing, and say what came of it step by step. Raises
    ``UnknownEndpoint``."""
    endpoint = await endpoints.find(endpoint_id)
    if endpoint is None:
        raise UnknownEndpoint(endpoint_id)
    message = messages.trial(uuid7(), parts.clock())
    try:
        async with storage.set_aside():
            said = await messages.sent(parts, endpoint, message)
    except (SealBroken, UnknownKeyEncryptionKey):
        fault = text("The former secrets cannot be opened: add one without overlap.")
        return [SetupStep(name=text("Secrets"), passed=False, said=fault)]
    told = {"status": said.status, "error": said.error}
    await record(Event.WEBHOOK_TESTED, endpoint, actor, told, success=not said.error)
    return _steps(said)


def _steps(said: Answered) -> Sequence[SetupStep]:
    steps = [SetupStep(name=text("Secrets"), passed=True, said=text("The event was signed."))]
    if said.is_shown:
        took = round(said.seconds * 1000)
        told = text("It answered %(status)s after %(took)s ms.", status=said.status, took=took)
        steps.append(SetupStep(name=text("Connection"), passed=True, said=told))
    if not said.error:
        return [*steps, SetupStep(name=text("Answer"), passed=True, said=text("It was taken."))]
    fault = said.text if said.is_shown else said.error
    fault = fault or text("Any status from 200 to 299 would say that it was taken.")
    return [*steps, SetupStep(name=text("Answer"), passed=False, said=fault)]


def _refuse_idle(*, enabled: bool) -> None:
    if not enabled:
        raise NothingToReplay(text("Nothing is sent there: switch it on first."))
