"""Whom to tell that a session is over: the clients that it has signed its person in to.

Over the back channel from server to server, whatever became of the browser (OpenID Connect
Back-Channel Logout 1.0); over the front channel by pages of theirs, loaded in the browser that is
still there (OpenID Connect Front-Channel Logout 1.0).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

import structlog

from authgate import storage
from authgate.jobs import DeliverLogouts, port
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.sign_in import logout_deliveries, session_clients
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.tokens.subjects import Subjects
from authgate.web import redirect_uris
from authgate_tenants import current_tenant

_MOST_FRAMES = 50
_LONGEST_ORIGINS = 1536
"""Bytes of ``frame-src``: a proxy may take 4096 for all headers of an answer."""

_log = structlog.get_logger(__name__)


async def tell_clients(session_id: UUID, *, now: datetime) -> None:
    """Have clients told over the back channel, once this unit of work is committed."""
    told = [
        each
        for each, client in await _who_know(session_id)
        if client.metadata.backchannel_logout_uri
    ]
    for each in told:
        await logout_deliveries.add(
            session_id, each.client_id, subject=each.subject, now=now, issuer=each.issuer
        )
    if told:
        # After COMMIT: whoever looked before it would find nothing to do.
        tenant_id = current_tenant().id
        await storage.after_commit(partial(port.hint, DeliverLogouts(), tenant_id=tenant_id))


async def frames(session_id: UUID, subjects: Subjects) -> tuple[str, ...]:
    """The pages that clients want loaded in the browser: those of the latest sign-ins, where there
    are more than one answer can name."""
    own = current_tenant().issuer
    wanted = [
        redirect_uris.with_query(
            client.metadata.frontchannel_logout_uri,
            # Which may be the former issuer: a client believes the one that its ID token names.
            {"iss": known.issuer or own, "sid": await subjects.of_session(session_id, client)},
        )
        for known, client in reversed(await _who_know(session_id))
        if client.metadata.frontchannel_logout_uri
    ]
    loaded = tuple(_that_fit(wanted))
    if len(loaded) < len(wanted):
        _log.warning("not every application's page is loaded", left_out=len(wanted) - len(loaded))
    return loaded


def _that_fit(uris: Iterable[str]) -> Iterator[str]:
    origins: set[str] = set()
    for uri in islice(uris, _MOST_FRAMES):
        origins.add(redirect_uris.origin(uri))
        if sum(len(origin) + 1 for origin in origins) > _LONGEST_ORIGINS:
            return
        yield uri


async def _who_know(session_id: UUID) -> list[tuple[SessionClient, Client]]:
    known = await session_clients.of([session_id])
    registered = await clients.find_many({each.client_id for each in known})
    served = {name: client for name, client in registered.items() if client.is_active}
    return [(each, served[each.client_id]) for each in known if each.client_id in served]
