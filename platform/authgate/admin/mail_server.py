"""``/mail-server``: what sends a tenant's mail, instead of the installation's server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated

from pydantic import Field

from authgate import storage
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Changed, Conflict, Fault, Invalid, NotFound
from authgate.mail import TooManyMails
from authgate.mail.trial import was_taken
from authgate.mail_addresses import LONGEST, BadAddress
from authgate.provisioning import mail_servers
from authgate.provisioning.mail_servers import (
    LONGEST_HOST,
    LONGEST_NAME,
    LONGEST_PASSWORD,
    LONGEST_SENDER,
    NoMailServer,
    UnfitMailServer,
    Wanted,
)
from authgate.storage.mail.mail_servers import MailServer
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import MailFault, MailOutcome, MailSecurity, MailStep
from authgate_tenants import current_tenant, lifecycle

_HOST, _SENDER = "smtp.example.com", "Acme <no-reply@acme.example>"

_Host = Annotated[str, Field(max_length=LONGEST_HOST)]
_Plugin = Annotated[str, Field(max_length=40)]
_Port = Annotated[int, Field(ge=1, le=65535)]
_Username = Annotated[str, Field(max_length=LONGEST_NAME)]
_Sender = Annotated[str, Field(min_length=1, max_length=LONGEST_SENDER)]


class MailServerDocument(Document):
    """The tenant's own mail server."""

    model_config = exemplified(
        host=_HOST,
        plugin="",
        port=587,
        security="starttls",
        username="acme",
        has_password=True,
        sender=_SENDER,
        updated_at="2026-03-02T09:12:44Z",
    )

    host: str
    """Empty where a plugin sends."""

    plugin: str
    """The plugin that sends in the place of a server; empty where none does."""

    port: int
    security: MailSecurity
    """`starttls` encrypts the line before anything is said, `tls` from its first byte, `none`
    never."""

    username: str
    """Who signs in to it; nobody where empty."""

    has_password: bool
    """Whether one is kept. It is told to nobody."""

    sender: str
    """Whom mail comes from."""

    updated_at: datetime


class MailServerChange(Document):
    """The server that is to send the tenant's mail."""

    model_config = exemplified(
        host=_HOST,
        port=587,
        security="starttls",
        username="acme",
        password="correct-horse-battery-staple",
        sender=_SENDER,
    )

    host: _Host = ""
    """Its name, or an address. Left out where a plugin sends."""

    plugin: _Plugin = ""
    """A plugin that runs for the tenant and sends mail, in the place of a server."""

    port: _Port = 587
    security: MailSecurity = MailSecurity.STARTTLS
    """`none` is for a server on the installation's own machine, outside of development."""

    username: _Username = ""

    password: Annotated[str | None, Field(max_length=LONGEST_PASSWORD)] = None
    """Left out: the one that is kept, as long as host and port stay and the line is not to be
    encrypted less."""

    sender: _Sender
    """An address, or a name with one in angle brackets behind it."""


class MailServerTest(Document):
    """For whom a test mail is."""

    model_config = exemplified(recipient="mira@acme.example")

    recipient: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class MailServerStep(Document):
    """A step of handing a mail over."""

    step: MailStep
    outcome: MailOutcome
    fault: MailFault | None
    """What went wrong."""

    code: int | None
    """Of the server's answer."""

    said: str = ""
    """What went wrong in words, where a plugin sends."""


class MailServerTrial(Document):
    """What became of a test mail."""

    model_config = exemplified(
        taken=False,
        steps=[
            {"step": "resolve", "outcome": "passed", "fault": None, "code": None},
            {"step": "connect", "outcome": "passed", "fault": None, "code": None},
            {"step": "encrypt", "outcome": "passed", "fault": None, "code": None},
            {"step": "sign_in", "outcome": "failed", "fault": "sign_in_refused", "code": 535},
            {"step": "hand_over", "outcome": "not_reached", "fault": None, "code": None},
        ],
    )

    taken: bool
    """Whether the server has it."""

    steps: Sequence[MailServerStep]


async def read_mail_server(call: Call[Nothing, Nothing]) -> Answer[MailServerDocument]:
    """Read the tenant's own mail server, without its password."""
    del call
    return Answer(await _now())


async def change_mail_server(call: Call[Nothing, MailServerChange]) -> Answer[MailServerDocument]:
    """Have the tenant's mail sent by a server of its own, or by a plugin.

    The body is all of it, except for the password that is kept. Mail that waits is sent by it as
    well. A guest of the installation chooses none: they would read mail when they are gone. With
    `If-None-Match: *` only where the tenant has none of its own yet.
    """
    call.caller.refuse_guest()
    said = call.body
    wanted = Wanted(
        host=said.host,
        plugin=said.plugin,
        port=said.port,
        security=said.security,
        username=said.username,
        password=said.password,
        sender=said.sender,
    )
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        call.refuse_if_changed(await _there(), required=False)
        with _refused():
            made = await mail_servers.set_mail_server(call.parts, wanted, actor=call.caller.actor)
    return Answer(_document(made))


async def delete_mail_server(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Have the tenant's mail sent by the installation's server again, and forget its own."""
    call.caller.refuse_guest()
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        call.refuse_if_changed(await _now(), required=False)
        with _refused():
            await mail_servers.remove_mail_server(actor=call.caller.actor)
    return Answer(None)


async def try_mail_server(call: Call[Nothing, MailServerTest]) -> Answer[MailServerTrial]:
    """Send a test mail by the tenant's own server now, and tell of each step.

    It takes up to twenty seconds. There are ten an hour for a tenant, and three mails an hour for
    an address.
    """
    with _refused():
        tried = await mail_servers.try_mail_server(
            call.parts, call.body.recipient, actor=call.caller.actor
        )
    steps = [
        MailServerStep(
            step=each.step, outcome=each.outcome, fault=each.fault, code=each.code, said=each.said
        )
        for each in tried
    ]
    return Answer(MailServerTrial(taken=was_taken(tried), steps=steps))


async def _now() -> MailServerDocument:
    with _refused():
        return _document(await mail_servers.own_mail_server())


async def _there() -> MailServerDocument | None:
    try:
        return await _now()
    except NotFound:
        return None


def _document(server: MailServer) -> MailServerDocument:
    return MailServerDocument(
        host=server.host,
        plugin=server.plugin,
        port=server.port,
        security=server.security,
        username=server.username,
        has_password=server.sealed_password is not None,
        sender=server.sender,
        updated_at=server.updated_at,
    )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except NoMailServer as error:
        raise NotFound("The tenant has no mail server of its own.") from error
    except UnfitMailServer as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/{error.field}")]) from error
    except BadAddress as error:
        raise Invalid(faults=[Fault(str(error), pointer="/recipient")]) from error
    except TooManyMails as error:
        raise Conflict("Too many mails within an hour: wait.") from error


_READ, _WRITE = Scope.SETTINGS_READ, Scope.SETTINGS_WRITE
_HERE = "/mail-server"

OPERATIONS = [
    operation(HTTPMethod.GET, _HERE, read_mail_server, scope=_READ, problems=[NotFound]),
    operation(HTTPMethod.POST, _HERE, change_mail_server, scope=_WRITE, problems=[Changed]),
    operation(
        HTTPMethod.DELETE,
        _HERE,
        delete_mail_server,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[NotFound],
    ),
    operation(
        HTTPMethod.POST,
        f"{_HERE}/test",
        try_mail_server,
        scope=_WRITE,
        problems=[NotFound, Conflict],
    ),
]
