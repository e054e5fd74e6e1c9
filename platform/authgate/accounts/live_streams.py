"""Streams that tell open pages of news, for as long as whoever opened them may have the page."""

from collections.abc import AsyncGenerator
from contextlib import nullcontext, suppress
from uuid import UUID

from quart import Response, request

from authgate import storage
from authgate.accounts import visits
from authgate.accounts.visits import signed_in
from authgate.installation import Installation
from authgate.live import Look, Lookout, NoRoom, Room, Topic
from authgate.permissions import Permission, permits
from authgate.web import event_stream
from authgate.web.exchange import Exchange
from authgate_tenants import current_tenant, use_tenant

_OF_ONE = 8
"""Pages that somebody may have open at a process and be told of news."""

_RETRY_SECONDS = 30

# nginx would keep events until there are many.
_HEADERS = {"X-Accel-Buffering": "no"}


class LiveStreams:
    """Answers pages that wait for news; one for all of them."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts
        self._newsroom = parts.newsroom
        self._lookout = Lookout(parts.newsroom)
        self._room = Room.beside("pages", parts.settings.server.connections, of_one=_OF_ONE)

    def answer(
        self, topic: Topic, *, asks: Permission | None = None, look: Look | None = None
    ) -> Response:
        """Tell whoever sent the request of news of this, as long as this is permitted to them.

        Where nobody tells of it, by a look at it. Whoever takes no stream is told nothing. Raises
        ``NotSignedIn``.
        """
        reader = _Reader(self._parts, asks)
        if event_stream.MEDIA_TYPE not in request.headers.get("Accept", ""):
            return Response("", 204)
        try:
            self._room.refuse(*reader.name)
        except NoRoom as error:
            status = 429 if error.limit == "one" else 503
            return Response("", status, {"Retry-After": str(_RETRY_SECONDS)})
        reader.exchange.goes_on = True
        told = self._told(reader, topic, look)
        response = Response(told, 200, _HEADERS, content_type=event_stream.MEDIA_TYPE)
        response.timeout = None
        return response

    async def _told(
        self, reader: "_Reader", topic: Topic, look: Look | None
    ) -> AsyncGenerator[bytes]:
        watched = self._lookout.kept(topic, look, reader.tenant) if look else nullcontext()
        with (
            suppress(NoRoom),
            # Only now: whoever leaves before the answer begins has taken nothing.
            self._room.taken(*reader.name),
            self._newsroom.listening(topic) as news,
            watched,
        ):
            async for event in event_stream.events(news, reader.may):
                yield event


class _Reader:
    """Whoever is told of news, with what has to hold for that."""

    def __init__(self, parts: Installation, asks: Permission | None) -> None:
        self.exchange: Exchange = request.scope["authgate.exchange"]  # type: ignore[typeddict-item]  # the edge's own
        self.tenant = current_tenant()
        self._user_id = signed_in().user.id
        self._key = visits.session_key() or ""
        self._parts = parts
        self._asks = asks

    @property
    def name(self) -> tuple[UUID, str]:
        """Whose place it is."""
        return self.tenant.id, str(self._user_id)

    async def may(self) -> bool:
        """Whether the page would still be shown to them; not while nobody can tell."""
        try:
            return await self._may()
        except Exception as error:
            if storage.is_outage(error):
                return False
            raise

    async def _may(self) -> bool:
        tenant = await self._parts.resolver.find(self.tenant.slug)
        if tenant is None or tenant.id != self.tenant.id or not tenant.is_served:
            return False
        if tenant.blocked is not None and tenant.blocked.holds(self.exchange.client_ip):
            return False
        with use_tenant(tenant):
            person = await visits.person_of(self._key, now=self._parts.clock())
        if person is None or person.user.id != self._user_id:
            return False
        return self._asks is None or permits(person.user.role, self._asks)
