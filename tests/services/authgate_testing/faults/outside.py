"""Who is told what by servers under fire: a mail server, and a client's own server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from authgate.pretend.certificate import certificate_in
from authgate_testing import mail_server, relying_party
from authgate_testing.faults.asking import claims_of
from authgate_testing.mail_server import MailServer
from authgate_testing.processes import LOOPBACK
from authgate_testing.relying_party import RelyingParty

_NOT_NOW = "451 4.3.0 Later."
_REFUSALS = 3


class _Party(RelyingParty):
    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who is killed while it asks has asked nothing.
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await super().answer(reader, writer)
        writer.close()


@dataclass(frozen=True, slots=True)
class Outside:
    """What has arrived."""

    mail: MailServer
    party: RelyingParty
    ca_file: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What servers have to know of it."""
        return {
            "AUTHGATE_MAIL__HOST": LOOPBACK,
            "AUTHGATE_MAIL__PORT": str(self.mail.port),
            "AUTHGATE_MAIL__SECURITY": "none",
            "AUTHGATE_MAIL__SENDER": "AuthGate <no-reply@authgate.example>",
            "AUTHGATE_EGRESS__CA_FILE": str(self.ca_file),
            "AUTHGATE_EGRESS__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        }

    def be_unwell(self) -> None:
        """Refuse what comes next for the moment."""
        self.mail.answers += [_NOT_NOW] * _REFUSALS
        self.party.answers += [503] * _REFUSALS

    def mails(self) -> list[tuple[str, str]]:
        """Of each mail that arrived whom it was for, and its ``Message-ID``."""
        return [(str(each["To"]).lower(), str(each["Message-ID"])) for each in self.mail.mails]

    def sessions(self) -> set[str]:
        """The sessions that were said to be over (``sid``)."""
        told = self.party.told
        tokens = [told.get_nowait() for _ in range(told.qsize())]
        for each in tokens:
            told.put_nowait(each)
        return {str(claims_of(each)["sid"]) for each in tokens}


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Outside]:
    """Both, until the block ends."""
    certificate = certificate_in(folder)
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(mail_server.listening(certificate, plain=True))
        party = await stack.enter_async_context(relying_party.listening(certificate, _Party()))
        yield Outside(mail, party, certificate[0])
