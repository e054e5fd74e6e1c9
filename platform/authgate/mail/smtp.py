"""One mail, handed to one server (RFC 5321), over a line that is encrypted unless told otherwise.

Where a tenant chose the server, its name is resolved once, and every address that it has must be
one that may be reached: a tenant's settings are no way into the installation's own network.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Literal
from uuid import UUID

import aiosmtplib

from authgate.mail.letters import Letter
from authgate.plugin_api import HttpFailure
from authgate.plugin_manager.egress import Network, addresses, tls_context
from authgate.vocabulary import MailFault, MailStep

SECONDS = 20.0
"""For the whole of it."""

_CONNECT_SECONDS = 5.0


class NotSent(Exception):
    """A server has not taken a mail. The text may be told to whoever runs it."""

    def __init__(
        self,
        text: str,
        *,
        fault: MailFault = MailFault.OURS,
        code: int | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.code = code
        """Of the server's answer (RFC 5321 section 4.2)."""
        self.final = final
        """Whether it will never take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail is handed to, and in whose name."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str = field(repr=False)
    sender: str
    ca_file: Path | None = None
    allowed: Collection[Network] | None = None
    """Networks that may be reached besides public ones; ``None`` where any may be."""

    @property
    def domain(self) -> str:
        """The sender's."""
        return _domain(self.sender)


def message_id(mail_id: UUID, sender: str) -> str:
    """Of the mail with this id (RFC 5322 section 3.6.4)."""
    return f"<{mail_id}@{_domain(sender)}>"


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def message(
    server: Server, letter: Letter, *, mail_id: UUID, to: str, at: datetime
) -> EmailMessage:
    """The mail as it travels. The same id each time, by which a second one is known."""
    made = EmailMessage(policy=SMTP)
    name, address = parseaddr(server.sender)
    made["From"] = Address(name, addr_spec=address)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = message_id(mail_id, server.sender)
    # So that nobody's holiday answers it (RFC 3834 section 5).
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    return made


def untold(step: MailStep) -> None:
    """Nobody looks on."""


async def send(
    server: Server, mail: EmailMessage, *, passed: Callable[[MailStep], None] = untold
) -> None:
    """Have the server take the mail, and tell of each step that is over. Raises ``NotSent``."""
    async with _line(server, passed) as client:
        await client.send_message(mail)
        passed(MailStep.HAND_OVER)


async def greet(server: Server) -> None:
    """See whether the server lets us in and would take mail of the sender's, and hand it nothing.
    Raises ``NotSent``."""
    async with _line(server) as client:
        await client.mail(parseaddr(server.sender)[1])
        await client.rset()


@asynccontextmanager
async def _line(
    server: Server, passed: Callable[[MailStep], None] = untold
) -> AsyncIterator[aiosmtplib.SMTP]:
    try:
        async with asyncio.timeout(SECONDS), _signed_in(server, passed) as client:
            yield client
    except TimeoutError as error:
        text = f"The mail server took longer than {SECONDS:g} seconds."
        raise NotSent(text, fault=MailFault.SLOW) from error
    except HttpFailure as error:
        text = f"The mail server cannot be reached: {error}"
        raise NotSent(text, fault=MailFault.NOWHERE) from error
    except ssl.SSLError as error:
        text = "The mail server's certificate is not believed."
        raise NotSent(text, fault=MailFault.NOT_BELIEVED) from error
    except aiosmtplib.SMTPException as error:
        raise _refusal(error) from error
    except OSError as error:
        text = "The mail server cannot be reached."
        raise NotSent(text, fault=MailFault.UNREACHABLE) from error


@asynccontextmanager
async def _signed_in(
    server: Server, passed: Callable[[MailStep], None]
) -> AsyncIterator[aiosmtplib.SMTP]:
    found = await _addresses(server)
    passed(MailStep.RESOLVE)
    line = await _connected(found, server.port)
    if server.security == "tls":
        passed(MailStep.CONNECT)
    async with _client(server, line) as client:
        passed(MailStep.CONNECT)
        if server.security == "starttls":
            await client.starttls()
        passed(MailStep.ENCRYPT)
        if server.username:
            await client.login(server.username, server.password)
            passed(MailStep.SIGN_IN)
        yield client


def _client(server: Server, line: socket.socket) -> aiosmtplib.SMTP:
    tls = tls_context(server.ca_file) if server.security != "none" else None
    return aiosmtplib.SMTP(
        hostname=server.host,
        sock=line,
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=tls,
        local_hostname=server.domain,
        timeout=SECONDS,
    )


async def _connected(found: Collection[str], port: int) -> socket.socket:
    """A line to the first address that answers. Raises ``OSError``, whatever kept the others from
    it: whoever chose the port learns no more of it."""
    loop, failure = asyncio.get_running_loop(), OSError("The name leads nowhere.")
    for address in found:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        line.setblocking(False)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.sock_connect(line, (address, port))
        except BaseException as error:
            line.close()
            if not isinstance(error, OSError):
                raise
            failure = error
        else:
            return line
    raise OSError("No address answers.") from failure


async def _addresses(server: Server) -> list[str]:
    if server.allowed is not None:
        return await addresses(server.host, server.port, allowed=server.allowed)
    found = await asyncio.get_running_loop().getaddrinfo(
        server.host, server.port, type=socket.SOCK_STREAM
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _refusal(error: aiosmtplib.SMTPException) -> NotSent:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    match error:
        case aiosmtplib.SMTPAuthenticationError(code=code):
            # Its words may repeat what was sent.
            text = "The mail server refused the user name and password."
            return NotSent(text, fault=MailFault.SIGN_IN_REFUSED, code=code)
        case aiosmtplib.SMTPResponseException(code=code) if code >= 100:
            text = f"The mail server answered {code}: {as_told(error.message)}"
            final = 500 <= code < 600 and _is_of_the_mail(error)
            return NotSent(text, fault=MailFault.REFUSED, code=code, final=final)
        case aiosmtplib.SMTPException() if "STARTTLS extension" in str(error):
            text = "The mail server offers no STARTTLS."
            return NotSent(text, fault=MailFault.NO_ENCRYPTION)
        case aiosmtplib.SMTPException() if "AUTH extension" in str(error):
            text = "The mail server lets nobody sign in."
            return NotSent(text, fault=MailFault.NO_SIGN_IN)
    return NotSent(
        "The mail server ended the connection, or says what no mail server says.",
        fault=MailFault.NO_MAIL_SERVER,
    )


def _is_of_the_mail(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether the recipient, or what the mail says, was refused: the same again would be as well.
    What is refused of us, such as a forgotten user name, can be put right, and the mail wait."""
    refused = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
    # Nobody may relay, say (RFC 3463 section 3.8).
    return isinstance(error, refused) and not error.message.startswith("5.7.")


def as_told(text: str) -> str:
    """What somebody else says, as it is shown and kept."""
    return "".join(each if each.isprintable() else " " for each in text)[:150]
