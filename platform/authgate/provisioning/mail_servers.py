"""A tenant's own mail server: how it is chosen, tried, and given up.

Its password is told to nobody again, and only the server that it was given for gets it: whoever may
change the settings does not read what somebody else has typed by naming a server of theirs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address

from uuid_utils.compat import uuid7

from authgate import audit, languages, mail_addresses, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.mail import MailServers, TooManyMails, refuse_flood, trial, written
from authgate.mail.trial import Tried
from authgate.storage.mail import mail_servers, mails
from authgate.storage.mail.mail_servers import MailServer
from authgate.vocabulary import MailPurpose, MailSecurity
from authgate_tenants import current_tenant, lifecycle

LONGEST_HOST = 253
LONGEST_NAME = 254
LONGEST_PASSWORD = 1024
LONGEST_SENDER = 320
MOST_TRIALS = 10
"""Trials of a tenant in an hour: it is no way to look for open ports."""

_WHILE = timedelta(hours=1)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_HIGHEST_PORT = 65_535
_AUDITED = ("plugin", "host", "port", "security", "username", "sender")


class UnfitMailServer(ValueError):
    """What a tenant's mail server cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class NoMailServer(LookupError):
    """The tenant has none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A server as somebody wants it."""

    host: str = ""
    plugin: str = ""
    """Sends in the place of a server, which has no host then."""
    port: int = 587
    security: MailSecurity = MailSecurity.STARTTLS
    username: str = ""
    password: str | None = field(default=None, repr=False)
    """``None``: the one that is kept."""
    sender: str


async def set_mail_server(
    parts: Installation, wanted: Wanted, *, actor: Actor = SYSTEM
) -> MailServer:
    """Have the current tenant's mail sent by this server. Raises ``UnfitMailServer``."""
    host = "" if wanted.plugin else _host(wanted.host)
    _check(wanted, host, profile=parts.settings.profile)
    if wanted.plugin:
        _check_plugin(wanted, mail_plugins(parts))
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        before = await mail_servers.find()
        kept = before.sealed_password if before and wanted.username else None
        _check_password(wanted, host, before)
        after = MailServer(
            **({"id": before.id} if before else {}),
            plugin=wanted.plugin,
            host=host,
            port=wanted.port,
            security=wanted.security,
            username=wanted.username,
            sealed_password=kept,
            sender=wanted.sender,
            updated_at=parts.clock(),
        )
        changes = _changes(before, after)
        if wanted.password is not None and wanted.username:
            servers = MailServers(parts.settings, parts.encryption)
            after = await servers.sealed(after, wanted.password)
            changes.append({"setting": "password", "is": "changed"})
        if not changes and before is not None:
            return before
        await mail_servers.store(after)
        await _record(Event.MAIL_SERVER_CHANGED, after.name, actor, changes=changes)
    return after


async def remove_mail_server(*, actor: Actor = SYSTEM) -> None:
    """Have mail sent by the installation's server again. Raises ``NoMailServer``."""
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        before = await own_mail_server()
        await mail_servers.remove()
        await _record(Event.MAIL_SERVER_REMOVED, before.name, actor)


async def try_mail_server(
    parts: Installation, recipient: str, *, actor: Actor = SYSTEM
) -> Sequence[Tried]:
    """Hand a test mail to the tenant's own server now, and tell of each step.

    Raises ``NoMailServer``, ``BadAddress`` and ``TooManyMails``.
    """
    address, mail_id, now = mail_addresses.checked(recipient), uuid7(), parts.clock()
    own = await own_mail_server()
    server = await MailServers(parts.settings, parts.encryption).opened(own)
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        await refuse_flood(parts, address, MailPurpose.TEST)
        if await mails.count_trials(since=now - _WHILE) >= MOST_TRIALS:
            raise TooManyMails
        await mails.begin_trial(mail_id, now=now)
    async with storage.set_aside():
        tried = await trial.attempt(
            parts.plugins, server, written("test"), mail_id=mail_id, to=address, at=now
        )
    taken = trial.was_taken(tried)
    async with storage.transaction():
        if taken:
            mailbox = mail_addresses.mailbox(address)
            await mails.trial_taken(mail_id, recipient=address.lower(), mailbox=mailbox)
        await _record(Event.MAIL_SERVER_TRIED, own.name, actor, success=taken, recipient=address)
    return tried


async def own_mail_server() -> MailServer:
    """The tenant's own. Raises ``NoMailServer``."""
    found = await mail_servers.find()
    if found is None:
        raise NoMailServer
    return found


def mail_plugins(parts: Installation) -> list[str]:
    """Plugins that run for the current tenant and send mail."""
    return sorted(parts.plugins.mail.names & set(current_tenant().settings.running_plugins))


def _check_plugin(wanted: Wanted, offered: Sequence[str]) -> None:
    if wanted.plugin not in offered:
        raise UnfitMailServer(
            "plugin", languages.text("No plugin of this name runs here that sends mail.")
        )
    for name in ("host", "username", "password"):
        if getattr(wanted, name):
            raise UnfitMailServer(
                name, languages.text("Nothing: a plugin sends the mail, and no server.")
            )


def _check(wanted: Wanted, host: str, *, profile: str) -> None:
    if not 1 <= wanted.port <= _HIGHEST_PORT:
        raise UnfitMailServer(
            "port", languages.text("A number from 1 to %(most)s.", most=str(_HIGHEST_PORT))
        )
    is_far = host and not _is_here(host)
    if wanted.security is MailSecurity.NONE and profile == "prod" and is_far:
        raise UnfitMailServer(
            "security",
            languages.text("What goes to another machine has to be encrypted: starttls or tls."),
        )
    if len(wanted.sender) > LONGEST_SENDER or not mail_addresses.is_sender(wanted.sender):
        raise UnfitMailServer(
            "sender",
            languages.text(
                "An address, or a name with one behind it: Acme <no-reply@acme.example>."
            ),
        )
    for name, text, most in (
        ("username", wanted.username, LONGEST_NAME),
        ("password", wanted.password or "", LONGEST_PASSWORD),
    ):
        if len(text) > most or not text.isprintable():
            raise UnfitMailServer(
                name, languages.text("At most %(most)s characters that can be printed.", most=most)
            )


def _check_password(wanted: Wanted, host: str, before: MailServer | None) -> None:
    if not wanted.username:
        if wanted.password:
            raise UnfitMailServer("username", languages.text("Say whose password that is."))
        return
    if wanted.password == "":
        raise UnfitMailServer("password", languages.text("Who signs in does so by a password."))
    if wanted.password is not None:
        return
    if before is None or before.sealed_password is None:
        raise UnfitMailServer("password", languages.text("Who signs in does so by a password."))
    is_weaker = wanted.security is MailSecurity.NONE is not before.security
    if (host, wanted.port) != (before.host, before.port) or is_weaker:
        raise UnfitMailServer(
            "password",
            languages.text(
                "The one that is kept was given for %(host)s, port %(port)s, and for the "
                "encryption that it has: type the password again.",
                host=before.host,
                port=str(before.port),
            ),
        )


def _host(text: str) -> str:
    host = text.strip(" ").removesuffix(".").lower()
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    if len(host) > LONGEST_HOST or not _HOST.fullmatch(host):
        raise UnfitMailServer("host", languages.text("The name of a host: smtp.example.com."))
    return host


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _changes(before: MailServer | None, after: MailServer) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in _AUDITED:
        was, now = getattr(before, name, None), getattr(after, name)
        if was != now:
            found.append({"setting": name, "was": was, "is": now})
    if before and before.sealed_password and after.sealed_password is None:
        found.append({"setting": "password", "is": "removed"})
    return found


async def _record(
    event: Event, host: str, actor: Actor, *, success: bool = True, **details: object
) -> None:
    await audit.record(
        event, actor=actor, success=success, resource=("mail_server", host), details=details
    )
