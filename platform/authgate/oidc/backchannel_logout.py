"""Telling clients over the back channel that a session is over (OpenID Connect Back-Channel Logout
1.0 section 2.5)."""

import asyncio
import random
from collections.abc import Callable

import structlog

from authgate import storage
from authgate.clock import Clock
from authgate.plugin_api import HttpClient, HttpFailure
from authgate.storage.clients import clients
from authgate.storage.deliveries import next_attempt
from authgate.storage.sign_in import logout_deliveries
from authgate.storage.sign_in.logout_deliveries import LogoutDelivery
from authgate.telemetry import metrics
from authgate.tokens.logout_token import LogoutTokens
from authgate.tokens.subjects import Subjects

AGAIN_AFTER_SECONDS = (5, 30, 120, 600, 3600, 10_800, 21_600)
"""Pauses after attempts that went wrong; then it is given up."""

_AT_ONCE = 8
_IN_ONE_GO = 16
"""Of one tenant: with dead addresses that takes ten seconds, and others wait for no longer."""
_OUR_FAULT = "An error of our own: the log says which."
_HEARD = frozenset({200, 204})

_log = structlog.get_logger(__name__)


class BackchannelLogout:
    """Delivers logout tokens, and notes what became of them."""

    def __init__(
        self,
        *,
        tokens: LogoutTokens,
        subjects: Subjects,
        http: HttpClient,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._tokens = tokens
        self._subjects = subjects
        self._http = http
        self._clock = clock
        self._chance = chance

    async def deliver_due(self) -> None:
        """Try what is due in the current tenant, as much of it as goes at once."""
        async with storage.transaction():
            taken = await logout_deliveries.take(now=self._clock(), limit=_IN_ONE_GO)
        places = asyncio.Semaphore(_AT_ONCE)

        async def deliver(delivery: LogoutDelivery) -> None:
            async with places:
                await self._tried(delivery)

        await asyncio.gather(*(deliver(each) for each in taken))

    async def _tried(self, delivery: LogoutDelivery) -> None:
        try:
            await self._deliver(delivery)
        except Exception:  # noqa: BLE001  # the others do not wait for what is wrong with this one
            _log.exception("logout not sent", client_id=delivery.client_id)
            await self._failed(delivery, None, _OUR_FAULT)

    async def _deliver(self, delivery: LogoutDelivery) -> None:
        client = await clients.find(delivery.client_id)
        uri = client.metadata.backchannel_logout_uri if client and client.is_active else ""
        if client is None or not uri:
            await self._failed(delivery, None, "The client is not to be told any more.", final=True)
            return
        token = await self._tokens.sign(
            client,
            subject=delivery.subject,
            session_id=await self._subjects.of_session(delivery.session_id, client),
            issuer=delivery.issuer,
        )
        try:
            answer = await self._http.post(uri, form={"logout_token": token})
        except HttpFailure as failure:
            await self._failed(delivery, None, str(failure))
            return
        if answer.status in _HEARD:
            await self._heard(delivery, answer.status)
        else:
            await self._failed(delivery, answer.status, f"It answered {answer.status}.")

    async def _heard(self, delivery: LogoutDelivery, status: int) -> None:
        async with storage.transaction():
            await logout_deliveries.delivered(delivery, http_status=status, now=self._clock())
        metrics.logout_deliveries.add("delivered")

    async def _failed(
        self, delivery: LogoutDelivery, status: int | None, error: str, *, final: bool = False
    ) -> None:
        """Try again later, or never again."""
        now = self._clock()
        pauses = () if final else AGAIN_AFTER_SECONDS
        until = next_attempt(delivery, pauses, now=now, chance=self._chance())
        async with storage.transaction():
            if until is None:
                await logout_deliveries.give_up(delivery, http_status=status, error=error, now=now)
            else:
                await logout_deliveries.postpone(
                    delivery, http_status=status, error=error, until=until
                )
        metrics.logout_deliveries.add("failed" if until is None else "postponed")
        _log.warning(
            "logout not delivered",
            client_id=delivery.client_id,
            attempts=delivery.attempts,
            status=status,
            reason=error,
            given_up=until is None,
        )
