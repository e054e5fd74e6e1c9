"""Handing a tenant's mail to its server, until that has taken it or a day is over."""

import asyncio
import random
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from authgate import storage
from authgate.installation import Installation
from authgate.mail import post, smtp
from authgate.mail.handover import hand_over
from authgate.mail.servers import Carrier, MailServers
from authgate.mail.smtp import NotSent
from authgate.storage.deliveries import next_attempt
from authgate.storage.mail import mails
from authgate.storage.mail.mails import Mail
from authgate.telemetry import metrics
from authgate.vocabulary import MailFault
from authgate_tenants import current_tenant

AGAIN_AFTER_SECONDS = (10, 60, 300, 900, 3600, 10_800, 21_600, 43_200)
"""Pauses after attempts that went wrong; then it is given up."""

AT_ONCE = 4
"""Lines to one server at a time."""

IN_ONE_GO = 16
"""Mails that one process takes: it is done with them before their lease ends."""

_AWAY = (MailFault.NOWHERE, MailFault.UNREACHABLE, MailFault.SLOW, MailFault.NOT_SET_UP)
"""Faults for which a server takes long, and which the next mail would find as well."""

_NO_SERVER = "There is no mail server: set AUTHGATE_MAIL__HOST, or AUTHGATE_MAIL__PLUGIN."
_OUR_FAULT = "An error of our own: the log says which."

_log = structlog.get_logger(__name__)


class Delivery:
    """Sends what is due, and notes what became of it."""

    def __init__(self, parts: Installation, *, chance: Callable[[], float] = random.random) -> None:
        self._parts = parts
        self._servers = MailServers(parts.settings, parts.encryption)
        self._chance = chance
        self._at_it: set[UUID] = set()
        self._more: set[UUID] = set()
        """Tenants that are looked at now, and those of them for which somebody came meanwhile."""

    async def send_due(self) -> None:
        """Try what is due in the current tenant, as much of it as goes at once.

        One at a time does so: a tenant whose server is slow holds up one job of this process, and
        not those of all tenants.
        """
        here, until = current_tenant().id, time.monotonic() + smtp.SECONDS
        self._more.add(here)
        if here in self._at_it:
            return
        self._at_it.add(here)
        try:
            while here in self._more and time.monotonic() < until:
                self._more.discard(here)
                if not await self._send_some():
                    return  # the next round finds what is due
        finally:
            self._at_it.discard(here)
            self._more.discard(here)

    async def _send_some(self) -> bool:
        """Whether the server can be reached: else nothing more is handed to it."""
        async with storage.transaction():
            taken = await mails.take(now=self._parts.clock(), limit=IN_ONE_GO)
        if not taken:
            return True
        server = await self._servers.of_tenant()
        places, away = asyncio.Semaphore(AT_ONCE), ""

        async def send(mail: Mail) -> None:
            nonlocal away
            async with places:
                if away:
                    await self._failed(mail, away)
                else:
                    away = await self._tried(server, mail) or away

        await asyncio.gather(*(send(each) for each in taken))
        return not away

    async def _tried(self, server: Carrier | None, mail: Mail) -> str:
        """Why the server cannot be reached, where it cannot."""
        try:
            if server is None:
                raise NotSent(_NO_SERVER)
            await self._send(server, mail)
        except NotSent as failure:
            await self._failed(mail, str(failure), final=failure.final)
            return str(failure) if failure.fault in _AWAY else ""
        except Exception:  # noqa: BLE001  # the others do not wait for what is wrong with this one
            _log.exception("mail not sent", mail=str(mail.id))
            await self._failed(mail, _OUR_FAULT)
        else:
            async with storage.transaction():
                await mails.sent(mail, now=self._parts.clock())
            metrics.mails.add("sent")
        return ""

    async def _send(self, server: Carrier, mail: Mail) -> None:
        cipher = await self._parts.encryption.cipher(current_tenant().id)
        letter, to = post.opened(cipher, mail)
        await hand_over(
            self._parts.plugins,
            server,
            letter,
            mail_id=mail.id,
            to=to,
            purpose=mail.purpose,
            at=mail.created_at,
        )

    async def _failed(self, mail: Mail, error: str, *, final: bool = False) -> None:
        """Try again later, or never again."""
        now = self._parts.clock()
        pauses = () if final else AGAIN_AFTER_SECONDS
        until = next_attempt(mail, pauses, now=now, chance=self._chance())
        async with storage.transaction():
            if until is None:
                await mails.give_up(mail, error=error, now=now)
            else:
                await mails.postpone(mail, error=error, until=until)
        metrics.mails.add("failed" if until is None else "postponed")
        _log.warning(
            "mail not sent",
            mail=str(mail.id),
            attempts=mail.attempts,
            reason=error,
            given_up=until is None,
        )
