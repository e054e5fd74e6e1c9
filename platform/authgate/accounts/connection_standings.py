"""Until when what connections stand on is good: noted as sign-ins and tests find it out, so that
nobody has to be asked to tell it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from authgate import storage
from authgate.plugin_api import Ending
from authgate.plugin_manager import ConnectorTypes, LoginConnectors, OpenConnection
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connection_standing import ConnectionStanding, Ends, last_of_each
from authgate.storage.sign_in.connections import Connection

_log = structlog.get_logger(__name__)

SOON = timedelta(days=30)
"""How long before something ends it is spoken of."""


async def note(
    connectors: LoginConnectors, stored: Connection, opened: OpenConnection, *, now: datetime
) -> None:
    """Keep what this call has found out about the provider, where it is another than before. Where
    it cannot be kept the call is as good as it was, and the next one tries again."""
    former = stored.standing
    # Settings that have changed may make something else of what was read before.
    learned = await connectors.learned(opened, anew=not former.is_noted)
    if learned is None:
        return
    since = (former.fault_since or now) if learned.fault else None
    ends = former.ends if learned.endings is None else tuple(_ends(learned.endings))
    standing = ConnectionStanding(ends, learned.fault, since)
    if standing == former:
        return
    # A unit of its own: it holds whatever becomes of the sign-in, and undoes nothing of it.
    async with storage.set_aside():
        try:
            async with storage.transaction():
                await connections.note_standing(stored, standing)
        except Exception:  # noqa: BLE001  # whatever it is, who signs in has no part in it
            connectors.forget_learned(opened)
            _log.exception("standing not kept", connection=stored.slug)


async def ends_of(
    connectors: ConnectorTypes, stored: Connection, opened: OpenConnection
) -> Sequence[Ends]:
    """What ends, by the settings where they tell it, or as it was noted; of things of one name the
    last."""
    told = await connectors.endings(opened)
    return last_of_each(stored.standing.ends if told is None else _ends(told))


def _ends(told: Sequence[Ending]) -> list[Ends]:
    return [Ends(each.name, each.at) for each in told]
