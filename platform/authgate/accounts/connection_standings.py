"""Until when what connections stand on is good: noted as sign-ins and tests find it out, so that
nobody has to be asked to tell it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from authgate import storage
from authgate.plugin_api import Ending
from authgate.plugin_manager import ConnectorTypes, LoginConnectors, OpenConnection
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connection_standing import ConnectionStanding, Ends, last_of_each
from authgate.storage.sign_in.connections import Connection

SOON = timedelta(days=30)
"""How long before something ends it is spoken of."""


async def note(
    connectors: LoginConnectors, stored: Connection, opened: OpenConnection, *, now: datetime
) -> None:
    """Keep what this call has found out about the provider, where it is another than before."""
    learned = await connectors.learned(opened)
    if learned is None:
        return
    former = stored.standing
    since = (former.fault_since or now) if learned.fault else None
    ends = former.ends if learned.endings is None else tuple(_ends(learned.endings))
    standing = ConnectionStanding(ends, learned.fault, since)
    if standing != former:
        # A unit of its own: it holds whatever becomes of the sign-in.
        async with storage.set_aside(), storage.transaction():
            await connections.note_standing(stored, standing)


async def ends_of(
    connectors: ConnectorTypes, stored: Connection, opened: OpenConnection
) -> Sequence[Ends]:
    """What ends, by the settings where they tell it, or as it was noted; of things of one name the
    last."""
    told = await connectors.endings(opened)
    return last_of_each(stored.standing.ends if told is None else _ends(told))


def _ends(told: Sequence[Ending]) -> list[Ends]:
    return [Ends(each.name, each.at) for each in told]
