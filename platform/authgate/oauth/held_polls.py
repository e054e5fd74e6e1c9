"""Polls of devices that would rather wait for the decision than ask again (RFC 7240 section 4.3).

While one waits nothing is held but the client's connection. Where there is no room for more it is
answered at once, like everybody who has not asked to wait.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic

from authgate.clock import Clock
from authgate.live import Kind, Newsroom, NoRoom, Room, Topic
from authgate.oauth.errors import InvalidClient
from authgate.oauth.grants import TokenRequest
from authgate.oauth.registered_clients import RegisteredClients
from authgate.storage.grants.device_codes import DeviceCodeStatus, Polled
from authgate.web import draining
from authgate.web.asgi import Abandoned
from authgate.web.client_ip import bucket
from authgate.web.edge import Suspended
from authgate.web.prefer import Wait
from authgate_tenants import Tenant, current_tenant

Poll = Callable[[], Awaitable[Polled]]


class HeldPolls:
    """Holds polls until somebody decides, or their client does not want to wait any longer."""

    def __init__(
        self,
        *,
        newsroom: Newsroom,
        room: Room,
        clients: RegisteredClients,
        tenant: Callable[[str], Awaitable[Tenant | None]],
        clock: Clock,
    ) -> None:
        self._newsroom = newsroom
        self._room = room
        self._clients = clients
        self._tenant = tenant
        self._clock = clock

    async def decided(
        self, polled: Polled, poll: Poll, request: TokenRequest, wait: Wait
    ) -> Polled:
        """The code when the waiting is over, decided or not.

        Raises what ``poll`` does, ``Abandoned`` where the client has left, ``Suspended`` and
        ``InvalidClient`` where it is no longer served.
        """
        ends_at = monotonic() + min(wait.seconds, self._seconds_until(polled.expires_at))
        who = f"{request.client.client_id} {bucket(request.client_ip)}"
        with (
            suppress(NoRoom),
            self._room.taken(current_tenant().id, who),
            self._newsroom.listening(Topic.here(Kind.DEVICE_CODE, polled.id)) as news,
            wait.begun(news.wake),
        ):
            # It may have been decided before anybody listened.
            polled = await poll()
            while polled.status is DeviceCodeStatus.PENDING and not draining.has_begun():
                if not await news.come(ends_at - monotonic()):
                    return polled
                if await self._is_changed(request, wait):
                    break
                polled = await poll()
            wait.is_cut_short = polled.status is DeviceCodeStatus.PENDING
        return polled

    async def _is_changed(self, request: TokenRequest, wait: Wait) -> bool:
        """Whether the client is not as it was, or is kept out, since it has proven itself: with its
        next poll it has to do so anew. Raises where nobody may have what the code is spent for."""
        if wait.is_abandoned:
            raise Abandoned
        here = current_tenant()
        tenant = await self._tenant(here.slug)
        if tenant is None or tenant.id != here.id or not tenant.is_served:
            raise Suspended
        client = await self._clients.find(request.client.client_id)
        if client is None or not client.is_active:
            raise InvalidClient("The client is no longer active.")
        is_blocked = tenant.blocked is not None and tenant.blocked.holds(request.client_ip)
        return is_blocked or client != request.client

    def _seconds_until(self, end: datetime) -> float:
        return max(0.0, (end - self._clock()).total_seconds())
