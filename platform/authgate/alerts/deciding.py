"""What becomes of alerts: somebody looks after one, and is done with it."""

from uuid import UUID

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Alert
from authgate.vocabulary import AlertState

_OPEN, _ACKNOWLEDGED, _CLOSED = AlertState


class UnknownAlert(LookupError):
    """The tenant has no alert with this id."""


class Decided(ValueError):
    """Somebody has decided about it before."""


async def acknowledge(parts: Installation, alert_id: UUID, *, actor: Actor) -> Alert:
    """Say that one looks after it. Raises ``UnknownAlert`` and ``Decided``."""
    return await _decide(parts, alert_id, _ACKNOWLEDGED, (_OPEN,), actor)


async def close(parts: Installation, alert_id: UUID, *, actor: Actor) -> Alert:
    """Be done with it. Raises ``UnknownAlert`` and ``Decided``."""
    return await _decide(parts, alert_id, _CLOSED, (_OPEN, _ACKNOWLEDGED), actor)


async def _decide(
    parts: Installation,
    alert_id: UUID,
    state: AlertState,
    among: tuple[AlertState, ...],
    actor: Actor,
) -> Alert:
    by, now = actor.name or actor.id or actor.type, parts.clock()
    async with storage.transaction():
        is_decided = await alerts.decide(alert_id, state, among=among, by=by, now=now)
        found = await alerts.find(alert_id)
        if found is None:
            raise UnknownAlert(str(alert_id))
        if not is_decided:
            raise Decided(found.state)
        await audit.record(
            Event.ALERT_CLOSED if state is _CLOSED else Event.ALERT_ACKNOWLEDGED,
            actor=actor,
            resource=("alert", str(alert_id)),
            details={"rule": found.rule},
        )
        return found
