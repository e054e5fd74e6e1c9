"""A mail server: takes what it is told to take, and keeps it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass  # without slots: the library looks at every attribute
class MailServer:
    """What has arrived, and what it answers."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """To the next mails, one each; those after them are taken."""
    password: str = ""
    """Of the user ``mailer``; without one nobody has to sign in."""
    encrypted: list[bool] = field(default_factory=list)
    """Of each mail that arrived, whether its line was encrypted."""

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, or answer what is next."""
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append(envelope)
        transport = server.transport
        encrypted = transport is not None and transport.get_extra_info("ssl_object") is not None
        self.encrypted.append(encrypted)
        return "250 taken"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Let ``mailer`` in."""
        assert isinstance(data, LoginPassword)
        right = (data.login, data.password) == (b"mailer", self.password.encode())
        return AuthResult(success=right, handled=right)


@asynccontextmanager
async def listening(
    certificate: tuple[Path, Path],
    *,
    starttls: bool = True,
    plain: bool = False,
    password: str = "",
) -> AsyncIterator[MailServer]:
    """A mail server on a free port of this machine, until the block ends; a plain one encrypts
    nothing."""
    mail_server = MailServer(password=password)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        made = SMTP(
            mail_server,
            hostname="mail.example",
            tls_context=tls if starttls and not plain else None,
            require_starttls=starttls and not plain,
            auth_required=bool(password),
            authenticator=mail_server.authenticate,
            loop=loop,
        )
        sessions.append(made)
        return made

    sessions: list[SMTP] = []
    server = await loop.create_server(
        session, "127.0.0.1", 0, ssl=None if starttls or plain else tls
    )
    mail_server.port = server.sockets[0].getsockname()[1]
    try:
        yield mail_server
    finally:
        server.close()
        for each in sessions:
            if each.transport is not None:
                each.transport.close()
