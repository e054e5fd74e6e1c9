"""How an administrator takes back what a person has allowed a client."""

from datetime import datetime

from authgate import audit, storage
from authgate.accounts import access
from authgate.audit import SYSTEM, Actor, Event
from authgate.storage.grants.consents import Consent


async def revoke_authorization(consent: Consent, *, now: datetime, actor: Actor = SYSTEM) -> int:
    """End what the client has of this person, which has to be allowed anew; how many tokens."""
    async with storage.transaction():
        ended = await access.end_of_client(consent.user_id, consent.client_id, now=now)
        await audit.record(
            Event.USER_AUTHORIZATION_REVOKED,
            actor=actor,
            client_id=consent.client_id,
            resource=("authorization", str(consent.id)),
            details={"ended": ended, "user": str(consent.user_id)},
        )
    return ended
